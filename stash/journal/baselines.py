"""Baselines by the key of their source, and by the entity of Stash."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from stash.journal.baseline import (
    Baseline,
    baseline_from_row,
    baseline_to_row,
    with_in_flight,
    with_previously_applied,
)
from stash.journal.keys import storable_key
from stash.journal.models import sync_change, sync_entity
from stash.mapping.keys import SourceKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.journal.connection import JournalConnection
    from stash.journal.keys import RecordKey
    from stash.journal.log import WriteAheadLog
    from stash.journal.log_entry import LogEntry, Outcome


class Baselines:
    """Stores baselines, and finds them."""

    def __init__(self, connection: JournalConnection, log: WriteAheadLog) -> None:
        self._db = connection
        self._log = log

    async def load_type(self, type_name: str, keys: Iterable[SourceKey]) -> dict[SourceKey, Baseline]:
        """Return the baselines of these entities of one type. See `load`."""
        return {key: baseline for (_, key), baseline in (await self.load({type_name: keys})).items()}

    async def load(self, keys: Mapping[str, Iterable[SourceKey]]) -> dict[RecordKey, Baseline]:
        """Return the baselines of these entities, by type, with the entries in flight of killed runs.

        An entity that only has entries in flight gets a baseline without a Stash id.
        """
        if not self._db.server:
            return {}
        asked = {(name, storable_key(key)): key for name, some in keys.items() for key in some}
        found: dict[RecordKey, Baseline] = {}
        self._db.absent.clear()
        async with self._db.reading() as connection:
            for stored, row in (await self._rows(connection, asked)).items():
                baseline = self._db.rolled_back.get(stored, baseline_from_row(row, asked[stored]))
                if baseline is not None:
                    found[row.type, asked[stored]] = baseline
            in_flight = await self._log.in_flight(connection)
        self._db.absent |= (
            asked.keys() - in_flight.keys() - {(name, storable_key(key)) for name, key in found}
        )
        for stored in in_flight.keys() & asked.keys():
            name, key = stored[0], asked[stored]
            for entry in in_flight[stored]:
                known = found.get((name, key)) or Baseline(name, key, "")
                found[name, key] = with_in_flight(known, entry)
        return found

    async def of_entity(self, type_name: str, stash_id: str) -> list[Baseline]:
        """Return the baselines of one entity of Stash, one for each key."""
        return await self.of_entities({type_name: [stash_id]}) if self._db.server else []

    async def of_entities(self, ids: Mapping[str, Collection[str]]) -> list[Baseline]:
        """Return the baselines of entities of Stash, by type and id, one for each key."""
        async with self._db.reading() as connection:
            return await self.of_server(connection, self._db.server, ids)

    async def of_server(
        self,
        connection: AsyncConnection,
        server: str | ColumnElement[str],
        ids: Mapping[str, Collection[str]],
    ) -> list[Baseline]:
        """Return the baselines of entities of any server."""
        found: list[Baseline] = []
        for type_name, wanted in ids.items():
            if wanted:
                query = self._db.select_entities().where(
                    sync_entity.c.server_id == server,
                    sync_entity.c.type == type_name,
                    self._db.within(sync_entity.c.stash_id, sorted(wanted)),
                )
                found += map(baseline_from_row, await connection.execute(query))
        return found

    async def known_media(self) -> set[int]:
        """Return the ids of all media whose scene or image is recorded."""
        if not self._db.server:
            return set()
        query = select(sync_entity.c.source_id).where(*self._is_media())
        async with self._db.reading() as connection:
            known = set(map(int, await connection.scalars(query)))
        gone = {key for (_, key), baseline in self._db.rolled_back.items() if baseline is None}
        return known - {int(key.id) for key in gone if key.kind == "media"}

    async def count(self) -> int:
        """Count the scenes and images that are recorded."""
        if not self._db.server:
            return 0
        query = select(func.count()).select_from(sync_entity).where(*self._is_media())
        async with self._db.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    def _is_media(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return sync_entity.c.server_id == self._db.server, sync_entity.c.kind == "media"

    async def _rows(
        self, connection: AsyncConnection, keys: Iterable[RecordKey]
    ) -> dict[RecordKey, Row[Any]]:
        """Return the rows of stored keys, in one statement, however many there are."""
        by_kind: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, key in keys:
            by_kind[name, key.kind].append(key.id)
        each = [
            and_(
                sync_entity.c.server_id == self._db.server,
                sync_entity.c.type == name,
                sync_entity.c.kind == kind,
                self._db.within(sync_entity.c.source_id, ids),
            )
            for (name, kind), ids in by_kind.items()
        ]
        if not each:
            return {}
        rows = await connection.execute(self._db.select_entities().where(or_(*each)))
        return {(row.type, SourceKey(row.kind, row.source_id)): row for row in rows}

    async def changed(self, baselines: Sequence[Baseline]) -> tuple[list[dict[str, Any]], list[Outcome]]:
        """Return the rows that differ from the stored ones, and the entries of killed runs that are applied thereby."""
        keys = [(baseline.type, storable_key(baseline.key)) for baseline in baselines]
        known: dict[RecordKey, Row[Any]] = {}
        in_flight: dict[RecordKey, list[LogEntry]] = {}
        if doubtful := [key for key in keys if key not in self._db.absent]:
            async with self._db.reading() as connection:
                known = await self._rows(connection, doubtful)
                killed = sync_change.c.run_id.not_in(self._db.own_runs)
                in_flight = await self._log.in_flight(connection, killed)
        changed: dict[RecordKey, dict[str, Any]] = {}
        applied: list[Outcome] = []
        for key, baseline in zip(keys, baselines, strict=True):
            entries, old = in_flight.get(key, []), known.get(key)
            applied += (one.applied(baseline.stash_id) for one in entries)
            row = baseline_to_row(self._db.server, baseline)
            if entries or (old is not None and row != old._mapping):  # noqa: SLF001 - SQLAlchemy's public name
                before = None if old is None else baseline_from_row(old, baseline.key)
                row = baseline_to_row(self._db.server, with_previously_applied(baseline, before, entries))
            if old is None or row != old._mapping:  # noqa: SLF001 - SQLAlchemy's public name
                changed[key] = row
        return list(changed.values()), applied

    async def store(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert or replace rows, in the caller's transaction."""
        if rows:
            await connection.execute(_upsert(connection.dialect.name), rows)
        self._db.absent -= {(row["type"], SourceKey(row["kind"], row["source_id"])) for row in rows}


@cache
def _upsert(dialect: str) -> Any:
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(sync_entity)
    keys = [column.name for column in sync_entity.primary_key]
    values = {c.name: statement.excluded[c.name] for c in sync_entity.c if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
