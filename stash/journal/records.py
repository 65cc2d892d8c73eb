"""Entities: which is which, and what we saw and wrote of them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from stash import kill_points
from stash.journal.base import ours
from stash.journal.fingerprints import Parts
from stash.journal.log import settle
from stash.journal.models import sync_change, sync_entity
from stash.journal.values import (
    Baseline,
    SourceKey,
    baseline_of,
    baseline_row,
    stored,
    with_earlier,
    with_planned,
)
from stash.source.errors import ReadOnlyDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.fingerprints import ChunkFingerprint
    from stash.journal.values import LogEntry, Outcome

    type RecordKey = tuple[str, SourceKey]


class Entities(Parts):
    """The journal, as far as it keeps entities."""

    async def recall(self, type_name: str, keys: Iterable[SourceKey]) -> dict[SourceKey, Baseline]:
        """Return what earlier runs left of these entities of one type. See `recall_all`."""
        return {key: baseline for (_, key), baseline in (await self.recall_all({type_name: keys})).items()}

    async def recall_all(self, keys: Mapping[str, Iterable[SourceKey]]) -> dict[RecordKey, Baseline]:
        """Return what earlier runs left of these entities, by type, and what killed ones were about to write of them.

        Of what was only planned there is a memory without a Stash id.
        """
        if not self._server:
            return {}
        asked = {(name, _stored(key)): key for name, some in keys.items() for key in some}
        found: dict[RecordKey, Baseline] = {}
        self._absent.clear()
        async with self._reading() as connection:
            for place, row in (await self._rows(connection, asked)).items():
                baseline = self._rolled_back.get(place, baseline_of(row, asked[place]))
                if baseline is not None:
                    found[row.type, asked[place]] = baseline
            planned = await self._planned(connection)
        self._absent |= asked.keys() - planned.keys() - {(name, _stored(key)) for name, key in found}
        for stored_place in planned.keys() & asked.keys():
            name, key = stored_place[0], asked[stored_place]
            for operation in planned[stored_place]:
                known = found.get((name, key)) or Baseline(name, key, "")
                found[name, key] = with_planned(known, operation)
        return found

    async def known_media(self) -> set[int]:
        """The ids of all media whose scene or image is recorded."""
        if not self._server:
            return set()
        query = select(sync_entity.c.source_id).where(*self._is_media())
        async with self._reading() as connection:
            known = set(map(int, await connection.scalars(query)))
        gone = {key for (_, key), baseline in self._rolled_back.items() if baseline is None}
        return known - {int(key.id) for key in gone if key.kind == "media"}

    async def count(self) -> int:
        """Tell how many scenes and images are recorded."""
        if not self._server:
            return 0
        query = select(func.count()).select_from(sync_entity).where(*self._is_media())
        async with self._reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    def _is_media(self) -> tuple[Any, Any]:
        return sync_entity.c.server_id == self._server, sync_entity.c.kind == "media"

    async def _rows(
        self, connection: AsyncConnection, places: Iterable[RecordKey]
    ) -> dict[RecordKey, Row[Any]]:
        """The rows of these places as they are stored, in one statement, however many there are."""
        by_kind: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, key in places:
            by_kind[name, key.kind].append(key.id)
        each = [
            and_(
                sync_entity.c.server_id == self._server,
                sync_entity.c.type == name,
                sync_entity.c.kind == kind,
                self._source.within(sync_entity.c.source_id, ids),
            )
            for (name, kind), ids in by_kind.items()
        ]
        if not each:
            return {}
        rows = await connection.execute(self._select_entities().where(or_(*each)))
        return {(row.type, SourceKey(row.kind, row.source_id)): row for row in rows}

    async def record(
        self,
        baselines: Iterable[Baseline],
        stamps: Iterable[tuple[str, int, int | None]] = (),
        settled: Sequence[Outcome] = (),
        parts: Sequence[ChunkFingerprint] = (),
    ) -> int:
        """Remember these entities, note what became of operations and stamp the downloader's rows, in one transaction.

        What was written of an entity before, and what killed runs planned for it, becomes an earlier value; what
        those had planned is thereby applied.

        Returns:
            How many memories differed from what was remembered; an unchanged one is not written.
        """
        stamped = list(stamps)
        changed, left = await self._changed(list(baselines))
        async with self._writing() as connection:
            await settle(connection, [*settled, *left])
            if changed:
                await connection.execute(_upsert(connection.dialect.name), changed)
            await self._keep_parts(connection, parts)
            await self._note_time(connection, max((row["updated_at"] for row in changed), default=""))
            if self._state is self._database and stamped:
                await self._database.stamp(connection, stamped)
        self._absent -= {(row["type"], SourceKey(row["kind"], row["source_id"])) for row in changed}
        if self._state is not self._database and stamped:
            await self._stamp(stamped)
        kill_points.reached("after-record")
        return len(changed)

    async def _stamp(self, stamps: Sequence[tuple[str, int, int | None]]) -> None:
        """Stamp the rows of a metadata database that does not keep our tables. One that is read-only stays as it is."""
        async with ours():
            with suppress(ReadOnlyDatabaseError):
                async with self._database.begin() as connection:
                    await self._database.stamp(connection, stamps)

    async def baselines_of(self, type_name: str, stash_id: str) -> list[Baseline]:
        """Return what is remembered of one entity of Stash, under whichever keys."""
        if not self._server:
            return []
        query = self._select_entities().where(
            sync_entity.c.server_id == self._server,
            sync_entity.c.type == type_name,
            sync_entity.c.stash_id == stash_id,
        )
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        return [baseline_of(row, SourceKey(row.kind, row.source_id)) for row in rows]

    async def _changed(self, baselines: Sequence[Baseline]) -> tuple[list[dict[str, Any]], list[Outcome]]:
        """The rows that differ from what is stored, and what killed runs planned for these entities, as applied."""
        places = [(baseline.type, _stored(baseline.key)) for baseline in baselines]
        known: dict[RecordKey, Row[Any]] = {}
        planned: dict[RecordKey, list[LogEntry]] = {}
        if doubtful := [place for place in places if place not in self._absent]:
            async with self._reading() as connection:
                known = await self._rows(connection, doubtful)
                planned = await self._planned(connection, sync_change.c.run_id.not_in(self._runs))
        changed: dict[RecordKey, dict[str, Any]] = {}
        settled: list[Outcome] = []
        for place, baseline in zip(places, baselines, strict=True):
            left, old = planned.get(place, []), known.get(place)
            settled += (one.applied(baseline.stash_id) for one in left)
            row = baseline_row(self._server, baseline)
            if old is not None and (left or row != old._mapping):  # noqa: SLF001 - SQLAlchemy's public name
                row = baseline_row(self._server, with_earlier(baseline, baseline_of(old, baseline.key), left))
            elif left:
                row = baseline_row(self._server, with_earlier(baseline, None, left))
            if old is None or row != old._mapping:  # noqa: SLF001 - likewise
                changed[place] = row
        return list(changed.values()), settled


def _stored(key: SourceKey) -> SourceKey:
    text = stored(key.id)
    return key if text is key.id else SourceKey(key.kind, text)


@cache
def _upsert(dialect: str) -> Any:
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(sync_entity)
    keys = [column.name for column in sync_entity.primary_key]
    values = {c.name: statement.excluded[c.name] for c in sync_entity.c if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
