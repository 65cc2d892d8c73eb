"""Databases in WAL mode where nothing may be written: every committed row is read, and nothing older."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import text

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import write_world
from stash.embedded import EmbeddedStash
from stash.errors import StateError
from stash.journal import Journal
from stash.settings import Settings
from stash.source.database import Database
from stash.source.errors import DatabaseBusyError, DatabaseUnusableError, ReadOnlyDatabaseError
from stash.sync import SyncOptions, sync
from tests.conftest import Silent
from tests.unprivileged import open_folder, read_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stash.report import Report

NAMES = "SELECT username FROM accounts ORDER BY id"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user reaches."""
    with open_folder() as found:
        yield found


async def made(folder: Path, tmp_path: Path, mode: str, *, wal: bool, shm: bool) -> tuple[Path, list[str]]:
    """A database of the demo's world, as left by a program that was killed; and whom it has."""
    source = tmp_path / "source.sqlite"
    world = write_world(tmp_path / "world", items=2)
    async with await open_or_make(str(source)) as database:
        await ingest_paths(database, [world.payloads])
    target = folder / "database" / "metadata.sqlite"
    target.parent.mkdir()
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        if wal:
            connection.execute("UPDATE accounts SET username = 'only in the wal ' || id")
            connection.commit()
        names = [name for (name,) in connection.execute(NAMES)]
        shutil.copy(source, target)
        for suffix, is_kept in (("-wal", wal), ("-shm", shm)):
            beside = source.with_name(source.name + suffix)
            if is_kept and beside.exists():
                shutil.copy(beside, target.with_name(target.name + suffix))
    return target, names


async def names_in(database: Database) -> list[str]:
    """Whom a database has."""
    async with database.connect() as connection:
        return [name for (name,) in await connection.execute(text(NAMES))]


STATES = [
    (mode, wal, shm, may_write_file, wants_reading)
    for mode, wal, shm, may_write_file, wants_reading in product(
        ("wal", "delete"), (False, True), (False, True), (False, True), (False, True)
    )
    if mode == "wal" or not (wal or shm)
]


@pytest.mark.parametrize(("mode", "wal", "shm", "may_write_file", "wants_reading"), STATES)
async def test_it_is_read_whatever_lies_beside_it(
    folder: Path,
    tmp_path: Path,
    *,
    mode: str,
    wal: bool,
    shm: bool,
    may_write_file: bool,
    wants_reading: bool,
) -> None:
    """With and without -wal and -shm, the file read-only or its folder alone: all that was committed is read."""
    path, names = await made(folder, tmp_path, mode, wal=wal, shm=shm)
    with read_only(path.parent, also_files=not may_write_file):
        async with await Database.open(str(path), read_only=wants_reading) as database:
            assert await names_in(database) == names
            if wants_reading or not (wal and shm and may_write_file):
                with pytest.raises(DatabaseUnusableError):
                    async with database.begin() as connection:
                        await connection.execute(text("UPDATE accounts SET about = 'x'"))
            assert await names_in(database) == names


async def test_one_that_is_changed_meanwhile_is_told(folder: Path, tmp_path: Path) -> None:
    """What another program changes while it is read as it lies there is no reading of one moment: run again."""
    path, _ = await made(folder, tmp_path, "wal", wal=False, shm=False)
    with read_only(path.parent):
        database = await Database.open(str(path), read_only=True)
    async with database:
        path.write_bytes(path.read_bytes() + b"\0" * 4096)
        with pytest.raises(DatabaseBusyError, match="run again"):
            await names_in(database)


async def test_a_copy_goes_with_the_database(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that was made to read changes beside a database is gone once it is closed."""
    path, _ = await made(folder, tmp_path, "wal", wal=True, shm=False)
    place = folder / "temporary"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    monkeypatch.setattr("tempfile.tempdir", str(place))
    with read_only(path.parent):
        async with await Database.open(str(path), read_only=True) as database:
            assert len(list(place.iterdir())) == 1
            assert isinstance(await names_in(database), list)
        assert list(place.iterdir()) == []


@pytest.mark.parametrize("mode", ["wal", "delete"])
async def test_the_way_out_is_named(folder: Path, tmp_path: Path, mode: str) -> None:
    """A journal that is to be written there is refused before anything else, with the setting that helps; it does."""
    path, _ = await made(folder, tmp_path, mode, wal=False, shm=False)
    with read_only(path.parent):
        async with await Database.open(str(path)) as database:
            with pytest.raises(StateError, match="STASH_SYNC_STATE_URL"):
                await Journal.open(database)
            await Journal.open(database, is_read_only=True)


@pytest.mark.parametrize(("wal", "shm"), [(False, False), (True, False), (True, True)])
async def test_a_sync_with_a_state_of_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wal: bool, shm: bool
) -> None:
    """With STASH_SYNC_STATE_URL a sync works there, and its second run is silent; before, a dry run does; without, it is 6."""
    path, _ = await made(folder, tmp_path, "wal", wal=wal, shm=shm)
    library = tmp_path / "world" / "downloads"
    shutil.copytree(library, folder / "downloads")
    usual = {"url": "http://embedded.test", "database": str(path), "downloads": folder / "downloads"}
    state = folder / "state.sqlite"
    monkeypatch.chdir(folder)
    with EmbeddedStash([folder / "downloads"]) as stash:
        transport = httpx.ASGITransport(app=stash.app)
        before = sorted(one.name for one in path.parent.iterdir())

        async def run(*, is_dry: bool = False, **more: str) -> Report:
            options = SyncOptions(dry_run=is_dry)
            return await sync(Settings(**usual, **more), options, Silent(), transport=transport)

        with (
            read_only(path.parent),
            pytest.raises(StateError, match="STASH_SYNC_STATE_URL") as caught,
        ):
            await run()
        assert caught.value.exit_code == 6
        folder.chmod(0o777)  # noqa: ASYNC240 - nothing waits meanwhile
        with read_only(path.parent):
            planned = await run(is_dry=True, state=str(state))
            assert not state.exists()
            assert planned.plan
            first, second = await run(state=str(state)), await run(state=str(state))
        assert (first.exit_code, second.exit_code) == (0, 0)
        assert first.entities["galleries"].created
        assert second.header.requests["mutations"] == 0
        assert sorted(one.name for one in path.parent.iterdir()) == before


async def test_what_is_damaged_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    """A damaged database in WAL mode stays a damaged one."""
    path, _ = await made(folder, tmp_path, "wal", wal=False, shm=False)
    path.write_bytes(path.read_bytes()[:5000])
    with read_only(path.parent), pytest.raises(DatabaseUnusableError) as caught:
        await Database.open(str(path), read_only=True)
    assert not isinstance(caught.value, ReadOnlyDatabaseError)
