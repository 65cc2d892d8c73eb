"""The items that hold each media, found in one pass over all media in the order of their id."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

import sqlalchemy as sa

from stash.source.items import NEVER, ItemRef
from stash.source.reading.index import TABLES
from stash.source.reading.links import MediaLinks
from stash.source.values import parse_creation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemKind
    from stash.source.reading.conversations import Conversations
    from stash.source.reading.index import ItemKey
    from stash.source.reading.source import Row, SourceQueries

_BATCH = 5000
_FILE = "file"


@dataclass(slots=True)
class _MediaHolders:
    """The rows about one media: the items that hold it, and the account of its file."""

    media: object = None
    holders: list[tuple[ItemKind, int, int | None]] = field(default_factory=list)
    has_file: bool = False
    account: int | None = None


class HolderScan:
    """Reads all media in the order of their id, each with the items that hold it and whether it has a file.

    Attributes:
        posting: accounts with files in posts or stories of their own.
    """

    def __init__(self, connection: AsyncConnection, source: SourceQueries) -> None:
        self._connection, self._source = connection, source
        self._carriers: Mapping[int, set[ItemKey]] = {}
        self._shared: dict[int, set[ItemKey]] = {}
        self._holding: set[ItemKey] = set()
        self._unattached: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self.posting: set[int] = set()

    async def run(self) -> None:
        """Find the posting accounts, the messages with files, and shared and unattached media."""
        links = MediaLinks(self._source)
        if (aggregations := links.aggregations()) is not None:
            self._carriers = _carriers_of(await self._source.rows(self._connection, aggregations))
        found = _MediaHolders()
        statement = holders_statement(self._source, links)
        async with self._connection.stream(statement, execution_options={"yield_per": _BATCH}) as rows:
            async for batch in rows.partitions():
                for media, mark, item, account in batch:
                    if media != found.media:
                        self._add(found)
                        found = _MediaHolders(media)
                    if mark != _FILE:
                        if is_id(item):
                            found.holders.append((mark, item, account))
                        continue
                    found.has_file = True
                    found.account = account if is_id(account) else None
                    if item is not None:
                        self._parents[item] = media
        self._add(found)
        carriers = await self._source.by(
            self._connection, "posts", ("accountId",), ("id", _ids(self._holding, "post"))
        )
        self.posting |= {row[0] for row in carriers if is_id(row[0])}

    def _add(self, found: _MediaHolders) -> None:
        if type(found.media) is not int:
            return
        keys: set[ItemKey] = {(kind, item) for kind, item, _ in found.holders}
        if self._carriers:
            keys = self._with_carriers(keys, is_file=found.has_file)
        if len(keys) > 1:
            self._shared[found.media] = keys
        if not found.has_file:
            return
        if not keys and found.account is not None:
            self._unattached[found.media] = found.account
        for kind, item, account in found.holders:
            if kind == "message":
                self._holding.add((kind, item))
            elif is_id(account):
                self.posting.add(account)

    def _with_carriers(self, keys: set[ItemKey], *, is_file: bool) -> set[ItemKey]:
        """Add to the holders of a media the items that carry these posts."""
        carried = [self._carriers[item] for kind, item in keys if kind == "post" and item in self._carriers]
        if is_file:
            self._holding.update(*carried)
        return keys.union(*carried)

    async def unattached(self, conversations: Conversations) -> dict[int, list[int]]:
        """Return by account the media with a file that no item, media or account picture refers to."""
        pictures = set[object]()
        for name in ("account_avatar", "account_banner"):
            if self._source.has(name, "mediaId"):
                rows = await self._source.rows(
                    self._connection, sa.select(self._source.table(name).c.mediaId)
                )
                pictures |= {row[0] for row in rows}
        found: defaultdict[int, list[int]] = defaultdict(list)
        for media, account in self._unattached.items():
            parent = self._parents.get(media)
            # Of two that name each other as variants, the smaller counts as the parent.
            is_variant = parent is not None and (self._parents.get(parent) != media or parent < media)
            if account in conversations.known and media not in pictures and not is_variant:
                found[account].append(media)
        return dict(found)

    async def parties(self) -> set[tuple[object, object, object]]:
        """Return (groupId, senderId, recipientId) of the messages that hold files."""
        columns = ("groupId", "senderId", "recipientId")
        ids = _ids(self._holding, "message")
        rows = await self._source.by(self._connection, "messages", columns, ("id", ids))
        return {(row[0], row[1], row[2]) for row in rows}

    async def owners(self, conversations: Conversations) -> dict[int, ItemRef]:
        """Return the earliest item of each media that several items hold."""
        refs = await self._refs({key for keys in self._shared.values() for key in keys}, conversations)
        return {
            media: min(refs[key] for key in known)
            for media, keys in self._shared.items()
            if (known := keys & refs.keys())
        }

    async def _refs(self, keys: Collection[ItemKey], conversations: Conversations) -> dict[ItemKey, ItemRef]:
        refs: dict[ItemKey, ItemRef] = {}
        dated: tuple[ItemKind, ...] = ("post", "story")
        for kind in dated:
            rows = await self._source.by(
                self._connection, TABLES[kind], ("id", "createdAt"), ("id", _ids(keys, kind))
            )
            refs |= {(kind, row[0]): ItemRef(_instant(row[1]), row[0], kind) for row in rows}
        columns = ("id", "createdAt", "groupId", "senderId", "recipientId")
        rows = await self._source.by(self._connection, "messages", columns, ("id", _ids(keys, "message")))
        for row_id, created, group, sender, recipient in rows:
            if conversations.account_of(group, sender, recipient) is not None:
                refs["message", row_id] = ItemRef(_instant(created), row_id, "message")
        return refs


def holders_statement(source: SourceQueries, links: MediaLinks) -> sa.Select[*tuple[Any, ...]]:
    """Select rows (media, mark, item, account) in the order of media.

    The mark is the kind of an item that holds the media, or `file`. A file of a variant is marked at its parent, and
    the item is then the variant.
    """
    media = source.table("media")
    file = sa.literal_column(f"'{_FILE}'", sa.Text).label("mark")
    nothing = sa.cast(sa.null(), sa.BigInteger).label("item")
    own = sa.select(media.c.id.label("media"), file, nothing, media.c.accountId.label("account"))
    parts = [own.where(source.has_file(media))]
    if source.has("media_variants", "mediaId", "variantId"):
        variants = source.table("media_variants")
        if source.is_ours:
            # There every media counts as a file, so the parents do and the variants need not.
            parts = [own.where(media.c.id.not_in(sa.select(variants.c.variantId)))]
        else:
            named = source.table("media", "rendition")
            through = variants.c.variantId.in_(sa.select(named.c.id).where(source.has_file(named)))
            parent = variants.join(media, media.c.id == variants.c.mediaId)
            of_variants = sa.select(media.c.id, file, variants.c.variantId, media.c.accountId)
            parts.append(of_variants.select_from(parent).where(through))
    if (held := links.holders()) is not None:
        parts.append(sa.select(held.c.media, held.c.kind, held.c.item, held.c.account))
    marks = sa.union_all(*parts).subquery("marks")
    return sa.select(marks).order_by(marks.c.media)


def _carriers_of(edges: Iterable[Row]) -> dict[int, set[ItemKey]]:
    """Return for each aggregated post every item that carries it, directly or through other posts."""
    direct: defaultdict[int, set[ItemKey]] = defaultdict(set)
    for post, message, content in edges:
        if is_id(content):
            if is_id(post):
                direct[content].add(("post", post))
            elif is_id(message):
                direct[content].add(("message", message))
    carriers: dict[int, set[ItemKey]] = {}
    for post in direct:
        found: set[ItemKey] = set()
        pending = list(direct[post])
        while pending:
            carrier = pending.pop()
            if carrier not in found:
                found.add(carrier)
                if carrier[0] == "post":
                    pending.extend(direct.get(carrier[1], ()))
        carriers[post] = found - {("post", post)}
    return carriers


def _ids(keys: Iterable[ItemKey], kind: str) -> list[int]:
    return [item for key, item in keys if key == kind]


def is_id(value: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number. SQLite keeps any value in any column."""
    return type(value) is int


def _instant(value: object) -> datetime:
    try:
        return parse_creation(value) or NEVER
    except ValueError:
        return NEVER
