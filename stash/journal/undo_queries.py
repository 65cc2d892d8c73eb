"""The journal, as far as runs are taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from stash.journal.history import LookingBack
from stash.journal.log import IS_PLANNED, settle
from stash.journal.models import sync_change, sync_entity, sync_part, sync_run
from stash.journal.values import Baseline, SourceKey, baseline_of, operations_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stash.journal.values import LogEntry, RunRow


class TakingBack(LookingBack):
    """Finds what a run left, and notes that it is to be decided anew."""

    async def runs_here(self) -> list[RunRow]:
        """The runs with this Stash that changed anything that is still kept, newest first."""
        if not self._has_operations:
            return []
        changing = select(sync_change.c.run_id).where(sync_change.c.state != "failed")
        query = self._select_runs().where(sync_run.c.server_id == self._server, sync_run.c.id.in_(changing))
        return await self._rows_of(query.order_by(sync_run.c.id.desc()))

    async def newest(self, command: str) -> RunRow | None:
        """The newest run of a command with this Stash."""
        query = self._select_runs().where(sync_run.c.server_id == self._server, sync_run.c.command == command)
        found = await self._rows_of(query.order_by(sync_run.c.id.desc()).limit(1))
        return found[0] if found else None

    async def replaced_since(self, run: int) -> list[LogEntry]:
        """Return what runs after this one took out of Stash, and what undos made again, in their order."""
        if not self._has_operations:
            return []
        later = (sync_run.c.server_id == self._server, sync_run.c.id > run)
        query = select(sync_change, sync_run.c.command.startswith("undo ").label("is_undo")).join(sync_run)
        found: list[LogEntry] = []
        async with self._reading() as connection:
            for row in await connection.execute(query.where(*later).order_by(sync_change.c.id)):
                wanted = {"create", "destroy"} if row.is_undo else {"destroy"}
                found += [o for o in operations_of(row) if o.action in wanted and o.state == "applied"]
        return found

    async def is_here(self, run: int) -> bool:
        """Tell whether a run was with this Stash."""
        query = select(sync_run.c.server_id).where(sync_run.c.id == run)
        async with self._reading() as connection:
            return (await connection.execute(query)).scalar() == self._server

    async def remembered(self, ids: Mapping[str, Collection[str]]) -> list[Baseline]:
        """Return what is remembered of these entities, by type and Stash id, under whichever keys."""
        found: list[Baseline] = []
        async with self._reading() as connection:
            for type_name, wanted in ((name, some) for name, some in ids.items() if some):
                query = self._select_entities().where(
                    sync_entity.c.server_id == self._server,
                    sync_entity.c.type == type_name,
                    self._source.within(sync_entity.c.stash_id, sorted(wanted)),
                )
                rows = await connection.execute(query)
                found += [baseline_of(row, SourceKey(row.kind, row.source_id)) for row in rows]
        return found

    async def unsettle(self, ids: Mapping[str, set[str]]) -> None:
        """Have every part that holds one of these entities decided anew."""
        parts = select(sync_part).where(sync_part.c.server_id == self._server)
        async with self._writing() as connection:
            for row in (await connection.execute(parts)).all():
                held = json.loads(row.content)["ids"]
                if any(not ids.get(name, set()).isdisjoint(some) for name, some in held.items()):
                    await connection.execute(
                        delete(sync_part).where(
                            sync_part.c.server_id == self._server,
                            sync_part.c.account == row.account,
                            sync_part.c.number == row.number,
                        )
                    )

    async def resume(self, run: int) -> int:
        """Go on with a run that did not end."""
        self._runs.add(run)
        await self._update_run(run, ended_at=None, outcome=None)
        await self.heartbeat(run)
        return run

    async def settle_all(self, run: int) -> None:
        """Everything that a run planned was done, by it or after it was killed."""
        query = select(sync_change).where(sync_change.c.run_id == run, IS_PLANNED)
        async with self._writing() as connection:
            for row in (await connection.execute(query)).all():
                left = [one for one in operations_of(row) if one.state == "planned"]
                await settle(connection, [one.applied(one.stash_id) for one in left])
