"""Looking back at a run: which Stash it was with, and what is remembered of the entities that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from stash.addresses import StashAddress
from stash.journal.entities import Entities
from stash.journal.models import sync_entity, sync_run, sync_server
from stash.journal.rows import Memory, SourceKey, memory_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class LookingBack(Entities):
    """The journal, as far as it is read without a Stash."""

    async def server_url(self, run: int) -> str:
        """The address of the Stash that a run was with, as it was named then; empty where that is not known."""
        if not self._has_tables:
            return ""
        query = select(sync_server.c.url).join(sync_run).where(sync_run.c.id == run)
        async with self._reading() as connection:
            return str(StashAddress((await connection.execute(query)).scalar() or ""))

    async def recorded(self, run: int, ids: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Memory]:
        """What is remembered of these entities of the run's Stash, by type and Stash id."""
        found: dict[tuple[str, str], Memory] = {}
        server = select(sync_run.c.server_id).where(sync_run.c.id == run).scalar_subquery()
        async with self._reading() as connection:
            for type_name, wanted in ((name, some) for name, some in ids.items() if some):
                query = self._select_entities().where(
                    sync_entity.c.server_id == server,
                    sync_entity.c.type == type_name,
                    self._source.within(sync_entity.c.stash_id, sorted(wanted)),
                )
                for row in await connection.execute(query):
                    found[type_name, row.stash_id] = memory_of(row, SourceKey(row.kind, row.source_id))
        return found

    async def synced_media(self) -> set[int]:
        """The media whose scene or image is recorded, with the Stash of the newest run."""
        if not self._has_tables:
            return set()
        newest = select(sync_run.c.server_id).order_by(sync_run.c.id.desc()).limit(1).scalar_subquery()
        query = select(sync_entity.c.source_id).where(
            sync_entity.c.server_id == newest, sync_entity.c.kind == "media"
        )
        async with self._reading() as connection:
            return {int(row.source_id) for row in await connection.execute(query)}
