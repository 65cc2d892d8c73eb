"""Accounts with their avatars, each read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.items import Creator
from stash.source.reading.media import MediaReading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import StoredMedia
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import Row, SourceQueries

_ACCOUNT = ("id", "username", "displayName", "about", "stash_id")


class AccountReading:
    """Reads accounts, and caches them. An account without a usable name is reported, and counts as unknown."""

    def __init__(self, source: SourceQueries, validator: RowValidator) -> None:
        self._source, self._validator = source, validator
        self._known: dict[int, Creator | None] = {}
        self._by_handle: dict[str, Creator | None] = {}

    def get(self, account: int | None) -> Creator | None:
        """Return a loaded account. None if it is unknown."""
        return self._known.get(account) if account is not None else None

    def by_handle(self, handle: str) -> Creator | None:
        """Return the account of a loaded handle, in any case."""
        return self._by_handle.get(handle.lower())

    async def load(self, connection: AsyncConnection, accounts: Iterable[int]) -> None:
        """Read the accounts that are not cached yet."""
        new = set(accounts) - self._known.keys()
        self._known |= dict.fromkeys(new)
        await self._add(connection, await self._source.by(connection, "accounts", _ACCOUNT, ("id", new)))

    async def load_handles(self, connection: AsyncConnection, handles: Iterable[str]) -> None:
        """Read the accounts of those handles."""
        new = {handle.lower() for handle in handles} - self._by_handle.keys()
        if not new or not self._source.has("accounts", "username"):
            return
        self._by_handle |= dict.fromkeys(new)
        table = self._source.table("accounts")
        statement = sa.select(*self._source.values(table, "accounts", _ACCOUNT))
        wanted = self._source.within(sa.func.lower(table.c.username), new)
        for account in await self._add(
            connection, await self._source.rows(connection, statement.where(wanted))
        ):
            self._by_handle[account.username.lower()] = account

    async def _add(self, connection: AsyncConnection, rows: Collection[Row]) -> list[Creator]:
        avatars = await self._avatars(connection, {row[0] for row in rows if type(row[0]) is int})
        added = []
        for row in rows:
            key = self._validator.key("accounts", row[0])
            if key is None or (account := self._account(key, row, avatars.get(key))) is None:
                continue
            if self._known.get(key) is None:
                self._known[key] = account
            added.append(account)
        return added

    def _account(self, key: int, row: Row, avatar: StoredMedia | None) -> Creator | None:
        view = self._validator.row("accounts", key)
        _, username, display_name, about, stash_id = row
        name = view.text("username", username)
        if not name or not name.strip():
            view.reject("username is empty")
            return None
        return Creator(
            key,
            name,
            view.text("displayName", display_name),
            view.text("about", about),
            view.integer("stash_id", stash_id),
            avatar,
        )

    async def _avatars(
        self, connection: AsyncConnection, accounts: Collection[int]
    ) -> dict[int, StoredMedia]:
        """Return the newest avatar of each account, one with a file first."""
        columns = ("accountId", "mediaId")
        links = await self._source.by(connection, "account_avatar", columns, ("accountId", accounts))
        if not links:
            return {}
        media = MediaReading(self._source, self._validator)
        await media.load(connection, {link[1] for link in links if type(link[1]) is int})
        avatars: dict[int, StoredMedia] = {}
        for account, media_id in links:
            one, other = media.get(media_id), avatars.get(account)
            if one is not None and (other is None or _newness(one) > _newness(other)):
                avatars[account] = one
        return avatars


def _newness(media: StoredMedia) -> tuple[bool, float, int]:
    created = media.createdAt.timestamp() if media.createdAt is not None else 0.0
    return (media.is_downloaded, created, media.id)
