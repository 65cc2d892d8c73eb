"""Runs: their begin, their heartbeat, their end."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from stash.errors import SyncError
from stash.journal.models import sync_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.connection import JournalConnection
    from stash.report import Report


@dataclass(frozen=True)
class RunRow:
    """One recorded run. A run without an outcome whose heartbeat is old was killed."""

    id: int
    command: str
    creators: Sequence[str]
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None
    outcome: str | None
    counts: Mapping[str, Any]


class Runs:
    """Stores runs, and finds them."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def begin(self, command: str, creators: Sequence[str]) -> int:
        """Store the begin of a run. Return its number."""
        now = datetime.now(UTC)
        row = {
            "server_id": self._db.server,
            "command": command,
            "creators": json.dumps(list(creators)),
            "started_at": now,
            "heartbeat_at": now,
        }
        async with self._db.writing() as connection:
            result = await connection.execute(insert(sync_run).values(row).returning(sync_run.c.id))
            run = int(result.scalar_one())
        self._db.own_runs.add(run)
        return run

    async def resume(self, run: int) -> int:
        """Continue a run that did not end. Return its number."""
        self._db.own_runs.add(run)
        await self._update(run, ended_at=None, outcome=None)
        await self.heartbeat(run)
        return run

    async def heartbeat(self, run: int) -> None:
        """Store that a run is alive."""
        await self._update(run, heartbeat_at=datetime.now(UTC))

    async def end(self, run: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Store the end of a run, and its outcome."""
        now = datetime.now(UTC)
        await self._update(run, ended_at=now, heartbeat_at=now, outcome=outcome, counts=json.dumps(counts))

    @asynccontextmanager
    async def ending(self, run: int, report: Report) -> AsyncIterator[None]:
        """Store how a run ends: with the outcome of its report, or as failed if an error leaves the block."""
        try:
            yield
        except BaseException:
            with suppress(SyncError):
                await self.end(run, "failed", report.summary())
            raise
        await self.end(run, report.header.outcome, report.summary())

    async def _update(self, run: int, **values: Any) -> None:
        async with self._db.writing() as connection:
            await connection.execute(update(sync_run).where(sync_run.c.id == run).values(values))

    async def store_time(self, connection: AsyncConnection, moment: str) -> None:
        """Store when Stash took the last write of the current run, by Stash's clock, in the caller's transaction."""
        if moment and self._db.own_runs:
            is_later = func.coalesce(sync_run.c.stash_time, "") < moment
            later = update(sync_run).where(sync_run.c.id == max(self._db.own_runs), is_later)
            await connection.execute(later.values(stash_time=moment))

    async def find(self, run: int) -> RunRow | None:
        """Return the run of a number. None if there is no such run."""
        return next(iter(await self.where(sync_run.c.id == run)), None)

    async def newest(self, limit: int = 20) -> list[RunRow]:
        """Return the newest runs, newest first."""
        return await self.where(limit=limit)

    async def undos(self) -> list[RunRow]:
        """Return the runs that undid another one, newest first."""
        return await self.where(sync_run.c.command.startswith("undo "))

    async def where(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[RunRow]:
        """Return the runs that meet all conditions, newest first."""
        if not self._db.tables.exist:
            return []
        # Tables of an older version have no `stash_time`.
        columns = [column for column in sync_run.c if column.name != "stash_time"]
        query = select(*columns).where(*conditions).order_by(sync_run.c.id.desc()).limit(limit)
        async with self._db.reading() as connection:
            return [_run_from_row(row) for row in await connection.execute(query)]


def _run_from_row(row: Any) -> RunRow:
    return RunRow(
        id=row.id,
        command=row.command,
        creators=json.loads(row.creators),
        started_at=_instant(row.started_at),
        heartbeat_at=_instant(row.heartbeat_at),
        ended_at=None if row.ended_at is None else _instant(row.ended_at),
        outcome=row.outcome,
        counts=json.loads(row.counts or "{}"),
    )


def _instant(value: datetime) -> datetime:
    """Return an instant in UTC. SQLite forgets the zone, which is always UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
