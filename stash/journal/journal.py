"""What runs leave behind: which entity is which, what we saw and wrote of it, and what was done when."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from stash.errors import StateError
from stash.journal import upkeep
from stash.journal.models import sync_entity
from stash.journal.restores import RollingBack
from stash.journal.state import open_state
from stash.source.database import BUSY_SECONDS
from stash.source.errors import MissingDatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from stash.source.database import Database


class Journal(RollingBack):
    """The `sync_` tables of one database, as seen for one Stash.

    `database` is the metadata database, whose `stash_id` columns are stamped; `state` is where the `sync_` tables
    are, the same one unless set otherwise. A read-only journal recalls what there is and writes nothing.

    `copied` is the copy of a downloader's database that was made when the journal was opened.

    Every method raises StateError where the database cannot be used, RetriableError where it is locked.
    """

    copied: Path | None = None

    @classmethod
    async def open(
        cls, database: Database, *, state: Database | None = None, is_read_only: bool = False
    ) -> Journal:
        """Open the journal. Unless it is read-only the tables are made or brought up to date.

        Before that, a downloader's SQLite database is copied; see `backup`.
        """
        journal = cls(database, state or database, is_read_only=is_read_only)
        if not is_read_only:
            journal._see_that_it_may_be_written()
            await journal._prepare()
        return journal

    def _see_that_it_may_be_written(self) -> None:
        path = self._state.path
        if path is not None and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)):
            raise StateError(
                f"The database {path}, or its folder, may only be read; allow writing there, or have stash-sync keep "
                "what it remembers elsewhere: set STASH_SYNC_STATE_URL to a path of its own."
            )

    @classmethod
    @asynccontextmanager
    async def reading(
        cls, database: Database, state: str | None, busy_timeout: float = BUSY_SECONDS
    ) -> AsyncIterator[Self]:
        """The journal to be read, of the `state` with that URL where one is set. An empty one before the first run."""
        async with AsyncExitStack() as stack:
            kept = database
            if state is not None:
                with suppress(MissingDatabaseError):
                    kept = await stack.enter_async_context(
                        await open_state(state, read_only=True, busy_timeout=busy_timeout)
                    )
            journal = cls(database, kept, is_read_only=True)
            if state is not None and kept is database:
                journal._has_tables = journal._has_parts = journal._has_operations = False
            yield journal

    async def _prepare(self) -> None:
        async with self._reading() as connection:
            if await upkeep.is_current(self._state, connection):
                return
        if not self._state.has_table(sync_entity.name):
            await self._backup_before_writing()
        async with self._writing() as connection:
            await connection.run_sync(upkeep.bring_up)

    async def _backup_before_writing(self) -> None:
        try:
            self.copied = await self.backup()
        except StateError:
            # A folder that takes no copy takes no write of SQLite's either, so a database there gets no stamps.
            if self._state is self._database or not self._is_in_a_read_only_folder():
                raise

    def _is_in_a_read_only_folder(self) -> bool:
        path = self._database.path
        return path is not None and not os.access(path.parent, os.W_OK)

    async def backup(self) -> Path | None:
        """Copy a SQLite database that is not ours to `<name>.before-stash-sync` beside it, once.

        Returns:
            The copy; None where none was needed or it is there already.
        """
        path = self._database.path
        if path is None or self._database.is_ours:
            return None
        return await asyncio.to_thread(upkeep.copy_beside, path)

    async def forget(self) -> Path | None:
        """Drop the `sync_` tables, if there are any, and nothing else.

        Returns:
            The copy of the database that was made before; None where none could be, as for PostgreSQL.
        """
        path, copy = self._state.path, None
        if path is not None and self._state.has_table(sync_entity.name):
            copy = await asyncio.to_thread(upkeep.copy_beside, path, upkeep.FORGET_SUFFIX)
        async with self._writing() as connection:
            await connection.run_sync(upkeep.drop)
        self._server, self._has_tables, self._has_operations, self._has_parts = "", False, False, False
        return copy
