"""The driver of SQLite: few trips to its thread, and never more rows than asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiosqlite
import pytest
import sqlalchemy as sa

from metadata.making import open_or_make
from metadata.models import Account
from stash.source import sqlite_driver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stash.source.database import Database

NUMBERS = sa.text(
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT :many) SELECT i FROM n"
)
MANY = 2 * sqlite_driver.PREFETCHED_ROWS + 7


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database."""
    async with await open_or_make(str(tmp_path / "metadata.sqlite")) as opened:
        yield opened


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done in the driver's thread."""
    done: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(self, function, *arguments, **options):
        done.append(function.__name__)
        return await execute(self, function, *arguments, **options)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return done


async def test_a_statement_is_one_trip(database: Database, trips: list[str]) -> None:
    """A read is two trips, with the transaction's end; so is a write."""
    async with database.connect() as connection:  # the connection itself is made
        await connection.execute(NUMBERS, {"many": 1})
    trips.clear()
    async with database.connect() as connection:
        assert len((await connection.execute(NUMBERS, {"many": 10})).all()) == 10
    assert len(trips) == 2
    trips.clear()
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE accounts SET username = 'anna'"))
    assert len(trips) == 2


@pytest.mark.parametrize(
    "many",
    [
        0,
        1,
        sqlite_driver.PREFETCHED_ROWS - 1,
        sqlite_driver.PREFETCHED_ROWS,
        sqlite_driver.PREFETCHED_ROWS + 1,
        MANY,
    ],
)
async def test_all_rows_come(database: Database, many: int) -> None:
    """However many rows there are, all of them come, in their order, at once and one by one."""
    wanted = list(range(1, many + 1)) or [1]
    async with database.connect() as connection:
        assert list((await connection.execute(NUMBERS, {"many": max(1, many)})).scalars()) == wanted
        async with connection.stream(NUMBERS, {"many": max(1, many)}) as rows:
            assert [row.i async for row in rows] == wanted
        empty = await connection.execute(sa.text("SELECT id FROM accounts"))
        assert empty.all() == []


async def test_a_stream_is_read_in_parts(database: Database, trips: list[str]) -> None:
    """A stream brings so many rows at a time, never all of them."""
    rows = [{"id": number, "username": str(number)} for number in range(MANY)]
    async with database.begin() as connection:
        await connection.execute(sa.insert(Account), rows)
    async with database.connect() as connection:
        options = {"yield_per": 500}
        async with connection.stream(sa.select(Account.id), execution_options=options) as rows:
            trips.clear()
            sizes = [len(part) async for part in rows.partitions()]
    assert sum(sizes) == MANY
    assert max(sizes) <= 500
    assert trips.count("fetchmany") == 2
