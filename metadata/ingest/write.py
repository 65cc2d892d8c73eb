"""Writes the rows of one payload in one transaction of the caller's: upserts, never a duplicate."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from metadata.ingest.parts import PartsWriter
from metadata.models import Base
from stash.source.reading.source import SourceQueries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from metadata.ingest.rows import Rows, Values
    from stash.source.database import Database

_ORDER = (
    "accounts",
    "media",
    "media_variants",
    "media_locations",
    "account_avatar",
    "account_banner",
    "account_media",
    "account_media_bundles",
    "account_media_bundle_media",
    "posts",
    "groups",
    "group_users",
    "messages",
    "media_stories",
    "walls",
    "wall_posts",
    "pinned_posts",
    "timeline_stats",
    "media_story_states",
    "subscriptions",
    "subscription_plans",
    "subscription_promos",
    "metadata_facts",
)
"""Tables after those that they refer to."""

TABLES = Base.metadata.tables


class Writer:
    """Writes rows through one connection."""

    def __init__(self, database: Database, connection: AsyncConnection) -> None:
        self._source = SourceQueries(database)
        self._connection = connection
        self._insert = sqlite.insert if database.kind == "sqlite" else postgresql.insert

    async def write(self, rows: Rows) -> dict[str, int]:
        """Write everything that a payload asked for. Return how many rows of which table it was."""
        counts = {name: len(rows.tables[name]) for name in _ORDER if rows.tables[name]}
        told = {name: set(rows.tables[name]) for name in ("accounts", "groups")}
        await self._add_stubs(rows)
        await self._name_accounts(rows.tables["accounts"])
        for name in _ORDER:
            await self._upsert(name, list(rows.tables[name].values()))
        await self._settle_stubs(told)
        parts = await PartsWriter(self._source, self._connection).write(rows)
        return counts | {name: count for name, count in parts.items() if count}

    async def _upsert(self, name: str, rows: Sequence[Values]) -> None:
        table = TABLES[name]
        key = [column.name for column in table.primary_key]
        alike: defaultdict[tuple[str, ...], list[Values]] = defaultdict(list)
        for row in rows:
            # Accounts are renamed in the order in which their names became free.
            place = (row["id"],) if name == "accounts" else ()
            alike[*sorted(row), *map(str, place)].append(row)
        for batch in alike.values():
            statement = self._insert(table)
            told = {column: statement.excluded[column] for column in batch[0] if column not in key}
            if told:
                statement = statement.on_conflict_do_update(index_elements=key, set_=told)
            else:
                statement = statement.on_conflict_do_nothing(index_elements=key)
            await self._connection.execute(statement, batch)

    async def _add_stubs(self, rows: Rows) -> None:
        """Rows for accounts and groups that others name and nobody told of."""
        stubs = []
        for name in ("groups", "accounts"):
            named = {
                (row[key.parent.name], table_name)
                for table_name, found in rows.tables.items()
                for key in TABLES[table_name].foreign_keys
                if key.column.table.name == name
                for row in found.values()
                if row.get(key.parent.name) is not None
            }
            reasons = {
                one: table_name for one, table_name in sorted(named) if (one,) not in rows.tables[name]
            }
            known = await self._known(name, reasons.keys())
            for one in sorted(reasons.keys() - known):
                rows.tables[name][(one,)] = {"id": one}
                stubs.append((name, one, f"named by {reasons[one]}"))
        now = datetime.now(UTC)
        if stubs:
            columns = ("table_name", "record_id", "reason")
            values = [dict(zip(columns, stub, strict=True)) | {"created_at": now} for stub in stubs]
            insert = self._insert(TABLES["stub_tracker"]).on_conflict_do_nothing()
            await self._connection.execute(insert, values)

    async def _settle_stubs(self, told: dict[str, set[tuple[Any, ...]]]) -> None:
        tracker = TABLES["stub_tracker"].c
        for name, keys in told.items():
            if keys:
                of_it = self._source.within(tracker.record_id, [key[0] for key in keys])
                delete = sa.delete(TABLES["stub_tracker"]).where(tracker.table_name == name, of_it)
                await self._connection.execute(delete)

    async def _known(self, name: str, ids: Collection[int]) -> set[int]:
        rows = await self._source.by(self._connection, name, ("id",), ("id", ids))
        return {row[0] for row in rows}

    async def _name_accounts(self, accounts: dict[tuple[Any, ...], Values]) -> None:
        """Give every account a name of its own: a name that another one has gets a number behind it."""
        ids = [values["id"] for values in accounts.values()]
        rows = await self._source.by(self._connection, "accounts", ("id", "username"), ("id", ids))
        current: dict[int, str] = {row[0]: row[1] for row in rows}
        for values in accounts.values():
            one, wanted = values["id"], values.pop("username", None)
            if wanted or one not in current:
                current[one] = await self._free_name(one, wanted or f"acct_{one}", current)
            values["username"] = current[one]

    async def _free_name(self, account: int, wanted: str, current: dict[int, str]) -> str:
        table = TABLES["accounts"]
        lower = sa.func.lower(table.c.username)
        alike = sa.or_(lower == wanted.lower(), lower.startswith(wanted.lower() + "_", autoescape=True))
        rows = await self._source.rows(self._connection, sa.select(table.c.id, table.c.username).where(alike))
        names: dict[int, str] = {row[0]: row[1] for row in rows} | current
        own = names.pop(account, None)
        taken = {name.lower() for name in names.values()}
        if wanted.lower() not in taken:
            return wanted
        if own is not None and re.fullmatch(re.escape(wanted) + r"_\d+", own, re.IGNORECASE):
            return own
        number = 2
        while f"{wanted}_{number}".lower() in taken:
            number += 1
        return f"{wanted}_{number}"
