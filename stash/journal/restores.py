"""The journal, as far as it is rolled back to the moment to which Stash was put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from stash.journal.models import sync_change, sync_entity, sync_part, sync_run
from stash.journal.undo_queries import TakingBack
from stash.journal.values import Baseline, LogEntry, SourceKey, baseline_of, baseline_row, operations_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

LOST = "lost"
"""The outcome of a run whose writes a restored backup of Stash has undone."""


_LAST_WRITE = case(
    (sync_entity.c.updated_at > sync_entity.c.created_at, sync_entity.c.updated_at),
    else_=sync_entity.c.created_at,
)


class Lost(NamedTuple):
    """What the journal has that Stash lost: records, and the operations of the lost runs, in their order."""

    baselines: Sequence[Baseline]
    operations: Sequence[LogEntry]


class RollingBack(TakingBack):
    """Finds what is lost since a moment of Stash's clock, and forgets that it was written."""

    async def lost_since(self, moment: str) -> Lost:
        """Return the records whose last write is lost, and the applied operations of the runs that wrote them."""
        runs = select(sync_run.c.id).where(self._is_lost(moment), sync_run.c.command.not_like("undo %"))
        changes = select(sync_change).where(sync_change.c.run_id.in_(runs)).order_by(sync_change.c.id)
        late = or_(sync_entity.c.updated_at >= moment, sync_entity.c.created_at >= moment)
        async with self._reading() as connection:
            operations = [one for row in await connection.execute(changes) for one in operations_of(row)]
            baselines = await self._baselines(connection, late)
        return Lost(baselines, [one for one in operations if one.state == "applied"])

    async def written_at(self, moment: str) -> list[Baseline]:
        """Return the records whose last write, or whose creation, was in one second of Stash's clock."""
        async with self._reading() as connection:
            return await self._baselines(connection, _LAST_WRITE.in_([moment]))

    async def _baselines(self, connection: AsyncConnection, which: ColumnElement[bool]) -> list[Baseline]:
        query = self._select_entities().where(sync_entity.c.server_id == self._server, which)
        rows = await connection.execute(query)
        return [baseline_of(row, SourceKey(row.kind, row.source_id)) for row in rows]

    async def roll_back(self, moment: str, kept: Sequence[Baseline], gone: Collection[Baseline]) -> None:
        """Store the records as they were at a moment, in one transaction. A read-only journal keeps them in memory.

        Args:
            moment: from when on the writes are lost.
            kept: records to be stored.
            gone: records of entities that Stash has no more.
        """
        if self._is_read_only:
            self._rolled_back = {(one.type, one.key): one for one in kept} | {
                (one.type, one.key): None for one in gone
            }
            return
        key = sync_entity.primary_key.columns
        key_names = [column.name for column in key]
        old = delete(sync_entity).where(and_(*[column == bindparam(column.name) for column in key]))
        rows = [baseline_row(self._server, baseline) for baseline in (*kept, *gone)]
        async with self._writing() as connection:
            if rows:
                places = [{name: row[name] for name in key_names} for row in rows]
                await connection.execute(old, places)
            if kept:
                await connection.execute(sync_entity.insert(), rows[: len(kept)])
            await connection.execute(delete(sync_part).where(sync_part.c.server_id == self._server))
            lost = select(sync_run.c.id).where(self._is_lost(moment))
            await connection.execute(delete(sync_change).where(sync_change.c.run_id.in_(lost)))
            over = update(sync_run).where(self._is_lost(moment))
            await connection.execute(over.values(outcome=LOST, stash_time=None))
        self._absent.clear()

    async def forget_times(self) -> None:
        """Forget when Stash took our writes: its clock was wrong."""
        if self._is_read_only:
            return
        entities = update(sync_entity).where(sync_entity.c.server_id == self._server)
        runs = update(sync_run).where(sync_run.c.server_id == self._server)
        async with self._writing() as connection:
            await connection.execute(entities.values(updated_at=""))
            await connection.execute(runs.values(stash_time=None))

    def _is_lost(self, moment: str) -> ColumnElement[bool]:
        """Select the runs of this server that wrote at or after a moment."""
        is_late = func.coalesce(sync_run.c.stash_time, "") >= moment
        return and_(sync_run.c.server_id == self._server, is_late)
