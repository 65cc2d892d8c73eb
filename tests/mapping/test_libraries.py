"""Libraries that earlier programs made: adopted and completed, never doubled, nothing taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from tests.mapping.predecessors import FIRST_TEXT, LATER_TEXT, downloaded, left_behind
from tests.metadata.factories import moment

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.mapping.conftest import Case
    from tests.mapping.predecessors import Era

ERAS: list[Era] = ["before", "during", "after"]
_LINKS = ("performers", "tags", "galleries", "scenes", "urls", "alias_list", "aliases")


async def links(store: StashStore) -> dict[tuple[str, str], dict[str, set[str]]]:
    """Every link and url of every entity, by type and id."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for cls in (Image, Scene, Gallery, Performer, Studio, Tag):
        for entity in await store.find(cls):
            values: dict[str, Any] = {name: entity.__dict__.get(name) for name in _LINKS}
            found[cls.__type_name__, entity.id] = {
                name: {getattr(one, "id", one) for one in value}
                for name, value in values.items()
                if isinstance(value, list)
            }
    return found


@pytest.mark.parametrize("era", ERAS)
async def test_a_predecessors_library_is_completed(everywhere: Case, era: Era) -> None:
    """Nothing is doubled, no link is taken away, every missing part is added, and the second run is silent."""
    case = everywhere
    source = await downloaded(case)
    await left_behind(case, source, era)
    async with case.stash() as store:
        before = await links(store)
    report = await case.settled()
    assert report.kept == []
    created = {name: counts.created for name, counts in report.entities.items()}
    assert created == {**dict.fromkeys(created, 0), "chapters": 1}
    async with case.stash() as store:
        after = await links(store)
        assert after.keys() == before.keys()
        lost = {
            key: {name: gone for name, those in fields.items() if (gone := those - after[key][name])}
            for key, fields in before.items()
        }
        assert not any(lost.values())
        await check(store, source, era)


async def check(store: StashStore, source: Any, era: Era) -> None:
    """What the rules say of each entity, whoever made it first."""
    posts, media, word = source.posts, source.media, source.word
    here = {"path__contains": f"/{word}_downloads/"}
    codes = {i.code: i for cls in (Image, Scene) for i in await store.find(cls, **here)}
    files = ("shared", "parent", "preview", "told", "opening")
    assert codes.keys() == {str(media[name].id) for name in files}
    shared, scene = codes[str(media["shared"].id)], codes[str(media["parent"].id)]
    people = {source.anna.displayName, source.bea.displayName}
    for entity in (shared, scene, codes[str(media["opening"].id)]):
        assert (entity.title, entity.details) == (FIRST_TEXT.split("\n")[0], FIRST_TEXT)
        assert str(entity.date) == "2025-01-01"
        assert {one.name for one in entity.performers} == people
        assert {one.name for one in entity.tags} == {f"{word}red", f"{word}blue"}
    assert [one.name for one in codes[str(media["preview"].id)].tags] == ["Trailer"]
    assert codes[str(media["told"].id)].title == f"{source.anna.username} - 2025/01/05"
    names = {"first", "preview", "later", "told", "carrying"} | ({"lost"} if era != "after" else set())
    wanted = [str(post.id) for post in posts.values()]
    galleries = {one.code: one for one in await store.find(Gallery, code__in=wanted)}
    assert galleries.keys() == {str(posts[name].id) for name in names}
    first = galleries[str(posts["first"].id)]
    assert {one.name for one in first.performers} == people
    assert [one.id for one in first.scenes] == [scene.id]
    assert first.cover.id == codes[str(media["opening"].id)].id
    chapters = galleries[str(posts["carrying"].id)].chapters
    assert [(one.title, one.image_index) for one in chapters] == [(LATER_TEXT, 1)]
    holding = {str(posts[n].id) for n in ("first", "later", "carrying")}
    assert {one.code for one in shared.galleries} == holding


async def one_picture(case: Case, **post: Any) -> tuple[Any, Any, Any]:
    """A creator with one post with one picture, scanned; answers the three rows."""
    anna = case.rows.account(username="anna", displayName="Anna")
    media = case.picture(anna)
    row = case.post(anna, media, **post)
    await case.save()
    await case.scan()
    return anna, media, row


async def the_picture(case: Case) -> Image:
    """The one image, as it stands."""
    async with case.stash() as store:
        (image,) = await store.find(Image)
        return image


async def test_an_empty_gallery_is_adopted(case: Case) -> None:
    """A gallery without files that has the item's code is the item's; its files are linked."""
    _, _, post = await one_picture(case)
    async with case.stash() as store:
        gallery = await store.create(Gallery, title="anna - 2025/01/01", code=str(post.id))
    await case.settled()
    assert case.inputs("galleryCreate") == []
    assert [one.id for one in (await the_picture(case)).galleries] == [gallery.id]


@pytest.mark.parametrize("code", ["", "A code of mine"])
async def test_a_gallery_is_adopted_by_its_url(case: Case, code: str) -> None:
    """A gallery without the item's code that lists its url is the item's; a code of the user's stays."""
    _, _, post = await one_picture(case)
    async with case.stash() as store:
        url = f"https://fansly.com/post/{post.id}"
        await store.create(Gallery, title="Mine", code=code, urls=["https://example.com", url])
    await case.settled()
    assert case.inputs("galleryCreate") == []
    async with case.stash() as store:
        (gallery,) = await store.find(Gallery)
        assert gallery.code == (code or str(post.id))


