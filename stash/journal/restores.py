"""Restored backups of Stash: the writes that are lost since a moment of its clock, and the rollback to that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from stash.journal.baseline import baseline_from_row, baseline_to_row
from stash.journal.log_entry import entries_from_row
from stash.journal.models import sync_change, sync_entity, sync_part, sync_run

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.baseline import Baseline
    from stash.journal.connection import JournalConnection
    from stash.journal.log_entry import LogEntry

OUTCOME_LOST = "lost"
"""The outcome of a run whose writes a restored backup of Stash has undone."""


_LAST_WRITE = case(
    (sync_entity.c.updated_at > sync_entity.c.created_at, sync_entity.c.updated_at),
    else_=sync_entity.c.created_at,
)


class LostWrites(NamedTuple):
    """The writes that Stash has lost: baselines, and the applied entries of the lost runs, in their order."""

    baselines: Sequence[Baseline]
    entries: Sequence[LogEntry]


class Restores:
    """Finds lost writes, and rolls the journal back."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def lost_since(self, moment: str) -> LostWrites:
        """Return the baselines whose last write is lost, and the applied entries of the runs that wrote them."""
        runs = select(sync_run.c.id).where(self._is_lost(moment), sync_run.c.command.not_like("undo %"))
        batches = select(sync_change).where(sync_change.c.run_id.in_(runs)).order_by(sync_change.c.id)
        late = or_(sync_entity.c.updated_at >= moment, sync_entity.c.created_at >= moment)
        async with self._db.reading() as connection:
            entries = [one for row in await connection.execute(batches) for one in entries_from_row(row)]
            baselines = await self._baselines(connection, late)
        return LostWrites(baselines, [one for one in entries if one.state == "applied"])

    async def written_at(self, moment: str) -> list[Baseline]:
        """Return the baselines whose last write, or whose creation, was in one second of Stash's clock."""
        async with self._db.reading() as connection:
            return await self._baselines(connection, _LAST_WRITE.in_([moment]))

    async def _baselines(self, connection: AsyncConnection, condition: ColumnElement[bool]) -> list[Baseline]:
        query = self._db.select_entities().where(sync_entity.c.server_id == self._db.server, condition)
        return list(map(baseline_from_row, await connection.execute(query)))

    async def roll_back(self, moment: str, kept: Sequence[Baseline], gone: Collection[Baseline]) -> None:
        """Store the baselines as they were at a moment, in one transaction. A read-only journal keeps them in memory.

        Args:
            moment: the time by Stash's clock from which on the writes are lost.
            kept: baselines to be stored.
            gone: baselines of entities that Stash has lost.
        """
        if self._db.is_read_only:
            self._db.rolled_back = {(one.type, one.key): one for one in kept} | {
                (one.type, one.key): None for one in gone
            }
            return
        rows = [baseline_to_row(self._db.server, baseline) for baseline in (*kept, *gone)]
        async with self._db.writing() as connection:
            if rows:
                names = [column.name for column in sync_entity.primary_key]
                await connection.execute(
                    _DELETE_ENTITY, [{name: row[name] for name in names} for row in rows]
                )
            if kept:
                await connection.execute(sync_entity.insert(), rows[: len(kept)])
            await connection.execute(delete(sync_part).where(sync_part.c.server_id == self._db.server))
            lost = select(sync_run.c.id).where(self._is_lost(moment))
            await connection.execute(delete(sync_change).where(sync_change.c.run_id.in_(lost)))
            over = update(sync_run).where(self._is_lost(moment))
            await connection.execute(over.values(outcome=OUTCOME_LOST, stash_time=None))
        self._db.absent.clear()

    async def forget_times(self) -> None:
        """Delete the times of our writes, because the clock of Stash was wrong."""
        if self._db.is_read_only:
            return
        entities = update(sync_entity).where(sync_entity.c.server_id == self._db.server)
        runs = update(sync_run).where(sync_run.c.server_id == self._db.server)
        async with self._db.writing() as connection:
            await connection.execute(entities.values(updated_at=""))
            await connection.execute(runs.values(stash_time=None))

    def _is_lost(self, moment: str) -> ColumnElement[bool]:
        """Select the runs of this server that wrote at or after a moment."""
        is_late = func.coalesce(sync_run.c.stash_time, "") >= moment
        return and_(sync_run.c.server_id == self._db.server, is_late)


_DELETE_ENTITY = delete(sync_entity).where(
    and_(*[column == bindparam(column.name) for column in sync_entity.primary_key])
)
