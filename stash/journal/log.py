"""Operations: noted before they are sent, settled when Stash has answered."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, insert, select, text, update

from stash.journal.models import sync_change, sync_run
from stash.journal.runs import Runs
from stash.journal.values import (
    LogEntry,
    LogPosition,
    Outcome,
    SourceKey,
    batch_row,
    operations_of,
    with_outcomes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

IS_PLANNED = text("state = 'planned'")
"""Spelt out, so that SQLite uses the index of these rows."""


HAS_WRITTEN = exists().where(sync_change.c.run_id == sync_run.c.id, sync_change.c.state != "failed")
"""The condition of a run that changed Stash, or may have."""


class Operations(Runs):
    """The journal, as far as it keeps operations."""

    async def plan(self, run: int, operations: Sequence[LogEntry]) -> list[LogPosition]:
        """Note what is about to be sent together, in one transaction. Return where each is."""
        if not operations:
            return []
        self._runs.add(run)
        row = batch_row(self._server, run, operations)
        async with self._writing() as connection:
            noted = await connection.execute(_NOTING, row)
            batch = int(noted.scalar_one())
        return [LogPosition(batch, place, row["size"]) for place in range(row["size"])]

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Note what became of planned operations."""
        if outcomes:
            async with self._writing() as connection:
                await settle(connection, outcomes)

    async def operations(self, run: int) -> list[LogEntry]:
        """Return what a run did or was about to do, in its order."""
        if not self._has_operations:
            return []
        query = select(sync_change).where(sync_change.c.run_id == run).order_by(sync_change.c.id)
        async with self._reading() as connection:
            return [one for row in await connection.execute(query) for one in operations_of(row)]

    async def _planned(
        self, connection: AsyncConnection, *conditions: Any
    ) -> dict[tuple[str, SourceKey], list[LogEntry]]:
        """Return what is still planned, oldest first, by type and stored key."""
        found: defaultdict[tuple[str, SourceKey], list[LogEntry]] = defaultdict(list)
        if not self._has_operations:
            return found
        query = select(sync_change).where(sync_change.c.server_id == self._server, IS_PLANNED, *conditions)
        for row in await connection.execute(query.order_by(sync_change.c.id)):
            for one in operations_of(row):
                if one.state == "planned":
                    found[one.type, one.key].append(one)
        return found

    async def retain(self, keep_runs: int) -> None:
        """Delete the operations of old runs. Those of the newest `keep_runs` runs that wrote anything stay.

        A run that changed nothing takes no place of these. Its refused operations stay while it is among the newest
        `keep_runs` of all. A batch with a planned operation stays, because it may yet turn out to be applied.
        """
        runs = (
            select(sync_run.c.id)
            .where(sync_run.c.server_id == self._server)
            .order_by(sync_run.c.id.desc())
            .limit(keep_runs)
        )
        old = delete(sync_change).where(
            sync_change.c.server_id == self._server,
            sync_change.c.state != "planned",
            sync_change.c.run_id.not_in(runs.scalar_subquery()),
            sync_change.c.run_id.not_in(runs.where(HAS_WRITTEN).scalar_subquery()),
        )
        async with self._writing() as connection:
            await connection.execute(old)


async def settle(connection: AsyncConnection, outcomes: Iterable[Outcome]) -> None:
    """Note what became of operations, in the caller's transaction."""
    batches: defaultdict[int, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        batches[one.id.batch].append(one)
    if not batches:
        return
    partly = [
        batch for batch, some in batches.items() if len({one.id.place for one in some}) < some[0].id.size
    ]
    rows = await connection.execute(_KNOWN, {"batches": partly}) if partly else ()
    known = {row.id: row.outcomes for row in rows}
    settled = [with_outcomes(some, known.get(batch, "{}")) for batch, some in batches.items()]
    await connection.execute(_SETTLING, settled)


# To make a statement costs more than to execute it, so those of every batch are made once.
_NOTING = insert(sync_change).returning(sync_change.c.id)
_KNOWN = (
    select(sync_change.c.id, sync_change.c.outcomes)
    .where(sync_change.c.id.in_(bindparam("batches", expanding=True)))
    .with_for_update()
)
_SETTLING = (
    update(sync_change)
    .where(sync_change.c.id == bindparam("batch"))
    .values(state=bindparam("new"), outcomes=bindparam("became"))
)
