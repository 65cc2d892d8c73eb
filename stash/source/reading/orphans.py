"""Orphan rows: rows of no creator, which are on no creator's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.reading.accounts import AccountReading
from stash.source.reading.index import TABLES
from stash.source.values import repair_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.archive_index import ArchiveIndex
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import Row, SourceQueries

_NUMBERED = (
    "accounts",
    "posts",
    "messages",
    "media_stories",
    "media",
    "account_media",
    "account_media_bundles",
    "attachments",
    "walls",
    "hashtags",
    "groups",
)

_LINKING: dict[str, tuple[str, ...]] = {
    "account_avatar": ("accountId", "mediaId"),
    "account_banner": ("accountId", "mediaId"),
    "account_media_bundle_media": ("bundle_id", "media_id"),
    "group_users": ("groupId", "accountId"),
    "media_variants": ("mediaId", "variantId"),
    "pinned_posts": ("postId", "accountId"),
    "post_hashtags": ("postId", "hashtagId"),
    "post_mentions": ("postId", "handle"),
    "wall_posts": ("wallId", "postId"),
    "walls": ("id", "accountId"),
}
"""The columns that name a row of a joining table."""

_JOINING = frozenset(
    {"accountId", "mediaId", "variantId", "bundle_id", "groupId", "postId", "hashtagId", "wallId"}
)
"""The joining columns, in which only this check finds values other than numbers."""


class OrphanReading:
    """Finds orphan rows by statements that return these rows only."""

    def __init__(self, connection: AsyncConnection, source: SourceQueries, validator: RowValidator) -> None:
        self._connection, self._source, self._validator = connection, source, validator

    async def read(self, archive: ArchiveIndex) -> None:
        """Report invalid ids, accounts without a username, and references to rows that do not exist."""
        await self._look_at_numbers()
        accounts = AccountReading(self._source, self._validator)
        await accounts.load(self._connection, archive.conversations.known)
        for name in (TABLES["post"], TABLES["story"], "media"):
            await self._look_at_accounts(name)
        await self._look_at_messages(archive)
        await self._look_at_attachments()

    async def _look_at_numbers(self) -> None:
        """Report ids that are not numbers. Only SQLite keeps such values."""
        if not self._source.is_sqlite:
            return
        ways = [
            f"SELECT '{name}', id FROM {name} WHERE typeof(id) != 'integer'"  # noqa: S608 - our own names
            for name in _NUMBERED
            if self._source.has(name, "id")
        ]
        for name, value in await self._source.rows(self._connection, sa.text(" UNION ALL ".join(ways))):
            self._validator.key(name, value)
        for name, columns in _LINKING.items():
            await self._look_at_links(name, columns)

    async def _look_at_links(self, name: str, columns: tuple[str, ...]) -> None:
        """Report rows of a joining table that refer to other rows by another value than a number."""
        columns = tuple(column for column in columns if self._source.has(name, column))
        joining = [column for column in columns if column in _JOINING]
        if not joining:
            return
        table = self._source.table(name)
        is_other = [sa.func.typeof(table.c[column]).not_in(("integer", "null")) for column in joining]
        statement = sa.select(*(table.c[column] for column in columns)).where(sa.or_(*is_other))
        for row in await self._source.rows(self._connection, statement):
            key = "/".join(map(repair_text, row)) if name != "walls" else row[0]
            view = self._validator.row(name, key)
            for column in joining:
                view.integer(column, row[columns.index(column)])

    async def _look_at_accounts(self, name: str) -> None:
        """Report posts and stories with contents, and media with a file, whose account has no row."""
        if not self._source.has(name, "id", "accountId"):
            return
        table, accounts = self._source.table(name), self._source.table("accounts")
        statement = (
            sa.select(table.c.id, table.c.accountId)
            .select_from(table.outerjoin(accounts, accounts.c.id == table.c.accountId))
            .where(accounts.c.id.is_(None))
        )
        if name == "media":
            statement = statement.where(self._source.has_file(table))
        elif name == TABLES["post"]:
            if not self._source.has("attachments", "postId"):
                return
            statement = statement.where(table.c.id.in_(sa.select(self._source.table("attachments").c.postId)))
        for row in await self._source.rows(self._connection, statement):
            self._report(name, row, "its account")

    async def _look_at_messages(self, archive: ArchiveIndex) -> None:
        name = TABLES["message"]
        if not (self._source.has(name, "id", "senderId") and self._source.has("attachments", "messageId")):
            return
        table, accounts = self._source.table(name), self._source.table("accounts")
        columns = self._source.values(table, name, ("id", "senderId", "groupId", "recipientId"))
        readers = self._source.within(table.c.senderId, archive.conversations.readers)
        statement = (
            sa.select(*columns)
            .select_from(table.outerjoin(accounts, accounts.c.id == table.c.senderId))
            .where(table.c.id.in_(sa.select(self._source.table("attachments").c.messageId)))
            .where(sa.or_(accounts.c.id.is_(None), readers))
        )
        for row in await self._source.rows(self._connection, statement):
            _, sender, group, recipient = row
            if archive.conversations.account_of(group, sender, recipient) is None:
                self._report(name, row, "whoever it was sent to is unknown, and its sender")

    async def _look_at_attachments(self) -> None:
        links = [
            (link, self._source.table(name))
            for link, name in (("postId", "posts"), ("messageId", "messages"))
            if self._source.has("attachments", link) and self._source.has(name, "id")
        ]
        table = self._source.table("attachments")
        if not links:
            return
        joined: sa.FromClause = table
        for link, holders in links:
            joined = joined.outerjoin(holders, holders.c.id == table.c[link])
        statement = (
            sa.select(*self._source.values(table, "attachments", ("id", "postId", "messageId")))
            .select_from(joined)
            .where(*(holders.c.id.is_(None) for _, holders in links))
        )
        for row_id, post, message in await self._source.rows(self._connection, statement):
            what = "its message" if post is None and message is not None else "its post"
            self._report("attachments", (row_id, message if post is None else post), what)

    def _report(self, table: str, row: Row | tuple[object, object], what: str) -> None:
        self._validator.report(table, row[0], f"{what} {row[1]} is unknown")
