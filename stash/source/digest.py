"""A digest of the rows that a sync reads. The database works it out, so that no row leaves it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from stash.source.row_digest import ROW_DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.database import Database

TABLES_READ = (
    "account_avatar",
    "account_banner",
    "account_media",
    "account_media_bundle_media",
    "account_media_bundles",
    "accounts",
    "attachments",
    "group_users",
    "groups",
    "hashtags",
    "media",
    "media_stories",
    "media_variants",
    "messages",
    "metadata_facts",
    "pinned_posts",
    "post_hashtags",
    "post_mentions",
    "posts",
    "wall_posts",
    "walls",
)
"""The tables that a reader reads, of every version."""

OWN_COLUMN = "stash_id"
"""The column that a sync writes in tables of the downloader."""


async def rows_digest(database: Database) -> str:
    """Return a digest of all rows, in any order. The columns that a sync writes are left out.

    It stays the same in a copy of the database. Another version of Python or PostgreSQL may give another one.
    """
    columns = {name: sorted(database.columns(name) - {OWN_COLUMN}) for name in TABLES_READ}
    columns = {name: found for name, found in columns.items() if found}
    async with database.connect() as connection:
        if database.kind == "postgresql":
            sums = await _sums(connection, columns, _in_postgresql)
        else:
            try:
                sums = await _sums(connection, columns, _in_sqlite)
            except (
                OperationalError
            ):  # a text that is no UTF-8, which a function in Python gets as bytes alone
                sums = await _sums(connection, columns, _of_bytes_in_sqlite)
    return hashlib.blake2b(repr(sums).encode(), digest_size=16).hexdigest()


type _Digest = Callable[[Sequence[str]], str]


def _in_postgresql(columns: Sequence[str]) -> str:
    return f"hashtextextended(CAST(ROW({', '.join(columns)}) AS text), 0)"


def _in_sqlite(columns: Sequence[str]) -> str:
    return f"{ROW_DIGEST}({', '.join(columns)})"


def _of_bytes_in_sqlite(columns: Sequence[str]) -> str:
    types = " || ".join(f"typeof({one})" for one in columns)
    return f"{ROW_DIGEST}({types}, {', '.join(f'CAST({one} AS BLOB)' for one in columns)})"


async def _sums(
    connection: AsyncConnection, columns: Mapping[str, Sequence[str]], digest: _Digest
) -> list[tuple[str, ...]]:
    """Return the number of rows of each table, and the sum of their digests, by one statement."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = [
        f"SELECT '{name}', count(*), sum({digest([quote(one) for one in found])}) FROM {quote(name)}"  # noqa: S608 - our own names
        for name, found in columns.items()
    ]
    rows = await connection.exec_driver_sql(" UNION ALL ".join(parts))
    return sorted(tuple(map(str, row)) for row in rows)
