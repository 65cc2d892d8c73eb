"""Requests over HTTP: retries, lost writes, and parallel requests."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Tag

from stash.errors import (
    AccessRefusedError,
    RetriableError,
    UnansweredWriteError,
)
from stash.store import connect, sender
from stash.transport.graphql import GraphQLTransport, TransportConfig
from tests.unit.answering import HELLO, URL, answers

if TYPE_CHECKING:
    import respx


async def test_respx_alone_is_enough(stash: respx.MockRouter) -> None:
    """Connecting is one POST and no WebSocket; the key goes in its header."""
    route = answers(stash, {"data": {"findTags": {"count": 0, "tags": []}}})
    async with connect(URL, "secret") as store:
        assert store.requests.reads == 1
        assert store.identity == (URL, "/db")
        assert (await store.connection.find_tags()).count == 0
    assert [call.request.headers["apikey"] for call in route.calls] == ["secret", "secret"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, text="<html>"),
        {"data": {"f0": None}, "errors": [{"message": "f0 beginning transaction: database is locked"}]},
    ],
)
async def test_a_read_is_retried(stash: respx.MockRouter, failure: object) -> None:
    """A read that fails in passing is asked again, and each attempt is counted."""
    answers(stash, failure, {"data": {"f0": {"count": 0, "tags": []}}})
    async with connect(URL) as store:
        assert await store.find(Tag) == []
        assert store.requests.reads == 3


async def test_a_lone_surrogate_in_a_reply_is_read(stash: respx.MockRouter) -> None:
    """A reply that is JSON for Python is one, though a stricter parser refuses half a character."""
    row = '{"id": "7", "name": "half \\ud83d", "aliases": []}'
    reply = f'{{"data": {{"f0": {{"count": 1, "tags": [{row}]}}}}}}'
    answers(stash, httpx.Response(200, text=reply))
    async with connect(URL) as store:
        assert [tag.name for tag in await store.find(Tag)] == ["half \ud83d"]
        assert store.requests.reads == 2


async def test_a_reply_is_not_kept_once_it_is_read() -> None:
    """A reply leaves memory at once, whether or not Python looks for garbage: a large library's replies are many."""
    said: list[weakref.ref[httpx.Response]] = []

    def answer(_: httpx.Request) -> httpx.Response:
        response = httpx.Response(200, json={"data": {}})
        said.append(weakref.ref(response))
        return response

    door = GraphQLTransport(TransportConfig(URL, transport=httpx.MockTransport(answer)))
    gc.disable()
    try:
        await door.query("{ version { version } }")
        assert [kept() for kept in said] == [None]
    finally:
        gc.enable()
        await door.close()


async def test_an_outage_raises(stash: respx.MockRouter) -> None:
    """An outage is no empty result: the read raises when its budget is used up."""
    stash.post("/graphql").mock(side_effect=[httpx.Response(200, json=HELLO), *[httpx.Response(500)] * 50])
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError, match="does not answer"):
            await store.find(Tag)


async def test_a_lost_create_is_looked_for_before_it_is_repeated(stash: respx.MockRouter) -> None:
    """The effect of a create is looked for if its reply is lost; an entity that is found is not created again."""
    row = {"id": "7", "name": "red", "aliases": []}
    answers(stash, httpx.ReadTimeout("lost"), {"data": {"f0": {"count": 1, "tags": [row]}}})
    async with connect(URL) as store:
        tag = await store.create(Tag, name="red")
        assert tag.id == "7"
        assert store.requests.writes == 1


async def test_a_lost_create_without_effect_is_repeated_once(stash: respx.MockRouter) -> None:
    """A lost create that had no effect is sent again."""
    answers(
        stash,
        httpx.ReadTimeout("lost"),
        {"data": {"f0": {"count": 0, "tags": []}}},
        {"data": {"f0": {"id": "8", "created_at": "2026-01-01T00:00:00Z"}}},
    )
    async with connect(URL) as store:
        assert (await store.create(Tag, name="red")).id == "8"
        assert store.requests.writes == 2


async def test_a_write_is_never_repeated_blindly(stash: respx.MockRouter) -> None:
    """The effect of a lost update is looked for: a value that stands is not sent again, another one is sent once more."""
    row = {"id": "7", "name": "red", "aliases": [], "description": ""}
    old, new = ({"data": {"f0": {"count": 1, "tags": [row | {"description": d}]}}} for d in ("", "mine"))
    gone, done = httpx.ReadError("gone"), {"data": {"f0": {"id": "7"}}}
    for after, writes in ((new, 1), (old, 2)):
        answers(stash, old, gone, after, done)
        async with connect(URL) as store:
            (tag,) = await store.find(Tag)
            tag.description = "mine"
            flushed = await store.flush()
            assert store.requests.writes == writes
            assert not store.pending()
            assert [list(change.after) for change in flushed.applied] == [["description"]]


async def test_a_write_that_is_lost_every_time_ends_the_run(
    stash: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update whose reply is lost as often as it is sent raises; the entity keeps its edit."""
    monkeypatch.setattr(sender, "FIRST_WAIT", 0)
    row = {"id": "7", "name": "red", "aliases": [], "description": ""}
    found = {"data": {"f0": {"count": 1, "tags": [row]}}}
    lost = [httpx.ReadError("gone"), found] * sender.ATTEMPTS
    answers(stash, found, *lost[:-1])
    async with connect(URL) as store:
        (tag,) = await store.find(Tag)
        tag.description = "mine"
        with pytest.raises(UnansweredWriteError):
            await store.flush()
        assert store.requests.writes == sender.ATTEMPTS
        assert [list(change.after) for change in store.pending()] == [["description"]]


async def test_a_write_that_never_left_says_so(stash: respx.MockRouter) -> None:
    """A connection that cannot be made within the budget means that nothing was written."""
    answers(stash, *[httpx.ConnectError("refused")] * 20)
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError) as caught:
            await store.connection.mutate("mutation { x }", {}, fields=1)
        assert not isinstance(caught.value, UnansweredWriteError)


async def test_two_writes_are_under_way_at_once(stash: respx.MockRouter) -> None:
    """A third write waits until one of two has its answer."""
    under_way, most = 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        if b"systemStatus" in request.content:
            return httpx.Response(200, json=HELLO)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return httpx.Response(200, json={"data": {"f0": True}})

    stash.post("/graphql").mock(side_effect=answer)
    async with connect(URL) as store:
        writes = (store.connection.mutate("mutation { f0 }", {}, fields=1) for _ in range(4))
        await asyncio.gather(*writes)
    assert most == 2


@pytest.mark.parametrize("status", [401, 403])
async def test_nothing_is_sent_after_a_refused_key(stash: respx.MockRouter, status: int) -> None:
    """Once Stash has refused the key no further request goes out, neither a read nor a write, and all say the same."""
    route = answers(stash, httpx.Response(status, headers={"WWW-Authenticate": "FormBased"}))
    async with connect(URL, "secret") as store:
        for attempt in range(3):
            with pytest.raises(AccessRefusedError, match="API key"):
                await store.connection.query("{ version { version } }")
            with pytest.raises(AccessRefusedError, match="API key"):
                await store.connection.mutate("mutation { x }", {}, fields=1)
            assert route.call_count == 2, attempt  # the greeting, and the one that was refused
