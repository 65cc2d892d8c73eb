"""Runs: when they began, whether they live, how they ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, update

from stash.journal.models import sync_run
from stash.journal.servers import Servers
from stash.journal.values import RunRow, run_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection


class Runs(Servers):
    """The journal, as far as it keeps runs."""

    async def begin(self, command: str, creators: Sequence[str]) -> int:
        """Note that a run has begun. Return its number."""
        now = datetime.now(UTC)
        row = {
            "server_id": self._server,
            "command": command,
            "creators": json.dumps(list(creators)),
            "started_at": now,
            "heartbeat_at": now,
        }
        async with self._writing() as connection:
            result = await connection.execute(insert(sync_run).values(row).returning(sync_run.c.id))
            run = int(result.scalar_one())
        self._runs.add(run)
        return run

    async def heartbeat(self, run: int) -> None:
        """Note that a run is alive."""
        await self._update_run(run, heartbeat_at=datetime.now(UTC))

    async def end(self, run: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Note how a run ended."""
        now = datetime.now(UTC)
        await self._update_run(
            run, ended_at=now, heartbeat_at=now, outcome=outcome, counts=json.dumps(counts)
        )

    async def _update_run(self, run: int, **values: Any) -> None:
        async with self._writing() as connection:
            await connection.execute(update(sync_run).where(sync_run.c.id == run).values(values))

    async def _note_time(self, connection: AsyncConnection, moment: str) -> None:
        """Note when Stash took the last write of the run that is under way, by Stash's clock."""
        if moment and self._runs:
            is_later = func.coalesce(sync_run.c.stash_time, "") < moment
            later = update(sync_run).where(sync_run.c.id == max(self._runs), is_later)
            await connection.execute(later.values(stash_time=moment))

    async def run(self, run: int) -> RunRow | None:
        """One run. None where there is none of that number."""
        return next(iter(await self._rows_of(self._select_runs().where(sync_run.c.id == run))), None)

    async def runs(self, limit: int = 20) -> list[RunRow]:
        """The newest runs, newest first."""
        return await self._rows_of(self._select_runs().order_by(sync_run.c.id.desc()).limit(limit))

    async def undos(self) -> list[RunRow]:
        """The runs that took another one back, newest first."""
        query = self._select_runs().where(sync_run.c.command.startswith("undo "))
        return await self._rows_of(query.order_by(sync_run.c.id.desc()))

    async def _rows_of(self, query: Any) -> list[RunRow]:
        if not self._has_tables:
            return []
        async with self._reading() as connection:
            return [run_row(row) for row in await connection.execute(query)]
