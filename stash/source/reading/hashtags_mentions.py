"""The hashtags and mentions of posts."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from stash.source.items import ItemHashtag, Mention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.accounts import AccountReading
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import SourceQueries

HASHTAG = re.compile(r"#+(\w+)")
"""The downloader's rule for a hashtag in a text."""

HANDLE = re.compile(r"(?<![\w@.])@(\w+(?:[.-]\w+)*)")
"""A handle in a text, without the punctuation after the handle."""


class HashtagsMentions:
    """The hashtags and mentions of one page's posts.

    If the database keeps no mentions, those of known accounts are taken from the texts.
    """

    def __init__(
        self,
        source: SourceQueries,
        validator: RowValidator,
        accounts: AccountReading,
        *,
        knows_mentions: bool = True,
    ) -> None:
        self._source, self._validator, self._accounts = source, validator, accounts
        self.has_all_mentions = knows_mentions
        self._hashtags: dict[int, tuple[ItemHashtag, ...]] = {}
        self._mentions: dict[int, list[tuple[str | None, int | None]]] = {}

    def hashtags(self, post: int) -> tuple[ItemHashtag, ...]:
        """Return a post's hashtags in the order of its text, then by value."""
        return self._hashtags.get(post, ())

    def mentions(self, post: int) -> tuple[Mention, ...]:
        """Return a post's mentions, each account and each handle once."""
        found: dict[object, Mention] = {}
        for handle, number in self._mentions.get(post, ()):
            account = self._accounts.get(number)
            if account is None and handle is not None:
                account = self._accounts.by_handle(handle)
            name = handle or (account.username if account is not None else None)
            if name is not None:
                key = account.id if account is not None else name.lower()
                found.setdefault(key, Mention(name, number if account is None else account.id, account))
        return tuple(found.values())

    async def load(self, connection: AsyncConnection, texts: Mapping[int, str | None]) -> None:
        """Read the hashtags and mentions of posts, in the order of their texts."""
        await self._load_hashtags(connection, texts)
        if self.has_all_mentions:
            await self._load_mentions(connection, texts)
        else:
            await self._find_mentions(connection, texts)

    async def _load_hashtags(self, connection: AsyncConnection, texts: Mapping[int, str | None]) -> None:
        self._hashtags = {}
        if not self._source.has("post_hashtags", "postId", "hashtagId") or not self._source.has(
            "hashtags", "id", "value"
        ):
            return
        links, tags = self._source.table("post_hashtags"), self._source.table("hashtags")
        statement = sa.select(links.c.postId, tags.c.id, tags.c.value).join(
            tags, tags.c.id == links.c.hashtagId
        )
        rows = await self._source.rows(
            connection, statement.where(self._source.within(links.c.postId, texts.keys()))
        )
        tags_by_id = {tag: self._tag(tag, value) for tag, value in {(row[1], row[2]) for row in rows}}
        of_posts: defaultdict[int, set[str]] = defaultdict(set)
        for post, tag, _ in rows:
            if (value := tags_by_id[tag]) is not None:
                of_posts[post].add(value)
        for post, found in of_posts.items():
            in_text = dict.fromkeys(HASHTAG.findall((texts.get(post) or "").lower()))
            ordered = [value for value in in_text if value in found]
            ordered += sorted(found.difference(ordered))
            self._hashtags[post] = tuple(map(ItemHashtag, ordered))

    def _tag(self, key: object, value: object) -> str | None:
        text = (self._validator.row("hashtags", key).text("value", value) or "").strip().lstrip("#").lower()
        if not text:
            self._validator.report("hashtags", key, "value is empty")
        return text or None

    async def _find_mentions(self, connection: AsyncConnection, texts: Mapping[int, str | None]) -> None:
        """Find mentions of known accounts in the texts."""
        found = {post: dict.fromkeys(HANDLE.findall(text or "")) for post, text in texts.items()}
        await self._accounts.load_handles(connection, {name for names in found.values() for name in names})
        self._mentions = {
            post: [
                (account.username, account.id) for account in map(self._accounts.by_handle, names) if account
            ]
            for post, names in found.items()
        }

    async def _load_mentions(self, connection: AsyncConnection, texts: Mapping[int, str | None]) -> None:
        columns = ("postId", "accountId", "handle", "id")
        rows = await self._source.by(connection, "post_mentions", columns, ("postId", texts.keys()))
        mentions: defaultdict[int, list[tuple[int, str, int | None]]] = defaultdict(list)
        for post, account, handle, number in rows:
            view = self._validator.row("post_mentions", number if number is not None else f"{post}/{handle}")
            name = (view.text("handle", handle) or "").strip().lstrip("@")
            account_id = view.integer("accountId", account)
            if not name and account_id is None:
                view.reject("neither handle nor accountId is usable")
            else:
                mentions[post].append((view.integer("id", number) or 0, name, account_id))
        self._mentions = {
            post: [(name or None, account) for _, name, account in sorted(found, key=lambda one: one[:2])]
            for post, found in mentions.items()
        }
        everyone = [one for found in self._mentions.values() for one in found]
        await self._accounts.load(connection, {account for _, account in everyone if account is not None})
        unknown = {name for name, account in everyone if name and self._accounts.get(account) is None}
        await self._accounts.load_handles(connection, unknown)
