"""The journal: the runs of a sync, their write-ahead log, and the baselines of the three-way merge."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from stash import kill_points
from stash.errors import StateError
from stash.journal import upkeep
from stash.journal.baselines import Baselines
from stash.journal.connection import NO_TABLES, JournalConnection, translated_errors
from stash.journal.fingerprints import Fingerprints
from stash.journal.history import History
from stash.journal.log import WriteAheadLog, store_outcomes
from stash.journal.looks import Looks
from stash.journal.models import sync_entity
from stash.journal.restores import Restores
from stash.journal.runs import Runs
from stash.journal.servers import Servers
from stash.journal.state import open_state
from stash.journal.undo_queries import UndoQueries
from stash.source.database import BUSY_SECONDS
from stash.source.errors import MissingDatabaseError, ReadOnlyDatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from pathlib import Path

    from stash.journal.baseline import Baseline
    from stash.journal.fingerprints import ChunkFingerprint
    from stash.journal.log_entry import Outcome
    from stash.source.database import Database


class Journal:
    """The `sync_` tables of one database, as seen for one Stash.

    Each component reads and writes one kind of record, on one connection. A read-only journal writes nothing.

    Every method raises StateError if the database cannot be used, RetriableError if it is locked.

    Attributes:
        copied: the copy of a downloader's database that was made when the journal was opened.
    """

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection
        self.copied: Path | None = None
        self.servers = Servers(connection)
        self.runs = Runs(connection)
        self.log = WriteAheadLog(connection)
        self.baselines = Baselines(connection, self.log)
        self.fingerprints = Fingerprints(connection)
        self.looks = Looks(connection)
        self.history = History(connection, self.runs, self.baselines)
        self.undo = UndoQueries(connection, self.runs)
        self.restores = Restores(connection)

    @classmethod
    async def open(
        cls, database: Database, *, state: Database | None = None, is_read_only: bool = False
    ) -> Self:
        """Open the journal. Unless it is read-only the tables are made or brought up to date.

        Before that, a downloader's SQLite database is copied. See `backup`.

        Args:
            database: the metadata database, whose `stash_id` columns are written back.
            state: the database of the `sync_` tables. The metadata database unless set otherwise.
            is_read_only: read what there is, and write nothing.
        """
        journal = cls(JournalConnection(database, state or database, is_read_only=is_read_only))
        if not is_read_only:
            journal._refuse_unwritable()
            await journal.prepare()
        return journal

    @classmethod
    @asynccontextmanager
    async def reading(
        cls, database: Database, state: str | None, busy_timeout: float = BUSY_SECONDS
    ) -> AsyncIterator[Self]:
        """Open the journal read-only, with the state database of that URL if one is set.

        Before the first run the journal is empty. `busy_timeout` is in seconds.
        """
        async with AsyncExitStack() as stack:
            kept = database
            if state is not None:
                with suppress(MissingDatabaseError):
                    opened = await open_state(state, read_only=True, busy_timeout=busy_timeout)
                    kept = await stack.enter_async_context(opened)
            connection = JournalConnection(database, kept, is_read_only=True)
            if state is not None and kept is database:
                connection.tables = NO_TABLES
            yield cls(connection)

    @classmethod
    @asynccontextmanager
    async def writing(cls, database: Database, state: str | None, busy_timeout: float) -> AsyncIterator[Self]:
        """Open the journal, with the state database of that URL if one is set. `busy_timeout` is in seconds."""
        async with AsyncExitStack() as stack:
            kept = None
            if state is not None:
                opened = await open_state(state, create=True, busy_timeout=busy_timeout)
                kept = await stack.enter_async_context(opened)
            yield await cls.open(database, state=kept)

    def _refuse_unwritable(self) -> None:
        path = self._db.state.path
        if path is not None and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)):
            raise StateError(
                f"The database {path}, or its folder, may only be read; allow writing there, or have stash-sync keep "
                "what it remembers elsewhere: set STASH_SYNC_STATE_URL to a path of its own."
            )

    async def prepare(self) -> None:
        """Create the tables, or migrate them to the newest version."""
        async with self._db.reading() as connection:
            if await upkeep.is_current(self._db.state, connection):
                return
        if not self._db.state.has_table(sync_entity.name):
            await self._backup_before_writing()
        async with self._db.writing() as connection:
            await connection.run_sync(upkeep.bring_up)

    async def _backup_before_writing(self) -> None:
        try:
            self.copied = await self.backup()
        except StateError:
            # A folder that takes no copy takes no write of SQLite's either, so no ids are written back there.
            if self._db.state is self._db.database or not self._is_in_a_read_only_folder():
                raise

    def _is_in_a_read_only_folder(self) -> bool:
        path = self._db.database.path
        return path is not None and not os.access(path.parent, os.W_OK)

    async def record(
        self,
        baselines: Iterable[Baseline],
        id_writebacks: Iterable[tuple[str, int, int | None]] = (),
        outcomes: Sequence[Outcome] = (),
        fingerprints: Sequence[ChunkFingerprint] = (),
    ) -> int:
        """Store baselines, outcomes and fingerprints, and write ids back to the downloader's rows.

        All of that is one transaction over several components, so that a killed run leaves all of it or nothing.
        The last applied values of an entity, and those that killed runs had in flight, become earlier values. The
        entries of these killed runs are thereby applied.

        Returns:
            The number of baselines that differed from the stored ones. An unchanged one is not written.
        """
        ids = list(id_writebacks)
        is_one_database = self._db.state is self._db.database
        changed, applied = await self.baselines.changed(list(baselines))
        async with self._db.writing() as connection:
            await store_outcomes(connection, [*outcomes, *applied])
            await self.baselines.store(connection, changed)
            await self.fingerprints.store(connection, fingerprints)
            await self.runs.store_time(connection, max((row["updated_at"] for row in changed), default=""))
            if ids and is_one_database:
                await self._db.database.write_back_ids(connection, ids)
        if ids and not is_one_database:
            await self._write_back_ids(ids)
        kill_points.reached("after-record")
        return len(changed)

    async def _write_back_ids(self, ids: Sequence[tuple[str, int, int | None]]) -> None:
        """Write ids back to a metadata database without our tables. A read-only one stays as it is."""
        async with translated_errors():
            with suppress(ReadOnlyDatabaseError):
                async with self._db.database.begin() as connection:
                    await self._db.database.write_back_ids(connection, ids)

    async def backup(self) -> Path | None:
        """Copy a downloader's SQLite database to `<name>.before-stash-sync` beside it, once.

        Returns:
            The copy. None if none was needed or it is there already.
        """
        path = self._db.database.path
        if path is None or self._db.database.is_ours:
            return None
        return await asyncio.to_thread(upkeep.copy_beside, path)

    async def forget(self) -> Path | None:
        """Drop the `sync_` tables, if there are any, and nothing else.

        Returns:
            The copy of the database that was made before. None if none could be made, as for PostgreSQL.
        """
        path, copy = self._db.state.path, None
        if path is not None and self._db.state.has_table(sync_entity.name):
            copy = await asyncio.to_thread(upkeep.copy_beside, path, upkeep.FORGET_SUFFIX)
        async with self._db.writing() as connection:
            await connection.run_sync(upkeep.drop)
        self._db.select_server("")
        self._db.tables = NO_TABLES
        return copy
