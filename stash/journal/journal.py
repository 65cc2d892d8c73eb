"""What runs leave behind: which entity is which, and what we saw and wrote of it."""

from __future__ import annotations

import json
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from metadata.errors import MetadataError
from stash.errors import StateError
from stash.journal.models import sync_entity, sync_run, sync_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from metadata.database import Database

KEYS = 400
"""Keys a statement: SQLite takes so many pairs in any version."""


class SourceKey(NamedTuple):
    """What identifies an entity at the source: a kind of row, and its id or name."""

    kind: str
    id: str


@dataclass(frozen=True)
class Memory:
    """What an earlier run left of one entity: `seen` and `wrote` are by field, values and links alike."""

    type: str
    key: SourceKey
    stash_id: str
    created_at: str = ""
    digest: str = ""
    seen: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    wrote: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRow:
    """One recorded run."""

    id: int
    command: str
    creators: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None


class Journal:
    """The `sync_` tables of one database, as seen for one Stash.

    `database` is the metadata database, whose `stash_id` columns are stamped; `state` is where the `sync_` tables
    are, the same one unless set otherwise. A read-only journal recalls what there is and writes nothing.
    """

    def __init__(self, database: Database, state: Database, *, is_read_only: bool) -> None:
        self._database = database
        self._state = state
        self._is_read_only = is_read_only
        self._server = ""
        self._has_tables = not is_read_only or state.has_table(sync_entity.name)

    @classmethod
    async def open(
        cls, database: Database, *, state: Database | None = None, is_read_only: bool = False
    ) -> Journal:
        """Open the journal; unless it is read-only the tables are made or brought up to date.

        Raises:
            StateError: the database cannot be written.
        """
        journal = cls(database, state or database, is_read_only=is_read_only)
        if not is_read_only:
            async with _ours(), journal._state.begin() as connection:
                await connection.run_sync(_migrate)
        return journal

    async def bind(self, url: str, database_path: str) -> str:
        """Tell for which Stash everything is; answers its generated id, new where it is not known."""
        if not self._has_tables:
            return ""
        known = select(sync_server.c.id).where(
            sync_server.c.url == url, sync_server.c.database_path == database_path
        )
        async with _ours(), self._state.connect() as connection:
            self._server = (await connection.execute(known)).scalar() or ""
        if not self._server and not self._is_read_only:
            self._server = uuid.uuid4().hex
            row = {
                "id": self._server,
                "url": url,
                "database_path": database_path,
                "created_at": datetime.now(UTC),
            }
            async with _ours(), self._state.begin() as connection:
                await connection.execute(insert(sync_server).values(row))
        return self._server

    async def begin(self, command: str, creators: Sequence[str]) -> int:
        """Note that a run has begun; answers its number."""
        now = datetime.now(UTC)
        row = {
            "server_id": self._server,
            "command": command,
            "creators": json.dumps(list(creators)),
            "started_at": now,
            "heartbeat_at": now,
        }
        async with _ours(), self._state.begin() as connection:
            result = await connection.execute(insert(sync_run).values(row).returning(sync_run.c.id))
            return int(result.scalar_one())

    async def end(self, run: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Note how a run ended."""
        now = datetime.now(UTC)
        values = {"ended_at": now, "heartbeat_at": now, "outcome": outcome, "counts": json.dumps(counts)}
        async with _ours(), self._state.begin() as connection:
            await connection.execute(update(sync_run).where(sync_run.c.id == run).values(values))

    async def runs(self, limit: int = 20) -> list[RunRow]:
        """The newest runs, newest first."""
        if not self._has_tables:
            return []
        columns = (c for c in sync_run.c if c.name in RunRow.__dataclass_fields__)
        query = select(*columns).order_by(sync_run.c.id.desc()).limit(limit)
        async with _ours(), self._state.connect() as connection:
            return [RunRow(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name

    async def recall(self, type_name: str, keys: Iterable[SourceKey]) -> dict[SourceKey, Memory]:
        """What earlier runs left of these entities."""
        if not self._server:
            return {}
        found: dict[SourceKey, Memory] = {}
        async with _ours(), self._state.connect() as connection:
            for page in batched(dict.fromkeys(keys), KEYS):
                for row in await connection.execute(self._rows(type_name, page)):
                    found[SourceKey(row.kind, row.source_id)] = _memory(row)
        return found

    async def known_media(self) -> set[int]:
        """The ids of all media whose scene or image is recorded."""
        if not self._server:
            return set()
        query = select(sync_entity.c.source_id).where(
            sync_entity.c.server_id == self._server, sync_entity.c.kind == "media"
        )
        async with _ours(), self._state.connect() as connection:
            return {int(row.source_id) for row in await connection.execute(query)}

    def _rows(self, type_name: str, keys: Sequence[SourceKey]) -> Any:
        return select(sync_entity).where(
            sync_entity.c.server_id == self._server,
            sync_entity.c.type == type_name,
            tuple_(sync_entity.c.kind, sync_entity.c.source_id).in_([(k.kind, _stored(k.id)) for k in keys]),
        )

    async def record(self, memories: Iterable[Memory], stamps: Iterable[tuple[str, int, int]] = ()) -> int:
        """Remember these entities, and stamp the downloader's rows, in one transaction.

        Returns:
            How many memories differed from what was remembered; an unchanged one is not written.
        """
        stamped = list(stamps)
        async with _ours(), self._state.begin() as connection:
            changed = await self._changed(connection, memories)
            if changed:
                await connection.execute(_upsert(connection.dialect.name), changed)
            if self._state is self._database and stamped:
                await self._database.stamp(connection, stamped)
        if self._state is not self._database and stamped:
            async with _ours(), self._database.begin() as connection:
                await self._database.stamp(connection, stamped)
        return len(changed)

    async def _changed(self, connection: AsyncConnection, memories: Iterable[Memory]) -> list[dict[str, Any]]:
        rows = {(m.type, m.key): _row(self._server, m) for m in memories}
        known: dict[tuple[str, SourceKey], dict[str, Any]] = {}
        for type_name in {type_name for type_name, _ in rows}:
            keys = [key for name, key in rows if name == type_name]
            for page in batched(keys, KEYS):
                for row in await connection.execute(self._rows(type_name, page)):
                    known[type_name, SourceKey(row.kind, row.source_id)] = dict(row._mapping)  # noqa: SLF001
        return [
            row
            for row in rows.values()
            if known.get((row["type"], SourceKey(row["kind"], row["source_id"]))) != row
        ]


def _memory(row: Any) -> Memory:
    content = json.loads(row.seen_and_wrote)
    return Memory(
        type=row.type,
        key=SourceKey(row.kind, row.source_id),
        stash_id=row.stash_id,
        created_at=row.created_at,
        digest=row.digest,
        seen=content["seen"],
        wrote=content["wrote"],
    )


def _row(server: str, memory: Memory) -> dict[str, Any]:
    content = {"seen": {k: list(v) for k, v in memory.seen.items()}, "wrote": dict(memory.wrote)}
    return {
        "server_id": server,
        "type": memory.type,
        "kind": memory.key.kind,
        "source_id": _stored(memory.key.id),
        "stash_id": memory.stash_id,
        "created_at": memory.created_at,
        "digest": memory.digest,
        "seen_and_wrote": json.dumps(content, sort_keys=True),
    }


def _stored(text: str) -> str:
    """A text that every database takes: no NUL, no lone surrogate."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _upsert(dialect: str) -> Any:
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(sync_entity)
    keys = [column.name for column in sync_entity.primary_key]
    values = {c.name: statement.excluded[c.name] for c in sync_entity.c if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and a dry run does without
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "stash.journal:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@asynccontextmanager
async def _ours() -> AsyncIterator[None]:
    """Errors of the database become ours."""
    try:
        yield
    except MetadataError as error:
        raise StateError(str(error)) from error
