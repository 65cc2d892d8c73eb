"""The connection of the journal: its two databases, and the Stash server that every call refers to."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Select, literal, select

from stash.errors import RetriableError, StateError
from stash.journal.models import sync_change, sync_entity, sync_look, sync_part
from stash.source.errors import DatabaseBusyError, MetadataError
from stash.source.reading.source import SourceQueries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.baseline import Baseline
    from stash.journal.keys import RecordKey
    from stash.source.database import Database


class Tables(NamedTuple):
    """The `sync_` tables that a database has.

    A dry run migrates nothing, so it may meet those of an older version: without fingerprints, with another form of
    the log, without the times of Stash's writes, or without looks.
    """

    exist: bool = True
    has_fingerprints: bool = True
    has_log: bool = True
    has_times: bool = True
    has_looks: bool = True

    @classmethod
    def of(cls, state: Database) -> Tables:
        """Read off a database which tables it has."""
        return cls(
            state.has_table(sync_entity.name),
            state.has_table(sync_part.name),
            "outcomes" in state.columns(sync_change.name),
            "updated_at" in state.columns(sync_entity.name),
            state.has_table(sync_look.name),
        )


NO_TABLES = Tables(exist=False, has_fingerprints=False, has_log=False, has_times=False, has_looks=False)


class JournalConnection:
    """Leads to the metadata database, and to the state database, which holds the `sync_` tables.

    Attributes:
        server: the id of the Stash that every call refers to. Empty until one is selected.
        own_runs: the runs of this process.
        absent: keys that were looked up since the last change of server, and have no row. The lock of the run keeps
            other processes from adding one.
        rolled_back: baselines by key as a rollback would leave them, None for a deleted one. Only a dry run has any.
    """

    def __init__(self, database: Database, state: Database, *, is_read_only: bool) -> None:
        self.database = database
        self.state = state
        self.is_read_only = is_read_only
        self.tables = Tables.of(state) if is_read_only else Tables()
        self.server = ""
        self.own_runs: set[int] = set()
        self.absent: set[RecordKey] = set()
        self.rolled_back: dict[RecordKey, Baseline | None] = {}
        self._queries = SourceQueries(state)
        self._write_lock = asyncio.Lock()

    def select_server(self, server: str) -> None:
        """Have every later call refer to a server."""
        self.absent.clear()
        self.server = server

    def select_entities(self) -> Select[Any]:
        """Select rows of `sync_entity`. Tables of an older version have no `updated_at`."""
        if self.tables.has_times:
            return select(sync_entity)
        known = [column for column in sync_entity.c if column.name != "updated_at"]
        return select(*known, literal("").label("updated_at"))

    def within(self, column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[Any]:
        """Compare a column with any number of texts, as one parameter."""
        return self._queries.within(column, values)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection to the state database."""
        async with translated_errors(), self.state.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction on the state database, one at a time."""
        async with self._write_lock, translated_errors(), self.state.begin() as connection:
            yield connection


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Translate errors of a database to RetriableError and StateError."""
    try:
        yield
    except DatabaseBusyError as error:
        raise RetriableError(str(error)) from error
    except MetadataError as error:
        raise StateError(str(error)) from error
