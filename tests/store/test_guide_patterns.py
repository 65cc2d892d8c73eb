"""Invalidation, one store a process, and the pattern of the guide."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Performer, Scene, Studio, Tag

from stash.errors import RetriableError, UsageError
from stash.store import connect
from tests.store.values import _fresh

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_invalidate_keeps_identity(store: StashStore, name: str) -> None:
    """After invalidate, awaited or not, get reads afresh into the same object."""
    tag = await store.get(Tag, (await store.create(Tag, name=name)).id)
    document = "mutation($input: TagUpdateInput!) { tagUpdate(input: $input) { id } }"
    await store.connection.mutate(document, {"input": {"id": tag.id, "description": "new"}}, fields=1)
    assert (await store.get(Tag, tag.id)).description == ""
    await store.invalidate(Tag, tag.id)
    assert not store.is_cached(Tag, tag.id)
    assert (await store.get(Tag, tag.id)) is tag
    assert tag.description == "new"
    store.invalidate(tag)
    store.invalidate_type(Tag)
    await store.invalidate_all()
    assert (await store.get(Tag, tag.id)) is tag


async def test_one_store_a_process(embedded: Server) -> None:
    """A second live store is refused; after the first is closed the next one opens."""
    async with embedded.store():
        with pytest.raises(UsageError, match="open in this process"):
            async with connect(embedded.url, transport=embedded.transport):
                pass
    async with embedded.store() as store:
        assert store.requests.reads == 1


async def test_the_optimal_pattern_of_the_guide(store: StashStore, server: Server) -> None:
    """The guide's own example costs at most 8 requests for its first item, and 2 for every further one."""
    scenes = await server.scenes(store, 3)
    network = await store.get_or_create(Studio, name=f"{server.prefix} network")

    async def process(scene_id: str) -> None:
        performer = await store.get_or_create(
            Performer, name=server.prefix, urls=[f"https://fansly.com/{server.prefix}"], details=""
        )
        studio = await store.get_or_create(Studio, name=f"{server.prefix} (Fansly)", parent_studio=network)
        tags = await asyncio.gather(
            *(store.get_or_create(Tag, name=f"{server.prefix}{i}") for i in range(20))
        )
        scene = await store.get(Scene, scene_id)
        await scene.add_performer(performer)
        await scene.set_studio(studio)
        for tag in tags:
            await scene.add_tag(tag)
        scene.title, scene.details, scene.date = "A title", "Some text", "2024-05-01"
        await scene.save(store.connection)

    costs = []
    async with _fresh(store):
        for scene in scenes:
            before = store.requests.total
            await process(scene.id)
            costs.append(store.requests.total - before)
    assert costs[0] <= 8
    assert max(costs[1:]) <= 2


async def test_nothing_listens_there() -> None:
    """An address where nothing answers is said to be so, within the budget."""
    with pytest.raises(RetriableError, match="does not answer"):
        async with connect("http://127.0.0.1:9", connect_patience=0.1):
            pass
