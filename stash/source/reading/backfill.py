"""Find the media of renditions without a stored link, by their time.

The downloader of winter 2025/26 saved videos under the id of a rendition, as a row of its own, and kept no
`media_variants`. Such a row belongs to the video of the same account that was made within a minute, if there is
exactly one without a file, and if that row is the only one for the video.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.values import parse_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.source import SourceQueries

WINDOW = timedelta(seconds=60)

type _Timed = tuple[int, int, datetime]
"""A media, its account and its instant."""


async def find_renditions(
    connection: AsyncConnection, source: SourceQueries, unattached_media: Mapping[int, Collection[int]]
) -> dict[int, int]:
    """Return the media of each rendition, by its id. `unattached_media` are by account."""
    if not unattached_media or source.is_ours or not source.has("account_media", "mediaId", "createdAt"):
        return {}
    orphans = await _orphans(
        connection, source, {media for found in unattached_media.values() for media in found}
    )
    if not orphans:
        return {}
    return _unique(orphans, await _candidates(connection, source, {account for _, account, _ in orphans}))


async def _orphans(
    connection: AsyncConnection, source: SourceQueries, media: Collection[int]
) -> list[_Timed]:
    columns = ("id", "accountId", "createdAt", "mimetype")
    rows = await source.by(connection, "media", columns, ("id", media))
    return [
        (row[0], row[1], instant)
        for row in rows
        if str(row[3]).startswith("video/") and (instant := _instant(row[2])) is not None
    ]


async def _candidates(
    connection: AsyncConnection, source: SourceQueries, accounts: Collection[int]
) -> list[_Timed]:
    """Return offered videos without a file and without known renditions, with the time of their row or their offer."""
    media, offered = source.table("media"), source.table("account_media")
    statement = (
        sa.select(
            media.c.id,
            media.c.accountId,
            *source.values(media, "media", ("createdAt",)),
            *source.values(offered, "account_media", ("createdAt",)),
        )
        .join_from(offered, media, media.c.id == offered.c.mediaId)
        .where(source.within(media.c.accountId, accounts), media.c.mimetype.like("video/%"))
        .where(~source.has_file(media))
    )
    if source.has("media_variants", "mediaId"):
        statement = statement.where(media.c.id.not_in(sa.select(source.table("media_variants").c.mediaId)))
    rows = await source.rows(connection, statement)
    timed = {row[0]: (row[0], row[1], _instant(row[2]) or _instant(row[3])) for row in rows}
    return [(key, account, instant) for key, account, instant in timed.values() if instant is not None]


def _unique(orphans: Collection[_Timed], candidates: Collection[_Timed]) -> dict[int, int]:
    of_account: defaultdict[int, list[_Timed]] = defaultdict(list)
    for candidate in candidates:
        of_account[candidate[1]].append(candidate)
    near = {
        orphan: [media for media, _, when in of_account[account] if abs(when - instant) <= WINDOW]
        for orphan, account, instant in orphans
    }
    claims: defaultdict[int, int] = defaultdict(int)
    for found in near.values():
        for media in found:
            claims[media] += 1
    return {o: found[0] for o, found in near.items() if len(found) == 1 and claims[found[0]] == 1}


def _instant(value: object) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None
