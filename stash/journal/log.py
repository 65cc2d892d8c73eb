"""The write-ahead log: entries are stored before they are sent, their outcomes once Stash has answered."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, insert, select, text, update

from stash.journal.log_entry import LogPosition, entries_from_row, entries_to_row, outcomes_to_row
from stash.journal.models import sync_change, sync_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.connection import JournalConnection
    from stash.journal.keys import RecordKey
    from stash.journal.log_entry import LogEntry, Outcome

IS_PLANNED = text("state = 'planned'")
"""Spelt out, so that SQLite uses the index of these rows."""


HAS_WRITTEN = exists().where(sync_change.c.run_id == sync_run.c.id, sync_change.c.state != "failed")
"""The condition of a run that changed Stash, or may have."""


class WriteAheadLog:
    """Stores the operations of runs, and reads them."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def log_sent(self, run: int, entries: Sequence[LogEntry]) -> list[LogPosition]:
        """Store the entries of one request before it is sent, in one transaction. Return their positions."""
        if not entries:
            return []
        self._db.own_runs.add(run)
        row = entries_to_row(self._db.server, run, entries)
        async with self._db.writing() as connection:
            result = await connection.execute(_INSERT_BATCH, row)
            batch = int(result.scalar_one())
        return [LogPosition(batch, place, row["size"]) for place in range(row["size"])]

    async def log_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Store the outcomes of entries."""
        if outcomes:
            async with self._db.writing() as connection:
                await store_outcomes(connection, outcomes)

    async def log_all_applied(self, run: int) -> None:
        """Store that Stash applied every entry of a run that has no outcome yet."""
        query = select(sync_change).where(sync_change.c.run_id == run, IS_PLANNED)
        async with self._db.writing() as connection:
            for row in (await connection.execute(query)).all():
                pending = [one for one in entries_from_row(row) if one.state == "planned"]
                await store_outcomes(connection, [one.applied(one.stash_id) for one in pending])

    async def entries(self, run: int) -> list[LogEntry]:
        """Return the entries of a run, in their order."""
        if not self._db.tables.has_log:
            return []
        query = select(sync_change).where(sync_change.c.run_id == run).order_by(sync_change.c.id)
        async with self._db.reading() as connection:
            return [one for row in await connection.execute(query) for one in entries_from_row(row)]

    async def in_flight(
        self, connection: AsyncConnection, *conditions: Any
    ) -> dict[RecordKey, list[LogEntry]]:
        """Return the entries without an outcome, oldest first, by type and stored key."""
        found: defaultdict[RecordKey, list[LogEntry]] = defaultdict(list)
        if not self._db.tables.has_log:
            return found
        query = select(sync_change).where(sync_change.c.server_id == self._db.server, IS_PLANNED, *conditions)
        for row in await connection.execute(query.order_by(sync_change.c.id)):
            for one in entries_from_row(row):
                if one.state == "planned":
                    found[one.type, one.key].append(one)
        return found

    async def retain(self, keep_runs: int) -> None:
        """Delete the entries of old runs. Those of the newest `keep_runs` runs that wrote anything stay.

        A run that changed nothing takes no place of these. Its refused entries stay while it is among the newest
        `keep_runs` of all. A batch with an entry in flight stays, because it may yet turn out to be applied.
        """
        runs = (
            select(sync_run.c.id)
            .where(sync_run.c.server_id == self._db.server)
            .order_by(sync_run.c.id.desc())
            .limit(keep_runs)
        )
        old = delete(sync_change).where(
            sync_change.c.server_id == self._db.server,
            sync_change.c.state != "planned",
            sync_change.c.run_id.not_in(runs.scalar_subquery()),
            sync_change.c.run_id.not_in(runs.where(HAS_WRITTEN).scalar_subquery()),
        )
        async with self._db.writing() as connection:
            await connection.execute(old)


async def store_outcomes(connection: AsyncConnection, outcomes: Iterable[Outcome]) -> None:
    """Store the outcomes of entries, in the caller's transaction."""
    batches: defaultdict[int, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        batches[one.id.batch].append(one)
    if not batches:
        return
    partly = [
        batch for batch, some in batches.items() if len({one.id.place for one in some}) < some[0].id.size
    ]
    rows = await connection.execute(_SELECT_OUTCOMES, {"batches": partly}) if partly else ()
    known = {row.id: row.outcomes for row in rows}
    changed = [outcomes_to_row(some, known.get(batch, "{}")) for batch, some in batches.items()]
    await connection.execute(_UPDATE_OUTCOMES, changed)


# To make a statement costs more than to execute it, so those of every batch are made once.
_INSERT_BATCH = insert(sync_change).returning(sync_change.c.id)
_SELECT_OUTCOMES = (
    select(sync_change.c.id, sync_change.c.outcomes)
    .where(sync_change.c.id.in_(bindparam("batches", expanding=True)))
    .with_for_update()
)
_UPDATE_OUTCOMES = (
    update(sync_change)
    .where(sync_change.c.id == bindparam("batch"))
    .values(state=bindparam("new_state"), outcomes=bindparam("new_outcomes"))
)
