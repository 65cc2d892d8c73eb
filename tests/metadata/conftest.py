"""Databases of every kind to read: the samples, and fresh ones in SQLite and PostgreSQL."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metadata.making import open_or_make
from stash.source.database import Database
from tests.postgres import postgres_cluster, postgres_database, postgres_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["postgres_cluster", "postgres_database", "postgres_url"]

SQLITE_SAMPLES = {
    "downloader_v0_15.sqlite": "v0_15",
    "downloader_v0_15_asis.sqlite": "v0_15",
    "downloader_orm_era.sqlite": "orm_era",
    "downloader_sqlite_era.sqlite3": "sqlite_era",
}


@pytest.fixture(params=SQLITE_SAMPLES)
def sqlite_sample(request: pytest.FixtureRequest, shared: Path, tmp_path: Path) -> Path:
    """A copy of each SQLite database of the downloader in turn."""
    return Path(shutil.copy(shared / "samples" / request.param, tmp_path))


@pytest.fixture
def v0_15(shared: Path, tmp_path: Path) -> Path:
    """A copy of the complete v0.15.1 database."""
    return Path(shutil.copy(shared / "samples" / "downloader_v0_15.sqlite", tmp_path))


@pytest.fixture
def restored_dump(shared: Path, postgres_database: Callable[[str], str]) -> str:
    """The downloader's PostgreSQL dump, restored."""
    dump = shared / "samples" / "downloader_v0_15.postgres.sql.gz"
    return postgres_database(gzip.decompress(dump.read_bytes()).decode())


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database of our own, in each kind."""
    if request.param == "sqlite":
        url = str(tmp_path / "metadata.sqlite")
    else:
        url = request.getfixturevalue("postgres_url")
    async with await open_or_make(url) as opened:
        yield opened


@pytest.fixture
async def foreign(database: Database) -> AsyncIterator[Database]:
    """A fresh database in each kind that does not say that it is ours, as if the downloader had made it."""
    async with database.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE metadata_origin")
    url = database.engine.url.render_as_string(hide_password=False)
    async with await Database.open(database.name if database.kind == "sqlite" else url) as opened:
        yield opened


def digest_of(path: Path) -> str:
    """A digest of every byte of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names_in(folder: Path) -> list[str]:
    """The names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def fill(path: Path, script: str = "") -> None:
    """A SQLite database made by a script."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


CORE = """
    CREATE TABLE accounts (id, username); CREATE TABLE media (id, "accountId", stash_id);
    CREATE TABLE account_media (id, "mediaId");
"""
