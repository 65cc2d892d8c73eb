"""What every part of the journal stands on: the databases, and for which Stash everything is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, literal, select

from stash.errors import RetriableError, StateError
from stash.journal.models import sync_change, sync_entity, sync_part, sync_run
from stash.source.errors import DatabaseBusyError, MetadataError
from stash.source.reading.source import SourceQueries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.values import Baseline, SourceKey
    from stash.source.database import Database


class JournalBase:
    """Holds the two databases: the metadata's, and the one of the `sync_` tables."""

    def __init__(self, database: Database, state: Database, *, is_read_only: bool) -> None:
        self._database = database
        self._state = state
        self._is_read_only = is_read_only
        self._source = SourceQueries(self._state)
        self._server = ""
        self._runs: set[int] = set()
        # What was looked for last, and of which nothing is kept; nobody else writes meanwhile.
        self._absent: set[tuple[str, SourceKey]] = set()
        self._turn = asyncio.Lock()
        # What a dry run takes for rolled back: by type and key, None where nothing is remembered any more.
        self._rolled_back: dict[tuple[str, SourceKey], Baseline | None] = {}
        self._has_tables = not is_read_only or state.has_table(sync_entity.name)
        # A dry run may meet tables of an older version, which had none of these, or had them in another form.
        self._has_parts = not is_read_only or state.has_table(sync_part.name)
        self._has_operations = not is_read_only or "outcomes" in state.columns(sync_change.name)
        self._has_times = not is_read_only or "updated_at" in state.columns(sync_entity.name)

    def _select_entities(self) -> Select[Any]:
        """Select rows of `sync_entity`. Tables of an older version have no `updated_at`."""
        known = [c for c in sync_entity.c if self._has_times or c.name != "updated_at"]
        return select(*known) if self._has_times else select(*known, literal("").label("updated_at"))

    def _select_runs(self) -> Select[Any]:
        """Select rows of `sync_run`, without the time that tables of an older version do not have."""
        return select(*[c for c in sync_run.c if c.name != "stash_time"])

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        async with ours(), self._state.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        async with self._turn, ours(), self._state.begin() as connection:
            yield connection


@asynccontextmanager
async def ours() -> AsyncIterator[None]:
    """Errors of the database become ours."""
    try:
        yield
    except DatabaseBusyError as error:
        raise RetriableError(str(error)) from error
    except MetadataError as error:
        raise StateError(str(error)) from error
