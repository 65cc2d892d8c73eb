"""The history of runs, read without a Stash: the server of a run, and the baselines of the entities that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from stash.journal.baseline import baseline_from_row
from stash.journal.models import sync_entity, sync_run, sync_server
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stash.journal.baseline import Baseline
    from stash.journal.baselines import Baselines
    from stash.journal.connection import JournalConnection
    from stash.journal.runs import RunRow, Runs


class History:
    """Answers questions about past runs with any server."""

    def __init__(self, connection: JournalConnection, runs: Runs, baselines: Baselines) -> None:
        self._db = connection
        self._runs = runs
        self._baselines = baselines

    async def server_url(self, run: int) -> str:
        """Return the address of the Stash of a run, as it was then. Empty if that is not known."""
        if not self._db.tables.exist:
            return ""
        query = select(sync_server.c.url).join(sync_run).where(sync_run.c.id == run)
        async with self._db.reading() as connection:
            return str(StashAddress((await connection.execute(query)).scalar() or ""))

    async def baselines(
        self, run: int, ids: Mapping[str, Collection[str]]
    ) -> dict[tuple[str, str], Baseline]:
        """Return the baselines of these entities of the run's Stash, by type and Stash id."""
        server = select(sync_run.c.server_id).where(sync_run.c.id == run).scalar_subquery()
        async with self._db.reading() as connection:
            found = await self._baselines.of_server(connection, server, ids)
        return {(one.type, one.stash_id): one for one in found}

    async def addresses(self) -> list[tuple[str, str]]:
        """Return the id and the address of every Stash that was synced, that of the newest run first."""
        if not self._db.tables.exist:
            return []
        newest = func.max(sync_run.c.id)
        query = (
            select(sync_server.c.id, sync_server.c.url)
            .join(sync_run)
            .group_by(sync_server.c.id)
            .order_by(newest.desc())
        )
        async with self._db.reading() as connection:
            return [(row.id, str(StashAddress(row.url))) for row in await connection.execute(query)]

    async def syncs_with(self, server: str) -> list[RunRow]:
        """Return the runs with one Stash, newest first, without the undos."""
        return await self._runs.where(sync_run.c.server_id == server, sync_run.c.command.not_like("undo %"))

    async def media_with(self, server: str) -> SyncedMedia:
        """Return the media whose scene or image is recorded with one Stash."""
        found = SyncedMedia()
        query = self._db.select_entities().where(
            sync_entity.c.server_id == server, sync_entity.c.kind == "media"
        )
        async with self._db.reading() as connection:
            for row in await connection.execute(query):
                is_undone = _is_undone(baseline_from_row(row))
                (found.undone if is_undone else found.synced).add(int(row.source_id))
        found.undone -= found.synced
        return found


@dataclass
class SyncedMedia:
    """The ids of media by their state in one Stash: synced, or undone since."""

    synced: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)


def _is_undone(baseline: Baseline) -> bool:
    """Tell whether undo removed the code of a scene or image, or every value of one without a code."""
    if not baseline.undo_marks:
        return False
    applied = {name for name, value in baseline.last_applied.items() if value}
    return "code" in baseline.undo_marks or applied <= baseline.undo_marks.keys()
