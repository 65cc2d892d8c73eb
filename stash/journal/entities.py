"""Entities: which is which, and what we saw and wrote of them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from metadata.errors import ReadOnlyDatabaseError
from stash import kill_points
from stash.journal.base import ours
from stash.journal.models import sync_change, sync_entity
from stash.journal.operations import settle
from stash.journal.parts import Parts
from stash.journal.rows import Memory, SourceKey, memory_of, memory_row, stored, with_earlier, with_planned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.parts import SettledPart
    from stash.journal.rows import Operation


class Entities(Parts):
    """The journal, as far as it keeps entities."""

    async def recall(self, type_name: str, keys: Iterable[SourceKey]) -> dict[SourceKey, Memory]:
        """What earlier runs left of these entities, and what killed ones were about to write of them.

        Of what was only planned there is a memory without a Stash id.
        """
        if not self._server:
            return {}
        asked = {SourceKey(key.kind, stored(key.id)): key for key in keys}
        found: dict[SourceKey, Memory] = {}
        async with self._reading() as connection:
            for row in await self._rows(connection, type_name, asked):
                key = asked[SourceKey(row.kind, row.source_id)]
                found[key] = memory_of(row, key)
            planned = await self._planned(connection)
        for (planned_type, place), operations in planned.items():
            if planned_type == type_name and place in asked:
                key = asked[place]
                for operation in operations:
                    found[key] = with_planned(found.get(key) or Memory(type_name, key, ""), operation)
        return found

    async def known_media(self) -> set[int]:
        """The ids of all media whose scene or image is recorded."""
        if not self._server:
            return set()
        query = select(sync_entity.c.source_id).where(*self._is_media())
        async with self._reading() as connection:
            return {int(row.source_id) for row in await connection.execute(query)}

    async def count(self) -> int:
        """How many scenes and images are recorded."""
        if not self._server:
            return 0
        query = select(func.count()).select_from(sync_entity).where(*self._is_media())
        async with self._reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    def _is_media(self) -> tuple[Any, Any]:
        return sync_entity.c.server_id == self._server, sync_entity.c.kind == "media"

    async def _rows(
        self, connection: AsyncConnection, type_name: str, keys: Iterable[SourceKey]
    ) -> list[Row[Any]]:
        """The rows of these stored keys, a statement a kind, however many there are."""
        by_kind: defaultdict[str, list[str]] = defaultdict(list)
        for key in keys:
            by_kind[key.kind].append(key.id)
        found: list[Row[Any]] = []
        for kind, ids in by_kind.items():
            query = select(sync_entity).where(
                sync_entity.c.server_id == self._server,
                sync_entity.c.type == type_name,
                sync_entity.c.kind == kind,
                self._source.within(sync_entity.c.source_id, ids),
            )
            found += (await connection.execute(query)).all()
        return found

    async def record(
        self,
        memories: Iterable[Memory],
        stamps: Iterable[tuple[str, int, int | None]] = (),
        settled: Sequence[Operation] = (),
        parts: Sequence[SettledPart] = (),
    ) -> int:
        """Remember these entities, settle operations and stamp the downloader's rows, in one transaction.

        What was written of an entity before, and what killed runs planned for it, becomes an earlier value; what
        those had planned is thereby applied.

        Returns:
            How many memories differed from what was remembered; an unchanged one is not written.
        """
        stamped = list(stamps)
        changed, left = await self._changed(list(memories))
        async with self._writing() as connection:
            await settle(connection, [*settled, *left])
            if changed:
                await connection.execute(_upsert(connection.dialect.name), changed)
            await self._keep_parts(connection, parts)
            if self._state is self._database and stamped:
                await self._database.stamp(connection, stamped)
        if self._state is not self._database and stamped:
            await self._stamp(stamped)
        kill_points.reached("after-record")
        return len(changed)

    async def _stamp(self, stamps: Sequence[tuple[str, int, int | None]]) -> None:
        """Stamp the rows of a metadata database that does not keep our tables; one that is read-only stays as it is."""
        async with ours():
            with suppress(ReadOnlyDatabaseError):
                async with self._database.begin() as connection:
                    await self._database.stamp(connection, stamps)

    async def memories_of(self, type_name: str, stash_id: str) -> list[Memory]:
        """What is remembered of one entity of Stash, under whichever keys."""
        if not self._server:
            return []
        query = select(sync_entity).where(
            sync_entity.c.server_id == self._server,
            sync_entity.c.type == type_name,
            sync_entity.c.stash_id == stash_id,
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        return [memory_of(row, SourceKey(row.kind, row.source_id)) for row in rows]

    async def _changed(self, memories: Sequence[Memory]) -> tuple[list[dict[str, Any]], list[Operation]]:
        """The rows that differ from what is stored, and what killed runs planned for these entities, as applied."""
        if not memories:
            return [], []
        async with self._reading() as connection:
            known = await self._known(connection, memories)
            planned = await self._planned(connection, sync_change.c.run_id.not_in(self._runs))
        changed: dict[tuple[str, SourceKey], dict[str, Any]] = {}
        settled: list[Operation] = []
        for memory in memories:
            place = (memory.type, SourceKey(memory.key.kind, stored(memory.key.id)))
            left, old = planned.get(place, []), known.get(place)
            settled += (one._replace(state="applied", stash_id=memory.stash_id) for one in left)
            row = memory_row(self._server, memory)
            if old is not None and (left or row != old._mapping):  # noqa: SLF001 - SQLAlchemy's public name
                row = memory_row(self._server, with_earlier(memory, memory_of(old, memory.key), left))
            elif left:
                row = memory_row(self._server, with_earlier(memory, None, left))
            if old is None or row != old._mapping:  # noqa: SLF001 - likewise
                changed[place] = row
        return list(changed.values()), settled

    async def _known(
        self, connection: AsyncConnection, memories: Sequence[Memory]
    ) -> dict[tuple[str, SourceKey], Row[Any]]:
        by_type: defaultdict[str, set[SourceKey]] = defaultdict(set)
        for memory in memories:
            by_type[memory.type].add(SourceKey(memory.key.kind, stored(memory.key.id)))
        return {
            (row.type, SourceKey(row.kind, row.source_id)): row
            for type_name, keys in by_type.items()
            for row in await self._rows(connection, type_name, keys)
        }


def _upsert(dialect: str) -> Any:
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(sync_entity)
    keys = [column.name for column in sync_entity.primary_key]
    values = {c.name: statement.excluded[c.name] for c in sync_entity.c if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
