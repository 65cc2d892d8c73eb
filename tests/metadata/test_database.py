"""Opening databases, and what can be wrong with them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from metadata.ingest import ingest_file
from metadata.making import open_or_make
from metadata.models import Account
from stash.source.database import Database
from stash.source.errors import (
    DatabaseBusyError,
    DatabaseUnusableError,
    MissingDatabaseError,
    UnknownDatabaseError,
)
from tests.metadata.conftest import CORE, digest_of, fill, names_in

if TYPE_CHECKING:
    from pathlib import Path


def write_bytes(path: Path, content: bytes, at: int = 0) -> None:
    """Write into a file, which is made where it is missing."""
    path.touch()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


async def test_a_fresh_database_is_ours(database: Database) -> None:
    """`create` makes all tables, marks them as ours, and keeps foreign keys."""
    assert database.is_ours
    assert database.version == "v0_15"
    assert database.has_table("posts")
    assert not database.has_table("no_such_table")
    with pytest.raises(sa.exc.IntegrityError):
        async with database.begin() as connection:
            await connection.exec_driver_sql('INSERT INTO posts (id, "accountId") VALUES (1, 2)')


async def test_create_keeps_what_is_there(tmp_path: Path) -> None:
    """`create` opens a database that is there already, and makes missing folders."""
    path = tmp_path / "new" / "folder" / "metadata.sqlite"
    for _ in range(2):
        async with await open_or_make(f"sqlite:///{path}") as database:
            assert database.path == path
            async with database.begin() as connection:
                count = (
                    await connection.execute(sa.select(sa.func.count()).select_from(Account))
                ).scalar_one()
                await connection.execute(sa.insert(Account).values(id=count + 1, username=f"anna_{count}"))
    assert count == 1


async def test_create_leaves_a_foreign_database_foreign(v0_15: Path) -> None:
    """`create` on a database of the downloader makes nothing in it."""
    before = digest_of(v0_15)
    async with await open_or_make(str(v0_15)) as database:
        assert not database.is_ours
    assert digest_of(v0_15) == before


@pytest.mark.parametrize("scheme", ["", "sqlite:///", "sqlite+aiosqlite:///"])
@pytest.mark.parametrize("name", ["plain.sqlite", "with space?and#signs%20.sqlite"])
async def test_paths_and_urls_name_the_same_file(tmp_path: Path, scheme: str, name: str) -> None:
    """A path, and SQLite URLs of it, open the file of exactly that name."""
    if "?" in name and scheme:
        pytest.skip("a question mark starts the options of a URL")
    async with await open_or_make(f"{scheme}{tmp_path / name}") as database:
        assert database.kind == "sqlite"
        assert database.name == str(tmp_path / name)
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://anna:secret@host/name", "names neither a SQLite file nor PostgreSQL"),
        ("sqlite://", "names neither"),
        ("sqlite:///:memory:", "names neither"),
        ("://", "cannot be read"),
        ("postgresql://host:port/name", "cannot be read"),
        ("postgresql://anna:secret@host/name?colour=red", "unknown option colour"),
    ],
)
async def test_urls_that_name_no_database(url: str, reason: str) -> None:
    """A URL of another kind is refused with what to write instead, and without its password."""
    with pytest.raises(UnknownDatabaseError, match=reason) as caught:
        await Database.open(url)
    assert "secret" not in str(caught.value)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there, or a folder, is an error that says which."""
    with pytest.raises(MissingDatabaseError, match="does not exist"):
        await Database.open(str(tmp_path / "none.sqlite"))
    with pytest.raises(UnknownDatabaseError, match="is a folder"):
        await Database.open(str(tmp_path))
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "is empty"),
        ("CREATE TABLE songs (id);", "no usable table accounts"),
        ("CREATE TABLE accounts (name); CREATE TABLE media (id); CREATE TABLE posts (id);", "table accounts"),
        (CORE, "no usable table posts"),
    ],
)
async def test_databases_of_something_else_are_refused(tmp_path: Path, script: str, reason: str) -> None:
    """A database without the core tables is of no known version."""
    path = tmp_path / "other.sqlite"
    fill(path, "PRAGMA user_version = 1;" + script)
    with pytest.raises(UnknownDatabaseError, match=reason):
        await Database.open(str(path))


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file that SQLite did not write is named as such."""
    path = tmp_path / "text.sqlite"
    write_bytes(path, b"This is no database. " * 100)
    with pytest.raises(UnknownDatabaseError, match="is not a SQLite database"):
        await Database.open(str(path))


async def test_a_damaged_database_is_named(v0_15: Path) -> None:
    """A SQLite file with a broken page is damaged."""
    write_bytes(v0_15, b"\xff" * 1900, at=100)
    with pytest.raises(DatabaseUnusableError, match="damaged"):
        await Database.open(str(v0_15))


@pytest.mark.parametrize(
    ("tables", "version"),
    [
        ("media_stories", "v0_15"),
        ("subscriptions", "v0_15"),
        ("stub_tracker", "orm_era"),
        ("stories", "sqlite_era"),
    ],
)
async def test_versions_are_told_by_their_tables(tmp_path: Path, tables: str, version: str) -> None:
    """The tables that a database has tell its version."""
    path = tmp_path / "some.sqlite"
    fill(path, CORE + f"CREATE TABLE posts (id); CREATE TABLE {tables} (id);")
    async with await Database.open(str(path)) as database:
        assert database.version == version


async def test_a_locked_database_is_busy(v0_15: Path) -> None:
    """A database that another program locks is an error that says to try again."""
    async with await Database.open(str(v0_15), busy_timeout=0.01) as database:
        with closing(sqlite3.connect(v0_15, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(DatabaseBusyError, match="locked by another program"):
                async with database.begin() as connection:
                    await connection.execute(sa.text("SELECT id FROM accounts"))
            with pytest.raises(DatabaseBusyError, match="locked by another program"):
                async with database.connect() as connection:
                    await connection.execute(sa.text("SELECT id FROM accounts"))


async def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    """A database that cannot grow says so, and the transaction that failed left no row."""
    async with await open_or_make(str(tmp_path / "metadata.sqlite")) as database:
        with pytest.raises(DatabaseUnusableError, match="disk is full"):
            await fill_up(database)
        async with database.connect() as connection:
            assert (await connection.execute(sa.select(Account.id))).all() == []


async def fill_up(database: Database) -> None:
    """Write more rows than there is room for."""
    async with database.begin() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        rows = [
            {"id": number + 1, "username": f"anna_{number}", "about": "x" * 500} for number in range(1000)
        ]
        await connection.execute(sa.insert(Account), rows)


async def test_read_only_means_read_only(database: Database, request: pytest.FixtureRequest) -> None:
    """A database opened for reading takes no write."""
    url = database.name if database.kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    async with await Database.open(url, read_only=True) as readable:
        assert readable.read_only
        with pytest.raises(DatabaseUnusableError, match="read-only"):
            async with readable.begin() as connection:
                await connection.execute(sa.insert(Account).values(id=1, username="anna"))


async def test_a_file_that_may_not_be_written_is_read_only(tmp_path: Path) -> None:
    """The error of writing into a read-only database says what to allow."""
    path = tmp_path / "metadata.sqlite"
    async with await open_or_make(str(path)):
        pass
    async with await Database.open(str(path), read_only=True) as database:
        with pytest.raises(DatabaseUnusableError, match="is read-only; allow writing"):
            await ingest_nothing(database, tmp_path)


async def ingest_nothing(database: Database, folder: Path) -> None:
    """Ingest an account."""
    file = folder / "account.json"
    write_bytes(file, b'[{"id": 1, "username": "anna"}]')
    await ingest_file(database, file)


async def test_a_bug_stays_a_bug(database: Database) -> None:
    """A statement that is wrong is no fault of the database, and passes as it is."""
    with pytest.raises(sa.exc.DBAPIError):
        async with database.connect() as connection:
            await connection.execute(sa.text("SELECT nonsense FROM nowhere"))
    with pytest.raises(ZeroDivisionError):
        async with database.begin():
            raise ZeroDivisionError


async def test_the_pool_is_exhausted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting in vain for a free connection is an error that says to try again."""
    monkeypatch.setattr(database.engine.sync_engine.pool, "_timeout", 0.01)
    monkeypatch.setattr(database.engine.sync_engine.pool, "_max_overflow", 0)
    connections = [await database.engine.connect() for _ in range(5)]
    with pytest.raises(DatabaseBusyError, match="does not answer"):
        async with database.connect():
            pass
    for connection in connections:
        await connection.close()
