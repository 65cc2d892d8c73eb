"""The metadata database: the downloader's, opened as it is in every version, or our own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal, Self

from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from stash.source.engines import WRITES, Address, DatabaseKind, connecting, make_engine, our_errors
from stash.source.errors import (
    DatabaseBusyError,
    DatabaseUnusableError,
    MissingDatabaseError,
    UnknownDatabaseError,
)
from stash.source.id_writeback import TABLES_WITH_STASH_ID, id_writeback
from stash.source.immutable import immutable_read
from stash.source.values import as_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from stash.source.immutable import ImmutableRead

SchemaVersion = Literal["v0_15", "orm_era", "sqlite_era"]

BUSY_SECONDS = 10.0
"""The seconds to wait for a locked SQLite database."""

ORIGIN = "metadata_origin"
"""The table that marks a database of stash-sync's own."""

FACTS = "metadata_facts"
"""The table of payload values beyond the downloader's columns, in a database of stash-sync's own."""

_CORE_TABLES = ("accounts", "media", "account_media")
_COLUMNS = {
    "sqlite": """
        SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
        WHERE m.type = 'table'""",
    "postgresql": """
        SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = ANY (current_schemas(false))""",
}
_VIEWS = "SELECT name FROM sqlite_master WHERE type = 'view'"
_COLUMNS_OF_VIEW = "SELECT name FROM pragma_table_info(:view)"


