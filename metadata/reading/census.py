"""What a database holds, counted, and what it cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from metadata.items import Problem
    from metadata.reading.source import Source

COUNTED = (
    "accounts",
    "posts",
    "messages",
    "media_stories",
    "walls",
    "media",
    "attachments",
    "hashtags",
    "post_mentions",
)


@dataclass(frozen=True, slots=True)
class Census:
    """Rows by table, for the tables that there are; `with_file` are media that were downloaded.

    `losses` is what a database of this version does not know, and how to get it.
    """

    rows: Mapping[str, int]
    with_file: int
    losses: tuple[Problem, ...] = ()


async def count_rows(connection: AsyncConnection, source: Source) -> tuple[dict[str, int], int]:
    """Rows by table, and media with a file: one statement."""
    tables = [name for name in COUNTED if source.has(name)]
    counts = [sa.select(sa.func.count()).select_from(sa.table(name)).scalar_subquery() for name in tables]
    media = source.table("media")
    with_file = sa.select(sa.func.count()).select_from(media).where(source.has_file(media)).scalar_subquery()
    (row,) = await source.rows(connection, sa.select(*counts, with_file))
    return dict(zip(tables, row, strict=False)), row[-1]
