"""One id is one object: reads, creation, and races."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Performer, Scene, Studio, Tag

from stash.errors import LookupRefusedError, RejectedError
from tests.store.values import _fresh

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_one_id_is_one_object(store: StashStore, name: str) -> None:
    """The same id is the same object however it is come by, and a known one costs no request."""
    made = await store.create(Performer, name=name, urls=[f"https://x/{name}"])
    got = await store.get(Performer, made.id)
    before = store.requests.total
    assert await store.get(Performer, int(made.id)) is made is got
    assert store.requests.total == before
    assert await store.find_one(Performer, name=name) is made


async def test_a_second_creation_answers_the_first_object(store: StashStore, name: str) -> None:
    """An entity that is created twice is one object, whose edits are written."""
    first = await store.create(Performer, name=name)
    second = await store.create(Performer, name=name, details="of the second")
    assert second is first is await store.get(Performer, first.id)
    assert first.details == "of the second"
    first.details = "of the first"
    await store.flush()
    async with _fresh(store):
        assert (await store.get(Performer, first.id)).details == "of the first"


async def test_nobody_is_handed_a_stub(store: StashStore, server: Server) -> None:
    """An entity that is reached through a relation is complete too."""
    (scene,) = await server.scenes(store, 1)
    performer = await store.create(Performer, name=server.prefix)
    await scene.add_performer(performer)
    await store.flush()
    performer_id, scene_id = performer.id, scene.id
    async with _fresh(store):
        seen = await store.get(Scene, scene_id)
        assert seen.performers[0].name == server.prefix
        assert (await store.get(Performer, performer_id)).name == server.prefix


async def test_none_means_that_stash_has_none(store: StashStore) -> None:
    """An unknown id answers None; an id that is none raises."""
    assert await store.get(Tag, "99999999") is None
    with pytest.raises(RejectedError):
        await store.get(Tag, "abc")


async def test_many_ids_cost_one_request(store: StashStore, name: str) -> None:
    """get_many keeps the order, names unknown ids, and costs a request a page (two where one is unknown)."""
    tags = await asyncio.gather(*(store.create(Tag, name=f"{name}{i}") for i in range(5)))
    ids = [tag.id for tag in reversed(tags)]
    async with _fresh(store):
        before = store.requests.total
        assert [tag.id for tag in await store.get_many(Tag, ids)] == ids
        assert store.requests.total - before == 1
        found = await store.get_many(Tag, [*ids, "99999999"])
        assert found.missing == ("99999999",)


async def test_create_answers_what_exists_already(store: StashStore, name: str) -> None:
    """A create that meets an existing name answers that entity, and makes no second one."""
    first = await store.create(Tag, name=name)
    second = await store.create(Tag, name=name.upper())
    assert second.id == first.id
    assert len(await store.find(Tag, name__iexact=name)) == 1


async def test_get_or_create_searches_by_the_natural_key_alone(store: StashStore, name: str) -> None:
    """The other arguments are for creation: an entity that differs in them is found, and left as it is."""
    made = await store.get_or_create(Performer, name=name, urls=[f"https://x/{name}"], details="one")
    again = await store.get_or_create(Performer, name=name, urls=["https://x/other"], details="two")
    assert again is made
    assert not made.is_new()
    assert (again.details, again.urls) == ("one", [f"https://x/{name}"])


async def test_get_or_create_finds_tags_by_alias(store: StashStore, name: str) -> None:
    """A tag is found by any of its names, ignoring case, and never by a part of one."""
    tag = await store.create(Tag, name=name, aliases=[f"{name} Act"])
    assert await store.get_or_create(Tag, name=f"{name} ACT") is tag
    assert await store.get_or_create(Tag, name=f"{name} Ac") is not tag


async def test_concurrent_callers_share_one_object(store: StashStore, name: str) -> None:
    """Five callers at once get one object, and one create is sent."""
    before = store.requests.mutations
    five = await asyncio.gather(*(store.get_or_create(Studio, name=name) for _ in range(5)))
    assert len({id(studio) for studio in five}) == 1
    assert store.requests.mutations - before == 1


@pytest.mark.parametrize("count", [20, 1000])
async def test_any_number_of_hashtags_costs_three_requests(store: StashStore, name: str, count: int) -> None:
    """20 or 1,000 names in one go need at most 3 requests, and known ones need none but the question."""
    before = store.requests.total
    tags = await asyncio.gather(*(store.get_or_create(Tag, name=f"{name}{i}") for i in range(count)))
    assert store.requests.total - before <= 3
    assert [tag.name for tag in tags] == [f"{name}{i}" for i in range(count)]
    assert not any(tag.is_new() for tag in tags)


async def test_a_race_with_another_process_ends_in_one_entity(store: StashStore, name: str) -> None:
    """A name that somebody else took between our question and our create is found, and used."""
    async with store.session():
        await store.preload(Tag)
        mine = await store.get_or_create(Tag, name=name)
        document = "mutation($input: TagCreateInput!) { tagCreate(input: $input) { id } }"
        reply = await store.connection.mutate(document, {"input": {"name": name.upper()}}, fields=1)
        flushed = await store.flush()
    assert not flushed.failed
    assert mine.id == reply.data["tagCreate"]["id"]


async def test_creation_fields_are_checked(store: StashStore, name: str) -> None:
    """A field that the type has not is refused before anything is sent, and so is a missing key."""
    for fields in ({"name": name, "colour": "red"}, {"description": "x"}):
        with pytest.raises(LookupRefusedError):
            await store.get_or_create(Tag, **fields)


async def test_the_guides_studio_example_works(store: StashStore, name: str) -> None:
    """A studio is created with its parent given as an object; performers, which Stash has no place for, do no harm."""
    parent = await store.get_or_create(Studio, name=f"{name} network")
    studio = await store.create(Studio, name=name, parent_studio=parent, urls=["https://x"], performers=[])
    async with _fresh(store):
        assert (await store.get(Studio, studio.id)).parent_studio.name == f"{name} network"