class Database:
    """An open metadata database. Make one with `await Database.open(...)`, close it with `await close()`.

    Every error of the database and its driver that leaves `connect()`, `begin()` or `write_back_ids()` is one of
    `stash.source.errors`.
    """

    def __init__(self, address: Address, engine: AsyncEngine, *, read_only: bool) -> None:
        self._address = address
        self._columns: Mapping[str, frozenset[str]] = {}
        self.engine = engine
        # SQLite reads of one moment by itself, PostgreSQL has to be told.
        of_one_moment = {"isolation_level": "REPEATABLE READ"} if self.kind == "postgresql" else {}
        self._reading = engine.execution_options(**of_one_moment)
        self.read_only = read_only
        self._immutable_read: ImmutableRead | None = None

    @classmethod
    async def open(cls, url: str, *, read_only: bool = False, busy_timeout: float = BUSY_SECONDS) -> Self:
        """Open a metadata database: a SQLite file (a path, `sqlite:///…`) or PostgreSQL (`postgresql://…`).

        A database of the downloader is opened unchanged. One in WAL mode beside which nothing may be written is
        opened for reading alone. `busy_timeout` is in seconds.

        Raises:
            MissingDatabaseError: there is no such file.
            UnknownDatabaseError: it is no database, or has none of the known schemas.
            DatabaseUnusableError: it is locked, full or damaged, or its server does not answer.
        """
        async with AsyncExitStack() as on_failure:
            database = await cls.open_any(url, read_only=read_only, busy_timeout=busy_timeout)
            on_failure.push_async_callback(database.close)
            await database.check()
            on_failure.pop_all()
        return database

    @classmethod
    async def open_any(
        cls, url: str, *, create: bool = False, read_only: bool = False, busy_timeout: float = BUSY_SECONDS
    ) -> Self:
        """Open a database whatever tables it has. See `open`. `create` makes the file of a missing one.

        Raises:
            MissingDatabaseError: there is no such file.
            DatabaseUnusableError: it is no database, locked, full or damaged, or its server does not answer.
        """
        address = Address.parse(url)
        is_missing = address.path is not None and not address.path.is_file()
        if address.path is not None and is_missing:
            if not create:
                raise MissingDatabaseError(_why_missing(address.path))
            with connecting(address):
                address.path.parent.mkdir(parents=True, exist_ok=True)
        mode: Literal["ro", "rw", "rwc"] = "rwc" if is_missing else "ro" if read_only else "rw"
        database = cls(address, make_engine(address, mode, busy_timeout), read_only=read_only)
        try:
            return await database._opened()
        except DatabaseBusyError:
            raise
        except DatabaseUnusableError:
            read = await asyncio.to_thread(immutable_read, address)
            if read is None:
                raise
        database = cls(address, make_engine(read.address, "ro", busy_timeout), read_only=True)
        database._immutable_read = read
        return await database._opened()

    async def _opened(self) -> Self:
        try:
            await self.look()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. A closed database opens new ones when it is used again."""
        await self.engine.dispose()
        if self._immutable_read is not None:
            self._immutable_read.close()

    @property
    def kind(self) -> DatabaseKind:
        """`sqlite` or `postgresql`."""
        return self._address.kind

    @property
    def name(self) -> str:
        """Return the path of the database, or its URL without the password."""
        return self._address.name

    @property
    def path(self) -> Path | None:
        """Return the file of a SQLite database."""
        return self._address.path

    @property
    def is_ours(self) -> bool:
        """Tell whether the database is stash-sync's own. Only then may rows be ingested."""
        return self.has_table(ORIGIN)

    @property
    def version(self) -> SchemaVersion:
        """Return the version of the downloader's schema. A database of our own has that of v0.15."""
        if any(map(self.has_table, ("media_stories", "monitor_state", "subscriptions"))):
            return "v0_15"
        return "orm_era" if self.has_table("stub_tracker") else "sqlite_era"

    @property
    def is_empty(self) -> bool:
        """Tell whether the database is without tables."""
        return not self._columns

    def has_table(self, name: str) -> bool:
        """Tell whether the database has a table or view of that name."""
        return name in self._columns

    def columns(self, table_name: str) -> frozenset[str]:
        """Return the columns of a table. An absent table has none."""
        return self._columns.get(table_name, frozenset())

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading. Everything read through it is of one moment."""
        async with AsyncExitStack() as stack:
            with connecting(self._address):
                connection = await stack.enter_async_context(self._reading.connect())
            with self.errors():
                yield connection
                if self._immutable_read is not None:
                    self._immutable_read.check()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for writing. It is committed at the end, and rolled back on any error."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self.errors())
            with connecting(self._address):
                writer = self.engine.execution_options(**{WRITES: True})
                connection = await stack.enter_async_context(writer.begin())
            yield connection

    def errors(self) -> AbstractContextManager[None]:
        """Translate errors of the database and its driver to those of `stash.source.errors`."""
        return our_errors(self._address)

    async def write_back_ids(
        self, connection: AsyncConnection, writebacks: Iterable[tuple[str, int, int | None]]
    ) -> None:
        """Write Stash ids to rows of `accounts`, `posts`, `messages` or `media`, in the caller's transaction.

        One statement a table. A row that has its id already is not written. Absent tables and columns are skipped.

        Args:
            connection: the connection of the caller's transaction.
            writebacks: the table, the id of its row and the Stash id, each.
        """
        by_table: defaultdict[str, dict[int, int | None]] = defaultdict(dict)
        for table_name, row_id, stash_id in writebacks:
            if table_name not in TABLES_WITH_STASH_ID:
                raise ValueError(f"{table_name} rows carry no Stash id of ours")
            if "stash_id" in self.columns(table_name):
                by_table[table_name][row_id] = stash_id
        with self.errors():
            for table_name, ids in by_table.items():
                await connection.execute(id_writeback(self.kind, table_name), {"ids": as_json(ids)})

    async def look(self) -> None:
        """Read the names of the tables and columns."""
        async with self.connect() as connection:
            self._columns = await _read_columns(connection, self.kind)

    async def check(self) -> None:
        """Check that the database is a metadata database of a known version.

        Raises:
            UnknownDatabaseError: it has none of the known schemas.
        """
        if missing := [name for name in _CORE_TABLES if not {"id"} <= self.columns(name)]:
            raise UnknownDatabaseError(self._why_unknown(missing[0]))
        if not any("id" in self.columns(name) for name in ("posts", "messages")):
            raise UnknownDatabaseError(self._why_unknown("posts"))
        if self.kind == "sqlite" and self.is_ours:
            await self.engine.dispose()
            event.listen(self.engine.sync_engine, "connect", _enforce_foreign_keys)

    def _why_unknown(self, missing: str) -> str:
        if not self._columns:
            return f"The database {self.name} is empty; name the downloader's database, or ingest payloads into a new one."
        return (
            f"The database {self.name} has no usable table {missing}, so it is of no version that "
            "stash-sync knows; name the downloader's metadata database."
        )


def _why_missing(path: Path) -> str:
    if path.is_dir():
        return f"The database {path} is a folder; name the downloader's database file in it."
    return (
        f"The database {path} does not exist; name the downloader's database file, or ingest payloads first."
    )


async def _read_columns(connection: AsyncConnection, kind: DatabaseKind) -> Mapping[str, frozenset[str]]:
    columns: defaultdict[str, set[str]] = defaultdict(set)
    for table_name, column_name in await connection.execute(text(_COLUMNS[kind])):
        columns[table_name].add(column_name)
    if kind == "sqlite":
        for view in list(await connection.scalars(text(_VIEWS))):
            with suppress(OperationalError):  # a view of a table that is gone has no columns
                columns[view] |= set(await connection.scalars(text(_COLUMNS_OF_VIEW), {"view": view}))
    return {name: frozenset(found) for name, found in columns.items()}


def _enforce_foreign_keys(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


__all__ = ["BUSY_SECONDS", "FACTS", "ORIGIN", "Database", "SchemaVersion"]
