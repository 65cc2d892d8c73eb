"""The history of runs, read without a Stash."""

from __future__ import annotations

from stash.journal import Baseline, Journal, SourceKey
from stash.source.database import Database
from tests.journal.conftest import select_server


async def test_the_history_needs_no_stash(database: Database, url: str) -> None:
    """The server of a run, the baselines of its entities and the synced media are known without a Stash."""
    journal = await Journal.open(database)
    await select_server(journal, "http://stash.test:9999", "/db")
    run = await journal.runs.begin("sync", ["anna"])
    await journal.record([Baseline("Image", SourceKey("media", "12"), "7", last_applied={"title": "A walk"})])
    async with await Database.open(url, read_only=True) as opened:
        back = await Journal.open(opened, is_read_only=True)
        assert await back.history.server_url(run) == "http://stash.test:9999"
        assert await back.history.server_url(run + 1) == ""
        recorded = await back.history.baselines(run, {"Image": {"7", "8"}, "Tag": set()})
        assert {key: baseline.last_applied for key, baseline in recorded.items()} == {
            ("Image", "7"): {"title": "A walk"}
        }
        ((server, address),) = await back.history.addresses()
        assert address == "http://stash.test:9999"
        assert (await back.history.media_with(server)).synced == {12}
        assert [one.id for one in await back.history.syncs_with(server)] == [run]


async def test_the_history_without_tables(database: Database) -> None:
    """A database without `sync_` tables has an empty history."""
    back = await Journal.open(database, is_read_only=True)
    assert await back.history.addresses() == []
    assert await back.history.server_url(1) == ""
