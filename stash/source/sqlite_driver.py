"""aiosqlite with one trip to its thread a statement instead of four, which cost more than SQLite itself."""

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
    from collections.abc import Generator, Iterable, Iterator

PREFETCHED_ROWS = 5000
"""The number of rows that come back with the statement. Further rows are fetched when they are read."""

WAIT_NOTICE_SECONDS = 3.0
"""The seconds that a transaction may take to begin before the wait is logged."""

log = logging.getLogger(__name__)


class DriverConnection(aiosqlite.Connection):
    """A connection that creates and closes cursors without its thread. `sqlite3.connect` takes the options."""

    def __init__(self, database: str, **options: object) -> None:
        connect = partial(sqlite3.connect, database, **options)
        super().__init__(connect, PREFETCHED_ROWS)
        self._name = database
        self._thread.daemon = True
        self.begin_statement = ""
        """The statement that begins the transaction, sent with the next one to save a trip to the thread."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # no trip, so nothing to await
        """Make a cursor of this connection."""
        return Cursor(self, self._conn.cursor())

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Log that the run waits for the database, if the first statement of a transaction does not return."""
        if not self.begin_statement:
            yield
            return
        timer = asyncio.get_running_loop().call_later(WAIT_NOTICE_SECONDS, self._log_wait)
        try:
            yield
        finally:
            timer.cancel()

    def _log_wait(self) -> None:
        path = unquote(self._name.removeprefix("file:").partition("?")[0])
        sentence = f"waiting for the database {path} (another program may have locked it)"
        log.warning("database.waits", extra={"sentence": sentence})


class Cursor(aiosqlite.Cursor):
    """A cursor that fetches the first rows with the statement."""

    _conn: DriverConnection

    def __await__(self) -> Generator[None, None, Self]:
        """Return the cursor itself: SQLAlchemy 2.0 awaits `cursor()`, later versions do not."""
        return self
        yield  # makes this a generator, as awaiting needs

    def __init__(self, connection: DriverConnection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._rows: list[Any] = []
        self._has_more = False

    async def execute(self, sql: str, parameters: Iterable[object] | None = None) -> Self:
        """Execute a statement, and fetch its first rows."""
        with self._conn.beginning():
            self._rows = await self._execute(self._execute_and_fetch, sql, tuple(parameters or ()))  # type: ignore[no-untyped-call]
        self._has_more = len(self._rows) == PREFETCHED_ROWS
        return self

    def _execute_and_fetch(self, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
        self._begin()
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(PREFETCHED_ROWS)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[object]]) -> Self:
        """Execute a statement with each of the parameters."""
        with self._conn.beginning():
            await self._execute(self._execute_many, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    def _execute_many(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        self._begin()
        self._cursor.executemany(sql, parameters)  # type: ignore[arg-type]  # rows of a driver are sequences

    def _begin(self) -> None:
        if self._conn.begin_statement:
            self._cursor.execute(self._conn.begin_statement)
            self._conn.begin_statement = ""

    async def fetchone(self) -> tuple[Any, ...] | None:  # type: ignore[override]  # no row factory is set
        """Return the next row. None after the last."""
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows, an empty list after the last."""
        if not self._rows and self._has_more:
            self._rows = await super().fetchmany(PREFETCHED_ROWS)  # type: ignore[assignment]
            self._has_more = len(self._rows) == PREFETCHED_ROWS
        taken, self._rows = self._rows[:size], self._rows[size or PREFETCHED_ROWS :]
        return taken

    async def fetchall(self) -> list[Any]:
        """Return all remaining rows."""
        rows, self._rows = self._rows, []
        if self._has_more:
            rows += await super().fetchall()
        return rows

    async def close(self) -> None:
        """Close the statement."""
        self._cursor.close()
