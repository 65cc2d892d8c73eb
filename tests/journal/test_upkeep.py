"""The tables through their versions, the copy before the first write, and forgetting."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

import stash.journal
from metadata.making import open_or_make
from stash.errors import RetriableError, StateError
from stash.journal import Baseline, Journal, LogEntry, SourceKey
from stash.journal.models import VERSION
from stash.journal.upkeep import bring_up
from stash.source.database import Database
from tests.journal.conftest import opened
from tests.journal.migration import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = SourceKey("media", "5")
EDIT = LogEntry("Image", KEY, "update", {}, {"title": "b"})
MEMORY = Baseline("Image", KEY, "7", last_applied={"title": "a"})


def described(path: Path, like: str = "%") -> dict[str, str]:
    """The tables and indexes of a SQLite database whose name is like that, as they were made."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name LIKE ?"
    with closing(sqlite3.connect(path)) as connection:
        return {name: " ".join(sql.split()) for name, sql in connection.execute(query, (like,))}


def copies(folder: Path) -> list[Path]:
    """The copies of downloaders' databases in a folder."""
    return list(folder.glob("*.before-stash-sync*"))


@pytest.fixture
async def foreign(tmp_path: Path) -> AsyncIterator[Database]:
    """A downloader's database, opened."""
    path = tmp_path / "metadata.sqlite"
    await (await open_or_make(str(path))).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE metadata_origin")
        connection.execute("INSERT INTO accounts (id, username) VALUES (5, 'anna')")
    path.chmod(0o640)
    database = await Database.open(str(path), busy_timeout=0.01)
    yield database
    await database.close()


def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    """A migrated database has the very tables that a new one gets, and the newest version is the newest."""
    migrated, made = tmp_path / "migrated", tmp_path / "made"
    upgrade(migrated, "head")
    engine = create_engine(f"sqlite:///{made}")
    with engine.begin() as connection:
        bring_up(connection)
    engine.dispose()
    assert described(migrated, "sync%") == described(made)
    assert (
        ScriptDirectory(str(Path(stash.journal.__file__).with_name("migrations"))).get_current_head()
        == VERSION
    )


def test_nothing_of_postgresql_is_loaded_before_it_is_used() -> None:
    """To import the whole program loads no PostgreSQL, which is a few megabytes of every run on SQLite."""
    code = "import sys, stash.sync; print([name for name in sys.modules if 'postgresql' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


async def test_tables_of_the_first_version_are_brought_up_to_date(tmp_path: Path) -> None:
    """What an older stash-sync recorded is recalled, and operations can be planned at once."""
    path = tmp_path / "metadata.sqlite"
    await (await open_or_make(str(path))).close()
    upgrade(path, "0001")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO sync_server VALUES ('s', 'http://stash', '/db', '2026-01-01 00:00:00')"
        )
        content = json.dumps({"seen": {}, "wrote": {"title": "a"}})
        connection.execute(
            "INSERT INTO sync_entity VALUES ('s', 'Image', 'media', '5', '7', '', '', ?)", (content,)
        )
    async with await Database.open(str(path), read_only=True) as database:
        journal = await opened(database, is_read_only=True)
        assert await journal.baselines.load_type("Image", [KEY]) == {KEY: MEMORY}
        assert await journal.log.entries(1) == []
    async with await Database.open(str(path)) as database:
        journal = await opened(database)
        assert await journal.baselines.load_type("Image", [KEY]) == {KEY: MEMORY}
        assert await journal.log.log_sent(await journal.runs.begin("sync", []), [EDIT])


def test_a_migration_that_is_killed_leaves_the_old_tables_or_the_new(tmp_path: Path) -> None:
    """SIGKILL at each statement, from nothing and from the first version: never anything between."""
    for version in (None, "0001"):
        old = tmp_path / f"from-{version}"
        upgrade(old, version)
        new = tmp_path / f"to-{version}"
        upgrade(new, "head")
        script = Path(__file__).with_name("migration.py")
        done = subprocess.run(
            [sys.executable, str(script), str(old)], capture_output=True, text=True, check=True, timeout=120
        )
        killed = [Path(line) for line in done.stdout.splitlines()]
        assert len(killed) > 5
        states = [described(path, "sync%") for path in killed]
        assert all(state in (described(old, "sync%"), described(new, "sync%")) for state in states)
        assert states[-1] == described(new, "sync%")


