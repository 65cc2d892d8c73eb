"""Servers: every Stash that was synced, its address, and a sample by which it is recognised."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, union_all, update

from stash.journal.baseline import baseline_from_row
from stash.journal.models import sync_entity, sync_run, sync_server
from stash.transport.addresses import StashAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.baseline import Baseline
    from stash.journal.connection import JournalConnection

SAMPLED = ("Performer", "Studio", "Tag", "Gallery", "Scene", "Image")
"""Types with a creation time of their own."""

SAMPLE_RUNS = 5
"""The number of newest runs with writes that a sample is taken of."""

SAMPLE_SIZE = 3
"""The number of entities of each type and run in a sample."""

MOST_SERVERS = 5
"""The number of servers, those of the newest runs, that are compared with the Stash that answers."""


@dataclass(frozen=True)
class ServerRow:
    """One Stash that was synced, at its newest address, with a sample of its baselines."""

    id: str
    url: str
    database_path: str
    sample: Sequence[Baseline] = field(default=())


class Servers:
    """Stores servers, and selects the one that every call refers to."""

    def __init__(self, connection: JournalConnection) -> None:
        self._db = connection

    async def newest(self) -> list[ServerRow]:
        """Return the servers of the newest runs, each with a sample of its newest and its oldest entities."""
        if not self._db.tables.exist:
            return []
        newest = func.coalesce(func.max(sync_run.c.id), 0)
        query = (
            select(sync_server)
            .outerjoin(sync_run, sync_run.c.server_id == sync_server.c.id)
            .group_by(sync_server.c.id)
            .order_by(newest.desc())
            .limit(MOST_SERVERS)
        )
        async with self._db.reading() as connection:
            rows = (await connection.execute(query)).all()
            return [
                # A dry run may meet an address of an older version, which may hold a password.
                ServerRow(
                    row.id,
                    str(StashAddress(row.url)),
                    row.database_path,
                    await self._sample(connection, row.id),
                )
                for row in rows
            ]

    async def sample(self) -> list[tuple[str, str]]:
        """Return the sample of the selected server: types and ids, sorted."""
        async with self._db.reading() as connection:
            found = await self._sample(connection, self._db.server)
        return sorted({(one.type, one.stash_id) for one in found})

    async def _sample(self, connection: AsyncConnection, server: str) -> list[Baseline]:
        moments = await self._moments(connection, server)
        parts: list[Select[Any]] = []
        for name in SAMPLED:
            base = self._db.select_entities().where(
                sync_entity.c.server_id == server, sync_entity.c.type == name, sync_entity.c.stash_id != ""
            )
            if not self._db.tables.has_times:
                parts.append(base.limit(SAMPLE_SIZE))
                continue
            newest_first = base.order_by(sync_entity.c.updated_at.desc())
            parts.append(base.order_by(sync_entity.c.updated_at).limit(SAMPLE_SIZE))
            parts += [
                newest_first.where(sync_entity.c.updated_at <= until, sync_entity.c.updated_at > since).limit(
                    SAMPLE_SIZE
                )
                for until, since in pairwise(moments)
            ]
        every = union_all(*[select(part.subquery()) for part in parts])
        rows = (await connection.execute(every)).all()
        baselines = {(row.type, row.kind, row.source_id): baseline_from_row(row) for row in rows}
        return [baseline for baseline in baselines.values() if not baseline.is_undone]

    async def _moments(self, connection: AsyncConnection, server: str) -> list[str]:
        """Return the times of the last writes of the newest runs, newest first, and the beginning of time."""
        if not self._db.tables.has_times:
            return []
        query = (
            select(sync_run.c.stash_time)
            .where(sync_run.c.server_id == server, sync_run.c.stash_time.is_not(None))
            .order_by(sync_run.c.stash_time.desc())
            .distinct()
            .limit(SAMPLE_RUNS)
        )
        return [*(await connection.scalars(query)), ""]

    def choose(self, server: str) -> None:
        """Have every later call refer to a server that is known by its id."""
        self._db.select_server(server)

    async def select(self, known: ServerRow | None, url: str, database_path: str) -> str:
        """Select a server for all later calls, and store its current address. None registers a new server.

        Returns:
            Its id. Empty for a new server in a read-only journal.
        """
        self._db.select_server(known.id if known is not None else "")
        if self._db.is_read_only or not self._db.tables.exist:
            return self._db.server
        place = {"url": str(StashAddress(url)), "database_path": database_path}
        if known is None:
            self._db.select_server(uuid.uuid4().hex)
            row = {"id": self._db.server, **place, "created_at": datetime.now(UTC)}
            async with self._db.writing() as connection:
                await connection.execute(insert(sync_server).values(row))
        elif (known.url, known.database_path) != tuple(place.values()):
            async with self._db.writing() as connection:
                await connection.execute(
                    update(sync_server).where(sync_server.c.id == known.id).values(place)
                )
        return self._db.server
