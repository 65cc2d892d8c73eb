"""Reading ahead: what a session reads, and by which question."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Performer, Tag

from stash.store import preloading
from stash.store.lookups import anchored

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def _galleries(server: Server, store: StashStore, count: int) -> list[str]:
    for number in range(count):
        store.add(Gallery(title=f"{server.prefix} {number}", code=f"{server.prefix}{number}"))
    await store.flush()
    made = sorted(int(one.id) for one in store.all_cached(Gallery) if str(one.code).startswith(server.prefix))
    assert len(made) == count
    return [str(one) for one in made]


async def test_close_ids_are_asked_for_as_a_range(server: Server) -> None:
    """Ids that lie close together cost one request without a list; what lies between is not taken; gone ones are known."""
    async with server.store() as store:
        ids = await _galleries(server, store, 40)
        gone, foreign, wanted = ids[7], ids[11], [one for one in ids if one != ids[11]]
        destroy = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
        assert not (await store.connection.mutate(destroy, {"ids": [gone]}, fields=1)).errors
    async with server.store() as store, store.session():
        await store.preload_ids({Gallery: wanted})
        before = store.requests.total
        found = [await store.get(Gallery, one) for one in wanted]
        assert [one and one.id for one in found] == [None if one == gone else one for one in wanted]
        assert store.requests.total == before
        assert foreign not in {one.id for one in store.all_cached(Gallery)}
        assert before == 2  # the connection's own, and this one


async def test_of_a_type_that_stash_has_none_of_nothing_is_asked(embedded: Server) -> None:
    """Whether there is any gallery is one small question; only where there is one they are looked for by code and by URL."""
    wanted = {"code__in": ["1", "2"], "url__in": ["https://example.com/1"]}
    async with embedded.store() as store, store.session():
        before = store.requests.total
        await store.preload_any(Gallery, **wanted)
        assert (
            await store.find(Gallery, code="1")
            == await store.find(Gallery, url="https://example.com/1")
            == []
        )
        assert store.requests.total - before == 1
    async with embedded.store() as store:
        await _galleries(embedded, store, 1)
    async with embedded.store() as store, store.session():
        before = store.requests.total
        await store.preload_any(Gallery, **wanted, title__in=[f"{embedded.prefix} 0"])
        assert len(await store.find(Gallery, title=f"{embedded.prefix} 0")) == 1
        assert store.requests.total - before == 4


async def test_a_settled_part_that_lacks_one_is_told(server: Server) -> None:
    """Raw rows of ids are all of them or none, whether they are asked for as a range or one by one."""
    async with server.store() as store:
        ids = await _galleries(server, store, 40)
        for some in (ids, ids[:3], [ids[0], ids[-1]]):
            rows = await store.rows_of_ids({Gallery: some})
            assert rows is not None
            assert sorted(row["id"] for row in rows["Gallery"]) == sorted(some)
        destroy = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
        assert not (await store.connection.mutate(destroy, {"ids": [ids[2]]}, fields=1)).errors
        for some in (ids, ids[:3]):
            assert await store.rows_of_ids({Gallery: some}) is None


async def test_what_is_not_linked_is_read_without_its_lists(server: Server) -> None:
    """New images cost one request that asks for no list; one that is linked in any way has all its links all the same."""
    async with server.store() as store:
        images = await server.images(store, 30)
        ids = [image.id for image in images]
    async with server.store() as store, store.session():
        await store.preload_new({Image: ids})
        assert store.requests.total == 2  # the connection's own, and this one
        assert all(image.tags == image.urls == image.performers == image.galleries == [] for image in images)
    async with server.store() as store:
        tag, performer = Tag(name=f"{server.prefix} t"), Performer(name=f"{server.prefix} p")
        linked = await store.get_many(Image, ids[:4])
        await linked[0].add_tag(tag)
        await linked[1].add_performer(performer)
        linked[2].urls = ["https://example.org/1"]
        await linked[3].add_to_gallery(Gallery(title=f"{server.prefix} g", code=server.prefix))
        linked[3].title = "mine"
        await store.flush()
    async with server.store() as store, store.session():
        await store.preload_new({Image: ids})
        before = store.requests.total
        found = [await store.get(Image, one) for one in ids]
        assert store.requests.total == before == 3
        assert [len(one.tags) for one in found] == [1, *[0] * 29]
        assert [len(one.performers) for one in found] == [0, 1, *[0] * 28]
        assert [one.urls for one in found] == [[], [], ["https://example.org/1"], *[[]] * 27]
        assert [len(one.galleries) for one in found] == [0, 0, 0, 1, *[0] * 26]
        assert found[3].title == "mine"


class Gathering(httpx.AsyncBaseTransport):
    """Answers questions for images once three are under way, or after a while."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._all_there = asyncio.Event()
        self._under_way = 0
        self.was_in_vain = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        if b"findImages" in request.content:
            self._under_way += 1
            if self._under_way == 3:
                self._all_there.set()
            try:
                await asyncio.wait_for(self._all_there.wait(), 5)
            except TimeoutError:
                self.was_in_vain = True
            self._under_way -= 1
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("by", ["preload_new", "preload_ids"])
async def test_pages_are_asked_for_at_once(
    embedded: Server, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """The pages of many ids do not wait for one another, however they are asked for."""
    monkeypatch.setattr(preloading, "ID_PAGE", 10)
    async with embedded.store() as store:
        ids = [image.id for image in await embedded.images(store, 30)]
    assert embedded.transport is not None
    gathering = embedded.transport = Gathering(embedded.transport)
    async with embedded.store() as store, store.session():
        await getattr(store, by)({Image: ids})
    assert not gathering.was_in_vain


@given(
    st.lists(st.text("ab/.|\\_%()[", max_size=6), min_size=1, max_size=6), st.text("ab/.|\\_%()[", max_size=6)
)
def test_an_anchored_pattern_matches_its_values_alone(values: list[str], other: str) -> None:
    """However much the values have in common, each matches, and nothing else does."""
    pattern = re.compile(anchored(values))
    assert all(pattern.fullmatch(value) for value in values)
    assert bool(pattern.fullmatch(other)) == (other in values)
