"""Drive SQLite with one trip to aiosqlite's thread a statement. aiosqlite makes four, which cost more than SQLite."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AHEAD = 5000
"""Rows that come back with the statement. Further rows are fetched in parts, so that a stream stays one."""

SILENCE = 3.0
"""Seconds that a transaction may take to begin before the wait is told."""

log = logging.getLogger(__name__)


class DriverConnection(aiosqlite.Connection):
    """A connection whose cursors are made and closed without its thread. `sqlite3.connect` takes the options."""

    def __init__(self, database: str, **options: object) -> None:
        connect = partial(sqlite3.connect, database, **options)
        super().__init__(connect, AHEAD)
        self._name = database
        self._thread.daemon = True
        self.to_begin = ""
        """Statement that begins the transaction, sent with the next statement: a trip of its own costs as much as a statement."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # no trip, so nothing to await
        """A cursor of this connection."""
        return Cursor(self, self._conn.cursor())

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Tell that the database is waited for, where the first statement of a transaction does not return."""
        if not self.to_begin:
            yield
            return
        timer = asyncio.get_running_loop().call_later(SILENCE, self._tell)
        try:
            yield
        finally:
            timer.cancel()

    def _tell(self) -> None:
        path = unquote(self._name.removeprefix("file:").partition("?")[0])
        sentence = f"waiting for the database {path} (another program may have locked it)"
        log.warning("database.waits", extra={"sentence": sentence})


class Cursor(aiosqlite.Cursor):
    """A cursor that brings the first rows back with the statement."""

    _conn: DriverConnection

    def __init__(self, connection: DriverConnection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._rows: list[Any] = []
        self._has_more = False

    async def execute(self, sql: str, parameters: Iterable[object] | None = None) -> Self:
        """Execute, and fetch what comes first."""
        with self._conn.beginning():
            self._rows = await self._execute(self._execute_and_fetch, sql, tuple(parameters or ()))  # type: ignore[no-untyped-call]
        self._has_more = len(self._rows) == AHEAD
        return self

    def _execute_and_fetch(self, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
        self._begin()
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(AHEAD)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[object]]) -> Self:
        """Execute with each of the parameters."""
        with self._conn.beginning():
            await self._execute(self._execute_many, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    def _execute_many(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        self._begin()
        self._cursor.executemany(sql, parameters)  # type: ignore[arg-type]  # rows of a driver are sequences

    def _begin(self) -> None:
        if self._conn.to_begin:
            self._cursor.execute(self._conn.to_begin)
            self._conn.to_begin = ""

    async def fetchone(self) -> tuple[Any, ...] | None:  # type: ignore[override]  # no row factory is set
        """The next row. None after the last."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows. None after the last."""
        if not self._rows and self._has_more:
            self._rows = await super().fetchmany(AHEAD)  # type: ignore[assignment]
            self._has_more = len(self._rows) == AHEAD
        taken, self._rows = self._rows[:size], self._rows[size or AHEAD :]
        return taken

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        if self._has_more:
            rows += await super().fetchall()
        return rows

    async def close(self) -> None:
        """Let go of the statement."""
        self._cursor.close()
