"""The budgets, counted: a thousand items and their media, fresh, unchanged, with one change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
from stash_graphql_client.types import Image

from benchmarks.changes import add_post
from benchmarks.worlds import World, write_world
from stash import jobs
from stash.embedded import EmbeddedStash
from tests.conftest import Server
from tests.end_to_end.conftest import Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stash.report import Report


@dataclass
class Thousand:
    """A thousand items on an embedded Stash, and the report of their first sync."""

    setup: Setup
    world: World
    first: Report


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thousand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Thousand]:
    """Scanned beforehand, as budgets count no scans; synced once."""
    folder: Path = tmp_path_factory.mktemp("thousand")
    library = folder / "library"
    library.mkdir()
    world = await write_world(folder / "world", library / "downloads", 1000, 7_000_000_000)
    with EmbeddedStash([library]) as stash:
        server = Server("http://embedded.test", library, httpx.ASGITransport(app=stash.app), stash)
        async with server.store() as store:
            await jobs.scan(store.connection, [str(library)], 300)
        setup = Setup(server, world.database, library / "downloads")
        yield Thousand(setup, world, await setup.sync())


def _content(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [line for line in connection.iterdump() if "sync_run" not in line]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_fresh_sync_costs_tens_of_requests(thousand: Thousand) -> None:
    """1,000 items with 2,400 media and more: at most 40 requests, and everything is there."""
    first = thousand.first
    assert first.exit_code == 0
    assert first.entities["galleries"].created == thousand.world.galleries
    assert first.entities["images"].updated + first.entities["scenes"].updated == thousand.world.media >= 2400
    assert first.header.requests["reads"] + first.header.requests["writes"] <= 40


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unchanged_sync_costs_a_handful_and_writes_nothing(thousand: Thousand) -> None:
    """Nothing changed: one request, no mutation, and no row but the run's own."""
    before = _content(thousand.setup.database)
    again = await thousand.setup.sync(is_full=False)
    assert again.header.requests["reads"] == 1
    assert again.header.requests["mutations"] == again.header.requests["writes"] == 0
    assert _content(thousand.setup.database) == before
    assert again.entities["images"].unchanged == thousand.first.entities["images"].updated
    assert again.entities["galleries"].unchanged == thousand.world.galleries


@pytest.mark.asyncio(loop_scope="module")
async def test_one_change_at_the_source_costs_that_item_alone(thousand: Thousand) -> None:
    """One post edited: at most 15 requests, and mutations for its gallery and its files alone."""
    with closing(sqlite3.connect(thousand.setup.database)) as connection, connection:
        (post,) = connection.execute(
            "SELECT postId FROM attachments WHERE contentType = 'ACCOUNT_MEDIA'"
        ).fetchone()
        connection.execute(
            "UPDATE posts SET content = 'Quite another text for this post' WHERE id = ?", (post,)
        )
        (media,) = connection.execute("SELECT count(*) FROM attachments WHERE postId = ?", (post,)).fetchone()
    report = await thousand.setup.sync()
    assert report.header.requests["reads"] + report.header.requests["writes"] <= 15
    assert report.entities["galleries"].updated == 1
    assert 1 <= report.entities["images"].updated + report.entities["scenes"].updated <= 2 * media
    assert (await thousand.setup.sync()).header.requests["mutations"] == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_one_edit_in_stash_is_seen_and_kept(thousand: Thousand) -> None:
    """One title edited in Stash: at most 15 requests, no mutation, and it is reported as the user's, every time."""
    async with thousand.setup.server.store() as store:
        image = await store.find_one(Image, code__regex="^7")
        assert image is not None
        image.title = "My own title"
        await store.save(image)
    for _ in range(2):
        report = await thousand.setup.sync()
        assert report.header.requests["reads"] + report.header.requests["writes"] <= 15
        assert report.header.requests["mutations"] == 0
        assert ("Image", image.id, "title") in {(one.type, one.id, one.field) for one in report.kept}


class Received(httpx.AsyncBaseTransport):
    """Counts the bytes of answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, and count the bytes of its answer."""
        response = await self._inner.handle_async_request(request)
        self.bytes += len(await response.aread())
        return response


@pytest.mark.asyncio(loop_scope="module")
async def test_one_new_post_costs_little(thousand: Thousand) -> None:
    """One post more among a thousand: at most 15 requests and 0.8 MB. Then nothing is new: 1 request, 0.05 MB."""
    server = thousand.setup.server
    await thousand.setup.sync()
    add_post(thousand.world, server.library)
    async with server.store() as store:
        await jobs.scan(store.connection, [str(server.library)], 300)
    assert server.transport is not None
    received = Received(server.transport)
    setup = replace(thousand.setup, server=replace(server, transport=received))
    report = await setup.sync(is_full=False)
    assert (report.entities["galleries"].created, report.entities["images"].updated) == (1, 1)
    assert report.header.requests["reads"] + report.header.requests["writes"] <= 15
    assert received.bytes <= 800_000
    assert report.looked_at.items == 1
    received.bytes = 0
    assert (await setup.sync(is_full=False)).header.requests["reads"] == 1
    assert received.bytes <= 50_000
