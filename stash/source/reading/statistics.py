"""Statistics of a database: numbers of rows, and the kinds of rows that it does not keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import Problem
    from stash.source.reading.source import SourceQueries

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
class ArchiveStats:
    """The numbers of rows by table, of the existing tables. `with_file` counts media that were downloaded.

    `losses` are the kinds of rows that a database of this version does not keep, and how to get them.
    """

    rows: Mapping[str, int]
    with_file: int
    losses: tuple[Problem, ...] = ()


async def count_rows(connection: AsyncConnection, source: SourceQueries) -> tuple[dict[str, int], int]:
    """Count the rows of each table, and the media with a file, in one statement."""
    tables = [name for name in COUNTED if source.has(name)]
    counts = [sa.select(sa.func.count()).select_from(sa.table(name)).scalar_subquery() for name in tables]
    media = source.table("media")
    with_file = sa.select(sa.func.count()).select_from(media).where(source.has_file(media)).scalar_subquery()
    (row,) = await source.rows(connection, sa.select(*counts, with_file))
    return dict(zip(tables, row, strict=False)), row[-1]


async def estimate_items(
    connection: AsyncConnection, source: SourceQueries, accounts: Collection[int], groups: Collection[int]
) -> int:
    """Estimate how many posts, messages, stories and walls of these accounts have contents, in one statement."""
    counts = []
    for name, link, owners in (
        ("posts", "postId", {"accountId": accounts}),
        ("messages", "messageId", {"senderId": accounts, "recipientId": accounts, "groupId": groups}),
    ):
        if source.has(name, "id") and source.has("attachments", link):
            of_them = _of(source, name, owners)
            carrying = sa.select(source.table("attachments").c[link])
            counts.append(sa.select(sa.func.count()).where(of_them, source.table(name).c.id.in_(carrying)))
    counts += [
        sa.select(sa.func.count())
        .select_from(source.table(name))
        .where(_of(source, name, {"accountId": accounts}))
        for name in ("media_stories", "walls")
        if source.has(name, "accountId")
    ]
    if not counts:
        return 0
    (row,) = await source.rows(connection, sa.select(*(count.scalar_subquery() for count in counts)))
    return sum(row)


def _of(source: SourceQueries, name: str, owners: Mapping[str, Collection[int]]) -> sa.ColumnElement[bool]:
    table = source.table(name)
    ways = [source.within(table.c[column], ids) for column, ids in owners.items() if column in table.c]
    return sa.or_(sa.false(), *ways)
