"""Queries of undo: the runs that can be undone, and the entities that later runs replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from stash.journal.log_entry import entries_from_row
from stash.journal.models import sync_change, sync_run

if TYPE_CHECKING:
    from stash.journal.connection import JournalConnection
    from stash.journal.log_entry import LogEntry
    from stash.journal.runs import RunRow, Runs


class UndoQueries:
    """Answers questions about the runs with the selected server."""

    def __init__(self, connection: JournalConnection, runs: Runs) -> None:
        self._db = connection
        self._runs = runs

    async def undoable_runs(self) -> list[RunRow]:
        """Return the runs with this Stash that changed anything and have their entries still, newest first."""
        if not self._db.tables.has_log:
            return []
        changing = select(sync_change.c.run_id).where(sync_change.c.state != "failed")
        return await self._runs.where(sync_run.c.server_id == self._db.server, sync_run.c.id.in_(changing))

    async def newest_run(self, command: str) -> RunRow | None:
        """Return the newest run of a command with this Stash."""
        is_here, is_asked = sync_run.c.server_id == self._db.server, sync_run.c.command == command
        return next(iter(await self._runs.where(is_here, is_asked, limit=1)), None)

    async def replaced_since(self, run: int) -> list[LogEntry]:
        """Return the deletions of later runs, and what their undos created again, in their order."""
        if not self._db.tables.has_log:
            return []
        later = (sync_run.c.server_id == self._db.server, sync_run.c.id > run)
        query = select(sync_change, sync_run.c.command.startswith("undo ").label("is_undo")).join(sync_run)
        found: list[LogEntry] = []
        async with self._db.reading() as connection:
            for row in await connection.execute(query.where(*later).order_by(sync_change.c.id)):
                wanted = {"create", "destroy"} if row.is_undo else {"destroy"}
                found += [o for o in entries_from_row(row) if o.action in wanted and o.state == "applied"]
        return found

    async def is_here(self, run: int) -> bool:
        """Tell whether a run was with this Stash."""
        query = select(sync_run.c.server_id).where(sync_run.c.id == run)
        async with self._db.reading() as connection:
            return (await connection.execute(query)).scalar() == self._db.server