async def test_a_gallery_of_another_item_is_not_taken_by_its_url(case: Case) -> None:
    """A gallery with another item's code is that item's, whatever urls it lists."""
    _, _, post = await one_picture(case)
    async with case.stash() as store:
        url = f"https://fansly.com/post/{post.id}"
        await store.create(Gallery, title="Another", code="712345678901234567", urls=[url])
    await case.settled()
    assert [one["code"] for one in case.inputs("galleryCreate")] == [str(post.id)]


async def test_a_gallery_is_never_taken_by_its_title(case: Case) -> None:
    """Title, day and studio alone make no gallery ours."""
    await one_picture(case)
    async with case.stash() as store:
        await store.create(Gallery, title="anna - 2025/01/01", date="2025-01-01")
    await case.settled()
    assert len(case.inputs("galleryCreate")) == 1


async def test_a_single_url_is_not_doubled(case: Case) -> None:
    """What an earlier program wrote into the single `url` is the one url."""
    _, _, post = await one_picture(case)
    image = await the_picture(case)
    document = "mutation($id: ID!, $url: String!) { imageUpdate(input: {id: $id, url: $url}) { id } }"
    async with case.stash() as store:
        variables = {"id": image.id, "url": f"https://fansly.com/post/{post.id}"}
        reply = await store.connection.mutate(document, variables, fields=1)
        assert not reply.errors
    await case.settled()
    assert (await the_picture(case)).urls == [f"https://fansly.com/post/{post.id}"]


@pytest.mark.parametrize("era_title", ["Media from 2024-01-02", "anna - Media from 2024/01/02"])
async def test_a_placeholder_title_is_rewritten(case: Case, era_title: str) -> None:
    """A `Media from …` title is nobody's."""
    await one_picture(case, content="A text with enough words")
    async with case.stash() as store:
        (image,) = await store.find(Image)
        image.title = era_title
        await store.flush()
    report = await case.settled()
    assert (await the_picture(case)).title == "A text with enough words"
    assert report.kept == []


async def test_values_of_any_item_that_holds_the_file_are_rewritten(case: Case) -> None:
    """An earlier program may have taken the values from a later post, under an earlier username: the owner's are written."""
    anna = case.rows.account(username="anna", displayName="Anna")
    media = case.picture(anna)
    case.post(anna, media, content="The first text of all of them", createdAt=moment(0))
    inner = case.post(anna, media, content="", createdAt=moment(24))
    case.rows.post(anna, inner, content="It carries the other", createdAt=moment(48))
    await case.save()
    await case.scan()
    async with case.stash() as store:
        await store.create(Performer, name="Anna", alias_list=["old_name"], urls=["https://fansly.com/anna"])
        (image,) = await store.find(Image)
        image.title, image.details, image.date = "old_name - 2025/01/02", "It carries the other", "2025-01-03"
        await store.flush()
    report = await case.settled()
    assert report.kept == []
    image = await the_picture(case)
    assert (image.title, image.details) == ("The first text of all of them",) * 2
    assert str(image.date) == "2025-01-01"


async def test_a_gallery_titled_under_an_earlier_username(case: Case) -> None:
    """A gallery's title that an earlier program made of an earlier username is rewritten; any other is kept, and named."""
    _, _, post = await one_picture(case, content="")
    async with case.stash() as store:
        await store.create(Performer, name="Anna", alias_list=["old_name"], urls=["https://fansly.com/anna"])
        await store.create(Gallery, title="old_name - 2025/01/01", code=str(post.id))
    report = await case.settled()
    assert report.kept == []
    async with case.stash() as store:
        (gallery,) = await store.find(Gallery)
        assert gallery.title == "anna - 2025/01/01"


async def test_values_of_unknown_origin_are_kept_and_named(case: Case) -> None:
    """What no earlier program could have written is the user's: kept, and named with its field."""
    await one_picture(case, content="A text with enough words")
    async with case.stash() as store:
        (image,) = await store.find(Image)
        image.title, image.details = "My title", "My words"
        await store.flush()
    report = await case.settled()
    assert {(one.type, one.field) for one in report.kept} == {("Image", "title"), ("Image", "details")}
    image = await the_picture(case)
    assert (image.title, image.details) == ("My title", "My words")


@pytest.mark.parametrize(
    "performer",
    [
        {"name": "Anna"},
        {"name": "anna"},
        {"name": "Somebody", "alias_list": ["Anna", "ANNA "]},
        {"name": "Somebody", "urls": ["https://fansly.com/anna"]},
        {"name": "Somebody", "urls": ["https://fansly.com/Anna/"]},
        {"name": "Somebody", "urls": ["https://example.com", "https://fansly.com/anna/posts"]},
    ],
    ids=["display name", "username", "alias", "url", "url with a slash", "url of the posts"],
)
async def test_a_performer_is_adopted(case: Case, performer: dict[str, Any]) -> None:
    """By display name, username, alias or url: completed with alias and url, and not renamed."""
    if performer.get("alias_list"):
        performer = performer | {"alias_list": ["ANNA"]}
    await one_picture(case)
    async with case.stash() as store:
        await store.create(Performer, **performer)
    await case.settled()
    assert case.inputs("performerCreate") == []
    async with case.stash() as store:
        (found,) = await store.find(Performer)
        assert found.name == performer["name"]
        assert "anna" in {found.name.lower(), *(alias.lower() for alias in found.alias_list)}
        assert found.urls == performer.get("urls", ["https://fansly.com/anna"])
