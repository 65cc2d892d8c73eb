"""Looking back at a run: which Stash it was with, and what is remembered of the entities that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from stash.journal.models import sync_entity, sync_run, sync_server
from stash.journal.records import Entities
from stash.journal.values import Baseline, SourceKey, baseline_of
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stash.journal.values import RunRow


class LookingBack(Entities):
    """The journal, as far as it is read without a Stash."""

    async def server_url(self, run: int) -> str:
        """The address of the Stash that a run was with, as it was named then. Empty where that is not known."""
        if not self._has_tables:
            return ""
        query = select(sync_server.c.url).join(sync_run).where(sync_run.c.id == run)
        async with self._reading() as connection:
            return str(StashAddress((await connection.execute(query)).scalar() or ""))

    async def recorded(self, run: int, ids: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Baseline]:
        """Return what is remembered of these entities of the run's Stash, by type and Stash id."""
        found: dict[tuple[str, str], Baseline] = {}
        server = select(sync_run.c.server_id).where(sync_run.c.id == run).scalar_subquery()
        async with self._reading() as connection:
            for type_name, wanted in ((name, some) for name, some in ids.items() if some):
                query = self._select_entities().where(
                    sync_entity.c.server_id == server,
                    sync_entity.c.type == type_name,
                    self._source.within(sync_entity.c.stash_id, sorted(wanted)),
                )
                for row in await connection.execute(query):
                    found[type_name, row.stash_id] = baseline_of(row, SourceKey(row.kind, row.source_id))
        return found

    async def addresses(self) -> list[tuple[str, str]]:
        """Every Stash that there was a run with, by its id and address, that of the newest run first."""
        if not self._has_tables:
            return []
        newest = func.max(sync_run.c.id)
        query = (
            select(sync_server.c.id, sync_server.c.url)
            .join(sync_run)
            .group_by(sync_server.c.id)
            .order_by(newest.desc())
        )
        async with self._reading() as connection:
            return [(row.id, str(StashAddress(row.url))) for row in await connection.execute(query)]

    async def syncs_with(self, server: str) -> list[RunRow]:
        """The runs with one Stash that were no undo, newest first."""
        query = self._select_runs().where(
            sync_run.c.server_id == server, sync_run.c.command.not_like("undo %")
        )
        return await self._rows_of(query.order_by(sync_run.c.id.desc()))

    async def media_with(self, server: str) -> MediaKept:
        """The media whose scene or image is recorded with one Stash."""
        found = MediaKept()
        query = self._select_entities().where(
            sync_entity.c.server_id == server, sync_entity.c.kind == "media"
        )
        async with self._reading() as connection:
            for row in await connection.execute(query):
                baseline = baseline_of(row, SourceKey(row.kind, row.source_id))
                (found.undone if _is_undone(baseline) else found.synced).add(int(row.source_id))
        found.undone -= found.synced
        return found


@dataclass
class MediaKept:
    """The ids of media by what became of them in one Stash: synced, or taken back by undo since."""

    synced: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)


def _is_undone(baseline: Baseline) -> bool:
    """Tell whether a scene or image holds nothing any more that a sync gives each: its code, or else any value."""
    if not baseline.undo_marks:
        return False
    written = {name for name, value in baseline.last_applied.items() if value}
    return "code" in baseline.undo_marks or written <= baseline.undo_marks.keys()
