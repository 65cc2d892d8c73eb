"""The door of the existing downloader: objects of its shape, the names that it calls."""

from __future__ import annotations

import asyncio
import gc
import socket
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery

from stash import StashProcessing
from stash.embedded import serve
from stash.processing.creator_sync import CreatorSync
from stash.store import connect
from tests.downloader import Config, DownloaderDatabase, State, connection_to
from tests.faults.clock import Clock

if TYPE_CHECKING:
    import pytest

    from tests.end_to_end.conftest import Setup


async def test_the_downloader_syncs_what_it_has_just_downloaded(small: Setup) -> None:
    """from_config, start_creator_processing, the background task, cleanup: the creator is in Stash."""
    assert small.world is not None
    name = small.world.usernames[0]
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(f"sqlite:///{small.database}"))
        state = State(name, None, small.downloads / f"{name}_fansly")
        processor = StashProcessing.from_config(config, state)
        await processor.start_creator_processing()
        task = processor._background_task
        assert task in config.tasks
        assert "StashProcessing" in task.get_coro().__qualname__
        await task
        assert processor.context.store is processor.store
        assert processor.run.report.entities["galleries"].created > 0
        await processor.cleanup()
        async with connect(url) as store:
            galleries = await store.find(Gallery)
            assert {gallery.studio.name for gallery in galleries} == {f"{name} (Fansly)"}


async def test_stash_may_be_off(small: Setup, said: list[str]) -> None:
    """Where the downloader has no Stash configured, a warning is logged and nothing is done."""
    config = Config(None, None)
    processor = StashProcessing.from_config(config, State("anna", 1, None))
    await processor.start_creator_processing()
    assert processor._background_task is None
    assert config.tasks == []
    await processor.process_creator_incremental()
    assert said == ["WARNING No Stash is configured; nothing was synced."] * 2
    await processor.cleanup()
    assert small.world is not None


async def test_cleanup_ends_what_is_under_way(small: Setup) -> None:
    """A cleanup cancels a task that is still at work, and closes the connection."""
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)))
        processor = StashProcessing.from_config(config, State("lena_fields", None, small.downloads / "x"))
        await processor.start_creator_processing()
        await asyncio.sleep(0)
        await processor.cleanup()
        assert processor._background_task.cancelled()


async def test_new_files_alone(small: Setup) -> None:
    """process_creator_incremental syncs the creator at once; scan_creator_folder takes paths."""
    assert small.world is not None
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)))
        name = small.world.usernames[1]
        processor = StashProcessing.from_config(config, State(name, None, small.downloads / f"{name}_fansly"))
        await processor.process_creator_incremental()
        await processor.scan_creator_folder(paths=[str(small.downloads / f"{name}_fansly" / "x.jpeg")])
        assert processor.run.report.entities["galleries"].created > 0
        await processor.cleanup()


def door(setup: Setup, port: int) -> StashProcessing:
    """The door to a Stash at this port."""
    config = Config({"host": "127.0.0.1", "port": port}, DownloaderDatabase(str(setup.database)))
    return StashProcessing.from_config(config, State("lena_fields", None, setup.downloads / "x"))


async def test_a_stash_that_is_down_is_waited_for(
    small: Setup, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """A Stash that is down is waited for as long as the settings say. One line tells the wait, one that it was in vain."""
    clock = Clock()
    clock.install(monkeypatch)
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "100")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        processor = door(small, nobody.getsockname()[1])
        await processor.process_creator_incremental()
    assert 90 < clock.waited < 110
    waiting, failed = said
    assert waiting.startswith("WARNING Waiting for Stash at http://127.0.0.1:")
    assert failed.startswith("ERROR Stash at http://127.0.0.1:")
    assert failed.endswith("run again.")
    await processor.cleanup()


async def test_a_database_that_is_locked_is_waited_for(
    small: Setup, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """A database that another program has locked is waited for as long as the patience of the settings says."""
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "0.3")
    async with serve(small.server.embedded) as url:
        processor = door(small, int(url.rpartition(":")[2]))
        with closing(sqlite3.connect(small.database, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN EXCLUSIVE")
            async with asyncio.timeout(8):
                await processor.process_creator_incremental()
        assert "locked by another program" in said[-1]
        await processor.cleanup()


def interpreter() -> tuple[object, ...]:
    """The settings of the interpreter that a sync could change."""
    return gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), sys.getswitchinterval()


async def test_the_interpreter_is_the_downloaders(small: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync in the downloader's process changes no setting of its interpreter, not even while it lasts."""
    assert small.world is not None
    seen: list[tuple[object, ...]] = []
    sync: Any = CreatorSync.sync

    async def watched(self: CreatorSync, *arguments: Any) -> None:
        seen.append(interpreter())
        await sync(self, *arguments)
        seen.append(interpreter())

    monkeypatch.setattr(CreatorSync, "sync", watched)
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)))
        name = small.world.usernames[0]
        processor = StashProcessing.from_config(config, State(name, None, small.downloads / f"{name}_fansly"))
        before = interpreter()
        await processor.process_creator_incremental()
        await processor.cleanup()
    assert processor.run.report.entities["galleries"].created > 0
    assert [*seen, interpreter()] == [before] * 3
