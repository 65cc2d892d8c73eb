"""Operations: noted before they are sent, settled when Stash has answered."""

from __future__ import annotations

from collections import defaultdict
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from stash.journal.models import sync_change, sync_run
from stash.journal.rows import Operation, SourceKey, operation_of, operation_row, stored
from stash.journal.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

IS_PLANNED = text("state = 'planned'")
"""Spelt out, so that SQLite uses the index of these rows."""


IDS = 900
"""Ids a statement: SQLite takes so many in any version."""


class Operations(Runs):
    """The journal, as far as it keeps operations."""

    async def plan(self, run: int, operations: Sequence[Operation]) -> list[Operation]:
        """Note what is about to be sent, in one transaction; answers the operations with their ids."""
        if not operations:
            return []
        self._runs.add(run)
        async with self._writing() as connection:
            ids = await _new_ids(connection, len(operations))
            planned = [one._replace(id=number) for one, number in zip(operations, ids, strict=True)]
            rows = [operation_row(self._server, run, operation) for operation in planned]
            await connection.execute(insert(sync_change), rows)
        return planned

    async def settle(self, operations: Sequence[Operation]) -> None:
        """Note what became of planned operations: their state, Stash id and message."""
        if operations:
            async with self._writing() as connection:
                await settle(connection, operations)

    async def operations(self, run: int) -> list[Operation]:
        """What a run did or was about to do, in its order."""
        if not self._has_operations:
            return []
        query = select(sync_change).where(sync_change.c.run_id == run).order_by(sync_change.c.id)
        async with self._reading() as connection:
            return [operation_of(row) for row in await connection.execute(query)]

    async def _planned(
        self, connection: AsyncConnection, condition: Any
    ) -> dict[tuple[str, SourceKey], list[Operation]]:
        """What is still planned, oldest first, by type and stored key."""
        found: defaultdict[tuple[str, SourceKey], list[Operation]] = defaultdict(list)
        if not self._has_operations:
            return found
        query = select(sync_change).where(sync_change.c.server_id == self._server, IS_PLANNED, condition)
        for row in await connection.execute(query.order_by(sync_change.c.id)):
            found[row.type, SourceKey(row.kind, row.source_id)].append(operation_of(row))
        return found

    async def retain(self, keep_runs: int) -> None:
        """Delete the operations of all but the newest `keep_runs` runs; those still planned stay."""
        newest = (
            select(sync_run.c.id)
            .where(sync_run.c.server_id == self._server)
            .order_by(sync_run.c.id.desc())
            .limit(keep_runs)
        )
        old = delete(sync_change).where(
            sync_change.c.server_id == self._server,
            sync_change.c.state != "planned",
            sync_change.c.run_id.not_in(newest.scalar_subquery()),
        )
        async with self._writing() as connection:
            await connection.execute(old)


async def settle(connection: AsyncConnection, operations: Sequence[Operation]) -> None:
    """Note what became of operations, in the caller's transaction; all that ended alike in one statement."""
    alike: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    alone: list[dict[str, Any]] = []
    for one in operations:
        if one.action == "create" or one.id is None:
            alone.append(
                {"key": one.id, "new": one.state, "stash": one.stash_id, "said": stored(one.message)}
            )
        else:
            alike[one.state, stored(one.message)].append(one.id)
    for (state, message), ids in alike.items():
        for page in batched(ids, IDS):
            same = update(sync_change).where(sync_change.c.id.in_(page)).values(state=state, message=message)
            await connection.execute(same)
    if alone:
        each = update(sync_change).where(sync_change.c.id == bindparam("key"))
        values: dict[str, Any] = {
            "state": bindparam("new"),
            "stash_id": bindparam("stash"),
            "message": bindparam("said"),
        }
        await connection.execute(each.values(values), alone)


async def _new_ids(connection: AsyncConnection, count: int) -> Sequence[int]:
    """Ids for that many rows: having each insert return its own costs ten times as much."""
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(sync_change.name, "id")
        query = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return list((await connection.execute(query)).scalars())
    last = (await connection.execute(select(func.max(sync_change.c.id)))).scalar() or 0
    return range(last + 1, last + 1 + count)
