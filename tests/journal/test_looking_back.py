"""Looking back at runs, without a Stash."""

from __future__ import annotations

from stash.journal import Baseline, Journal, SourceKey
from stash.source.database import Database


async def test_looking_back_needs_no_stash(database: Database, url: str) -> None:
    """Which Stash a run was with, what is remembered of its entities, and which media were synced, is known without one."""
    journal = await Journal.open(database)
    await journal.bind("http://stash.test:9999", "/db")
    run = await journal.begin("sync", ["anna"])
    await journal.record([Baseline("Image", SourceKey("media", "12"), "7", last_applied={"title": "A walk"})])
    async with await Database.open(url, read_only=True) as opened:
        back = await Journal.open(opened, is_read_only=True)
        assert await back.server_url(run) == "http://stash.test:9999"
        assert await back.server_url(run + 1) == ""
        recorded = await back.recorded(run, {"Image": {"7", "8"}, "Tag": set()})
        assert {key: memory.last_applied for key, memory in recorded.items()} == {
            ("Image", "7"): {"title": "A walk"}
        }
        ((server, address),) = await back.addresses()
        assert address == "http://stash.test:9999"
        assert (await back.media_with(server)).synced == {12}
        assert [one.id for one in await back.syncs_with(server)] == [run]


async def test_looking_back_where_nothing_was(database: Database) -> None:
    """Where there are no tables of ours yet, nothing was synced."""
    back = await Journal.open(database, is_read_only=True)
    assert await back.addresses() == []
    assert await back.server_url(1) == ""