async def test_tables_of_a_newer_version_are_not_touched(database: Database, url: str) -> None:
    """A database that a newer stash-sync has written is refused, with the next step."""
    await opened(database)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE sync_alembic_version SET version_num = '9999'"))
    async with await Database.open(url) as again:
        with pytest.raises(StateError, match="newest stash-sync"):
            await Journal.open(again)


async def test_a_database_of_the_downloader_is_copied_before_the_first_write(foreign: Database) -> None:
    """The copy beside it is what was there before, with the same rights; the second time it is left alone."""
    assert foreign.path is not None
    before = described(foreign.path)
    journal = await opened(foreign)
    copy = foreign.path.with_name("metadata.sqlite.before-stash-sync")
    assert described(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT username FROM accounts").fetchall() == [("anna",)]
    assert "sync_entity" in described(foreign.path)
    assert await journal.backup() is None
    assert sorted(path.name for path in foreign.path.parent.iterdir()) == [foreign.path.name, copy.name]


async def test_a_copy_holds_what_is_only_in_the_log_yet(foreign: Database) -> None:
    """Rows that SQLite has in its write-ahead log, and not in the file, are in the copy too."""
    assert foreign.path is not None
    with closing(sqlite3.connect(foreign.path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        with writer:
            writer.execute("INSERT INTO accounts (id, username) VALUES (6, 'bea')")
        await Journal.open(foreign)
        copy = foreign.path.with_name("metadata.sqlite.before-stash-sync")
        with closing(sqlite3.connect(copy)) as connection:
            assert len(connection.execute("SELECT id FROM accounts").fetchall()) == 2


async def test_no_copy_no_write(foreign: Database) -> None:
    """Where the copy cannot be written, or the database is locked, no table is made; nothing half is left."""
    assert foreign.path is not None
    before = described(foreign.path)
    unfinished = foreign.path.with_name("metadata.sqlite.before-stash-sync.unfinished")
    unfinished.mkdir()
    with pytest.raises(StateError, match="cannot be made"):
        await Journal.open(foreign)
    unfinished.rmdir()
    assert described(foreign.path) == before
    assert list(foreign.path.parent.iterdir()) == [foreign.path]


async def test_our_own_database_and_a_dry_run_make_no_copy(database: Database, tmp_path: Path) -> None:
    """A database that stash-sync made, one of PostgreSQL, and a read-only journal leave no copy."""
    journal = await opened(database)
    assert await journal.backup() is None
    assert copies(tmp_path) == []


async def test_a_dry_run_makes_no_copy(foreign: Database, tmp_path: Path) -> None:
    """A read-only journal on a downloader's database leaves no copy."""
    await opened(foreign, is_read_only=True)
    assert copies(tmp_path) == []


async def test_forgetting_leaves_only_what_was_there(foreign: Database) -> None:
    """Every sync_ table and the version table are dropped, nothing else; then everything is new again."""
    assert foreign.path is not None
    before = described(foreign.path)
    journal = await opened(foreign)
    run = await journal.runs.begin("sync", [])
    await journal.log.log_sent(run, [EDIT])
    await journal.record([MEMORY])
    await journal.forget()
    assert described(foreign.path) == before
    assert await journal.baselines.load_type("Image", [KEY]) == {}
    assert await journal.runs.newest() == []
    async with await Database.open(str(foreign.path)) as again:
        await (await opened(again)).record([MEMORY])


async def test_forgetting_nothing(database: Database, url: str) -> None:
    """Where there are no tables, forgetting changes nothing."""
    journal = await opened(database, is_read_only=True)
    await journal.forget()
    async with await Database.open(url) as again:
        assert not again.has_table("sync_entity")


async def test_a_locked_database_is_not_copied_but_waited_for(
    foreign: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another program holds the database for itself, the error says to run again."""
    assert foreign.path is not None
    monkeypatch.setattr("stash.journal.upkeep._BUSY_SECONDS", 0.01)
    journal = await opened(foreign, is_read_only=True)
    with closing(sqlite3.connect(foreign.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RetriableError, match="locked by another program"):
            await journal.backup()
