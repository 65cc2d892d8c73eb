"""Writes what posts and messages have as a whole: attachments, hashtags and mentions replace the known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from metadata.models import Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from metadata.ingest.rows import Rows
    from stash.source.reading.source import SourceQueries

type Key = tuple[Any, ...]

_ATTACHMENT = ("pos", "contentId", "contentType")
_MENTION = ("postId", "accountId", "handle")


class PartsWriter:
    """Compares with what is there, then deletes and adds only what differs: equal rows keep their ids."""

    def __init__(self, source: SourceQueries, connection: AsyncConnection) -> None:
        self._source, self._connection = source, connection

    async def write(self, rows: Rows) -> dict[str, int]:
        """Write the parts. Return how many rows of which table the payload asked for."""
        return {
            "attachments": await self._attachments(rows, "postId")
            + await self._attachments(rows, "messageId"),
            "post_hashtags": await self._hashtags(rows),
            "post_mentions": await self._mentions(rows),
        }

    async def _attachments(self, rows: Rows, link: str) -> int:
        held = {key: found for (column, key), found in rows.attachments.items() if column == link}
        columns = (link, *_ATTACHMENT)
        wanted = {
            (holder, one.pos, one.contentId, one.contentType.name)
            for holder, found in held.items()
            for one in found
        }
        await self._replace("attachments", columns, (link, held.keys()), wanted)
        return len(wanted)

    async def _mentions(self, rows: Rows) -> int:
        wanted = {
            (post, account, handle)
            for post, found in rows.mentions.items()
            for handle, account in found.items()
        }
        await self._replace("post_mentions", _MENTION, ("postId", rows.mentions.keys()), wanted)
        return len(wanted)

    async def _replace(
        self, name: str, columns: tuple[str, ...], key: tuple[str, Collection[int]], wanted: set[Key]
    ) -> None:
        table = Base.metadata.tables[name]
        rows = await self._source.by(self._connection, name, ("id", *columns), key)
        present = {tuple(facts): row_id for row_id, *facts in rows}
        gone = [row_id for facts, row_id in present.items() if facts not in wanted]
        if gone:
            await self._connection.execute(sa.delete(table).where(self._source.within(table.c.id, gone)))
        await self._add(name, columns, sorted(wanted - present.keys(), key=repr))

    async def _hashtags(self, rows: Rows) -> int:
        ids = await self._hashtag_ids({value for found in rows.hashtags.values() for value in found})
        wanted = {
            (post, ids[value]) for post, found in rows.hashtags.items() for value in found if value in ids
        }
        columns = ("postId", "hashtagId")
        key = ("postId", rows.hashtags.keys())
        rows_there = await self._source.by(self._connection, "post_hashtags", columns, key)
        present = {tuple(row) for row in rows_there}
        gone = [pair for pair in present - wanted if pair[0] in rows.retold]
        if gone:
            table = Base.metadata.tables["post_hashtags"]
            matches = (table.c.postId == sa.bindparam("post"), table.c.hashtagId == sa.bindparam("tag"))
            parameters = [{"post": post, "tag": tag} for post, tag in gone]
            await self._connection.execute(sa.delete(table).where(*matches), parameters)
        await self._add("post_hashtags", columns, sorted(wanted - present))
        return len(wanted)

    async def _hashtag_ids(self, values: set[str]) -> Mapping[str, int]:
        known = await self._known_hashtags(values)
        new = sorted(values - known.keys())
        if not new:
            return known
        await self._add("hashtags", ("value",), [(value,) for value in new])
        return await self._known_hashtags(values)

    async def _known_hashtags(self, values: set[str]) -> dict[str, int]:
        if not values:
            return {}
        table = self._source.table("hashtags")
        statement = sa.select(table.c.value, table.c.id).where(self._source.within(table.c.value, values))
        return {row[0]: row[1] for row in await self._source.rows(self._connection, statement)}

    async def _add(self, name: str, columns: tuple[str, ...], keys: Iterable[Key]) -> None:
        values = [dict(zip(columns, key, strict=True)) for key in keys]
        if values:
            await self._connection.execute(sa.insert(Base.metadata.tables[name]), values)
