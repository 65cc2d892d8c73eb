"""The mocked Stash of the fixtures: what it answers by itself, and what a test cans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import respx
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from stash.errors import RejectedError
from stash.testing import (
    GalleryFactory,
    ImageFactory,
    PerformerFactory,
    Refusal,
    SceneFactory,
    StudioFactory,
    TagFactory,
)

if TYPE_CHECKING:
    from stash.processing import StashProcessing
    from stash.store import StashStore
    from stash.testing import StashReplies
    from stash.transport.client import Connection


async def test_the_fixtures_are_one(
    respx_stash_processor: StashProcessing, stash_store: StashStore, stash_client: Connection
) -> None:
    """Store and client are those of the processor's context."""
    assert stash_store is respx_stash_processor.context.store
    assert stash_client is respx_stash_processor.context.client


@pytest.mark.parametrize("kind", [Performer, Studio, Tag, Scene, Image, Gallery])
async def test_every_id_exists(stash_store: StashStore, kind: type) -> None:
    """Each type of entity is found by any id, and by no value."""
    assert (await stash_store.get(kind, "42")).id == "42"
    key = "name" if "name" in kind.model_fields else "code"
    assert await stash_store.find(kind, **{f"{key}__exact": "x"}) == []


@pytest.mark.parametrize("kind", [Performer, Studio, Tag])
async def test_a_creation_echoes_its_input(
    stash_store: StashStore, stash_replies: StashReplies, kind: type
) -> None:
    """New entities get ids of their own and keep what was sent."""
    first, second = [await stash_store.create(kind, name=name) for name in ("red", "blue")]
    assert (first.name, second.name) == ("red", "blue")
    assert len({first.id, second.id}) == 2
    assert not first.is_new()
    created = [(call.name, call.arguments["input"]["name"]) for call in stash_replies.mutations]
    assert created == [(f"{kind.__type_name__.lower()}Create", name) for name in ("red", "blue")]


async def test_every_other_mutation_succeeds(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """An update of many, a link and a cover are taken, and recorded with their arguments."""
    images = await stash_store.get_many(Image, [str(number) for number in range(1, 4)])
    gallery = await stash_store.get(Gallery, "9")
    for image in images:
        image.organized = True
        image.galleries = [gallery]
    gallery.cover = images[0]
    result = await stash_store.save_batch([*images, gallery])
    assert result.all_succeeded
    assert {call.name for call in stash_replies.mutations} == {
        "imagesUpdate",
        "addGalleryImages",
        "setGalleryCover",
    }
    [link] = stash_replies.named("addGalleryImages")
    assert link.arguments == {"input": {"gallery_id": "9", "image_ids": ["1", "2", "3"]}}


@pytest.mark.parametrize(
    ("plural", "factory"),
    [
        ("performers", PerformerFactory),
        ("studios", StudioFactory),
        ("tags", TagFactory),
        ("scenes", SceneFactory),
        ("images", ImageFactory),
        ("galleries", GalleryFactory),
    ],
)
async def test_an_entity_is_a_row(
    stash_store: StashStore, stash_replies: StashReplies, plural: str, factory: type
) -> None:
    """An entity of a factory may be canned as it is."""
    made = factory.build(id="5")
    assert not made.is_new()
    stash_replies.set(**{f"find{plural.capitalize()}": {plural: [made]}})
    [found] = await stash_store.find(type(made))
    name = "name" if "name" in type(made).model_fields else "title"
    assert (found.id, getattr(found, name)) == ("5", getattr(made, name))


async def test_a_function_of_the_arguments(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """A function makes the reply from the arguments of the root field."""
    stash_replies.set(tagCreate=lambda arguments: {"id": str(len(arguments["input"]["name"]))})
    assert [(await stash_store.create(Tag, name=name)).id for name in ("red", "blue")] == ["3", "4"]


async def test_a_list_lasts_over_requests(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """Each request takes the next of a list, and one too many fails the test."""
    stash_replies.set(tagCreate=[{"id": "7"}, {"id": "8"}])
    assert [(await stash_store.create(Tag, name=name)).id for name in ("red", "blue")] == ["7", "8"]
    with pytest.raises(AssertionError, match="All 2 canned replies of tagCreate are given out"):
        await stash_store.create(Tag, name="green")


async def test_a_reply_that_is_a_list(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """A root field that returns a list is given the whole list, each time."""
    stash_replies.set(imagesUpdate=[{"id": "1"}, {"id": "2"}])
    images = await stash_store.get_many(Image, ["1", "2"])
    for title in ("One", "Two"):
        for image in images:
            image.title = title
        assert (await stash_store.save_batch(images)).all_succeeded
    assert len(stash_replies.named("imagesUpdate")) == 2


async def test_a_refusal(stash_store: StashStore, stash_replies: StashReplies) -> None:
    """A refusal is the error that Stash answers."""
    stash_replies.set(tagCreate=Refusal("the name is taken"))
    with pytest.raises(RejectedError, match="the name is taken"):
        await stash_store.create(Tag, name="red")


async def test_an_unknown_root_field_is_refused(stash_replies: StashReplies) -> None:
    """A misspelt root field fails where it is written."""
    with pytest.raises(AssertionError, match="no root field findTagz"):
        stash_replies.set(findTagz={"tags": []})


async def test_an_input_that_stash_lacks_is_refused(stash_client: Connection) -> None:
    """A mutation with a field that the schema lacks fails the test, as Stash would refuse it."""
    text = "mutation($input: TagCreateInput!) { tagCreate(input: $input) { id } }"
    with pytest.raises(AssertionError, match="does not fit Stash's schema"):
        await stash_client.mutate(text, {"input": {"name": "red", "colour": "red"}}, fields=1)


@respx.mock
async def test_the_decorator_of_respx_may_stand_too(stash_store: StashStore) -> None:
    """A test that is decorated with `respx.mock` mocks the same route."""
    tags = {"data": {"findTags": {"tags": [{"id": "7", "name": "red"}]}}}
    respx.post("http://localhost:9999/graphql").mock(return_value=httpx.Response(200, json=tags))
    assert [tag.id for tag in await stash_store.find(Tag, name="red")] == ["7"]


async def test_one_id_for_two_creations_is_one_object(
    stash_store: StashStore, stash_replies: StashReplies
) -> None:
    """Two creations that get the same canned id are one object, of the values of the second."""
    stash_replies.set(performerCreate=lambda arguments: {"id": "7", **arguments["input"]})
    first = await stash_store.create(Performer, name="Anna", details="first")
    second = await stash_store.create(Performer, name="Anna", details="second")
    assert second is first
    assert first.details == "second"
    assert await stash_store.get(Performer, "7") is first
