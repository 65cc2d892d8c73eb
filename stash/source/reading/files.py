"""The owners of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from stash.source.reading.media import base_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.archive_index import ArchiveIndex
    from stash.source.reading.source import SourceQueries

_BATCH = 5000


class FileOwner(NamedTuple):
    """The media that a file belongs to. A file of a variant belongs to the parent.

    `accountId` is None if the row names no account. `picture` is `avatar` or `banner` if it is one of an account.
    """

    media: int
    accountId: int | None
    picture: str | None = None


async def find_owners(
    connection: AsyncConnection,
    source: SourceQueries,
    files: Mapping[str, int | None],
    archive: ArchiveIndex,
) -> dict[str, FileOwner]:
    """Look up base names and the ids in them, by a fixed number of statements."""
    numbers = {number for number in files.values() if number is not None}
    parents = {**archive.renditions, **await _parents(connection, source, numbers)}
    by_name = await _by_name(connection, source, files.keys())
    accounts = await _accounts(connection, source, {*numbers, *parents.values(), *by_name.values()})
    found: dict[str, int] = {}
    for name, number in files.items():
        in_order = (parents.get(number, number) if number is not None else None, number, by_name.get(name))
        media = next((one for one in in_order if one in accounts), None)
        if media is not None:
            found[name] = media
    pictures = await _pictures(connection, source, set(found.values()))
    return {name: FileOwner(media, accounts[media], pictures.get(media)) for name, media in found.items()}


async def find_names(
    connection: AsyncConnection,
    source: SourceQueries,
    accounts: Collection[int],
    is_wanted: Callable[[str], bool],
) -> list[str]:
    """Return the wanted base names of the files that rows of these accounts have, without avatars."""
    if source.is_ours or not source.has("media", "local_filename", "accountId"):
        return []
    media = source.table("media")
    statement = sa.select(media.c.local_filename).where(
        source.has_file(media), source.within(media.c.accountId, accounts)
    )
    if source.has("account_avatar", "mediaId"):
        statement = statement.where(media.c.id.not_in(sa.select(source.table("account_avatar").c.mediaId)))
    found: set[str] = set()
    async with connection.stream(statement, execution_options={"yield_per": _BATCH}) as rows:
        async for batch in rows.partitions():
            names = (base_name(row[0]) for row in batch if type(row[0]) is str and row[0])
            found |= {name for name in names if is_wanted(name)}
    return sorted(found)


async def _parents(
    connection: AsyncConnection, source: SourceQueries, numbers: Collection[int]
) -> dict[int, int]:
    columns = ("variantId", "mediaId")
    rows = await source.by(connection, "media_variants", columns, ("variantId", numbers))
    numbered = [(row[0], row[1]) for row in rows if type(row[0]) is type(row[1]) is int]
    return {variant: media for variant, media in sorted(numbered, reverse=True) if media != variant}


async def _accounts(
    connection: AsyncConnection, source: SourceQueries, ids: Collection[int]
) -> dict[int, int | None]:
    rows = await source.by(connection, "media", ("id", "accountId"), ("id", ids))
    return {row[0]: row[1] if type(row[1]) is int else None for row in rows}


async def _by_name(
    connection: AsyncConnection, source: SourceQueries, names: Collection[str]
) -> dict[str, int]:
    """Return media by the base name of their file. Rows of old versions hold whole paths."""
    if not names or not source.has("media", "local_filename"):
        return {}
    media = source.table("media")
    column = media.c.local_filename
    is_path = sa.or_(column.contains("/", autoescape=True), column.contains("\\", autoescape=True))
    statement = sa.select(media.c.id, column).where(sa.or_(source.within(column, names), is_path))
    rows = await source.rows(connection, statement.order_by(media.c.id.desc()))
    return {base_name(name): row_id for row_id, name in rows if type(row_id) is int and type(name) is str}


async def _pictures(
    connection: AsyncConnection, source: SourceQueries, ids: Collection[int]
) -> dict[int, str]:
    found: dict[int, str] = {}
    for picture in ("banner", "avatar"):
        rows = await source.by(connection, f"account_{picture}", ("mediaId",), ("mediaId", ids))
        found |= {row[0]: picture for row in rows}
    return found
