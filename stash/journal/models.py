"""The `sync_` tables: servers, runs, baselines, the write-ahead log, fingerprints and looks."""

from __future__ import annotations

from sqlalchemy import DDL, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text, event

schema = MetaData()

VERSION = "0007"
"""The version of these tables, that of the newest migration."""

VERSION_TABLE = "sync_alembic_version"
"""The table of alembic's version, apart from the downloader's own."""

sync_server = Table(
    "sync_server",
    schema,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("database_path", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""A server: a generated id, with the path of its database and its URL without secrets."""

sync_run = Table(
    "sync_run",
    schema,
    Column("id", Integer, primary_key=True),
    Column("server_id", ForeignKey("sync_server.id", ondelete="CASCADE"), nullable=False),
    Column("command", String(32), nullable=False),
    Column("creators", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("heartbeat_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("outcome", String(32)),
    Column("counts", Text),
    Column("stash_time", String(32)),
)
"""A run. `counts` is the summary as JSON, `stash_time` the time of its last write by Stash's clock."""

sync_entity = Table(
    "sync_entity",
    schema,
    Column("server_id", ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True),
    Column("type", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("stash_id", String(32), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("seen_and_wrote", Text, nullable=False),
    Index("sync_entity_stash_id", "server_id", "type", "stash_id"),
    Index("sync_entity_updated_at", "server_id", "type", "updated_at"),
)
"""A baseline. `seen_and_wrote` is JSON: `seen`, `wrote`, `earlier` and `declined` are its fields.

`created_at` and `updated_at` are Stash's, after our last confirmed write. An unknown `updated_at` is empty.
"""

sync_change = Table(
    "sync_change",
    schema,
    Column("id", Integer, primary_key=True),
    Column("server_id", ForeignKey("sync_server.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", ForeignKey("sync_run.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("outcomes", Text, nullable=False),
    Index("sync_change_run", "run_id"),
)
"""A batch of the write-ahead log: the entries of one request, each on one entity.

`content` is JSON, the entries in their order. `outcomes` is JSON, their outcomes by place. The row is `planned` while
an entry has no outcome, then `applied`, or `failed` if Stash refused every entry.
"""

_PLANNED = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy's own has no types
    "CREATE INDEX sync_change_planned ON sync_change (server_id) WHERE state = 'planned'"
)
"""Written as text, because an `Index` with a condition for either kind of database makes SQLAlchemy load both."""

event.listen(sync_change, "after_create", _PLANNED)

sync_part = Table(
    "sync_part",
    schema,
    Column("server_id", ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", String(32), nullable=False),
    Column("standing", String(32), nullable=False),
    Column("content", Text, nullable=False),
)
"""A fingerprint: the digests of a chunk of a creator's items. `content` is JSON."""

sync_look = Table(
    "sync_look",
    schema,
    Column("server_id", ForeignKey("sync_server.id", ondelete="CASCADE"), primary_key=True),
    Column("selection", Text, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
"""A look. `selection` names the creators of its run, empty for all. `content` is JSON."""
