"""What a run refuses to do, and what it leaves undone because a user wanted it so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Performer, Scene, Studio, Tag

from stash.errors import RefusedError
from stash.journal import Journal
from stash.settings import Settings
from stash.source.database import Database
from stash.sync import SyncOptions, sync
from tests.conftest import Silent

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Setup


async def _deleted(setup: Setup, kind: type, count: int = 1) -> None:
    async with setup.server.store() as store:
        for entity in (await store.find(kind))[:count]:
            await entity.delete(store.connection)


@pytest.mark.parametrize("kind", [Gallery, Tag, Performer, Studio])
async def test_what_a_user_deleted_is_not_made_again(small: Setup, kind: type) -> None:
    """An entity deleted in Stash stays deleted, whatever it is, and is named; --recreate makes it again."""
    await small.sync()
    async with small.server.store() as store:
        before = len(await store.find(kind))
    await _deleted(small, kind)
    report = await small.sync()
    async with small.server.store() as store:
        assert len(await store.find(kind)) == before - 1
    assert [one.reason for one in report.skipped if "--recreate" in one.reason]
    assert report.exit_code == 0
    assert (await small.sync()).header.requests["mutations"] == 0
    await small.sync(recreate=True)
    async with small.server.store() as store:
        assert len(await store.find(kind)) == before
    assert (await small.sync()).header.requests["mutations"] == 0


async def test_files_that_stash_does_not_know_are_refused(small: Setup) -> None:
    """Where Stash knows less than half of the files, nothing is written, and the next step is a path map."""
    settings = Settings(
        url=small.server.url,
        database=str(small.database),
        downloads=small.downloads,
        path_map=f"{small.downloads}=/elsewhere",
    )
    with pytest.raises(RefusedError, match="STASH_SYNC_PATH_MAP"):
        await sync(settings, SyncOptions(server="x"), Silent(), transport=small.server.transport)
    async with small.server.store() as store:
        assert not await store.find(Tag)
        assert not await store.find(Gallery)


async def test_a_source_that_is_suddenly_empty_is_refused(small: Setup) -> None:
    """A database without items, though some were synced, changes nothing in Stash."""
    await small.sync()
    with closing(sqlite3.connect(small.database)) as connection, connection:
        for table in ("attachments", "account_media_bundle_media", "account_media", "media"):
            connection.execute(f"DELETE FROM {table}")
    assert small.world is not None
    for creators in ((), (small.world.usernames[0],)):
        with pytest.raises(RefusedError, match="--force"):
            await small.sync(creators=creators)
    async with small.server.store() as store:
        assert all(scene.code for scene in await store.find(Scene))


async def test_a_run_that_failed_is_noted_as_failed(small: Setup) -> None:
    """The journal says how each run ended; one that was refused did not end well."""
    await small.sync()
    with closing(sqlite3.connect(small.database)) as connection, connection:
        connection.execute("DELETE FROM media")
    assert small.world is not None
    with pytest.raises(RefusedError):
        await small.sync(creators=(small.world.usernames[0],))
    async with await Database.open(str(small.database)) as database:
        journal = await Journal.open(database)
        assert [run.outcome for run in await journal.runs.newest()] == ["failed", "done"]
