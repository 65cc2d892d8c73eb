"""What has to be known of the whole database: who is a creator, who reads, who owns shared media."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

import sqlalchemy as sa

from stash.source.items import NEVER, ItemRef
from stash.source.reading.backfill import find_renditions
from stash.source.reading.conversations import Conversations, read_conversations
from stash.source.reading.index import TABLES
from stash.source.reading.links import Links
from stash.source.values import parse_creation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemKind
    from stash.source.reading.index import ItemKey
    from stash.source.reading.source import Row, SourceQueries

_BATCH = 5000
_FILE = "file"


@dataclass(slots=True)
class ArchiveIndex:
    """Facts of the whole database, read once by a few statements whose results are small.

    `owners` names the earliest item of media that several items hold; other media belong to the item at
    hand. `unattached` are media with a file that no item holds, by account. What the database does not know,
    because v0.15 kept no attachments and no mentions, is not to be read as if there were none; `attached_until` is the
    last post that has some, where later ones have files and none. `renditions` are
    those whose media was found by time alone; the media by the rendition's id. `held` are all media that items hold,
    in order.
    """

    creators: frozenset[int] = frozenset()
    conversations: Conversations = field(default_factory=Conversations)
    owners: Mapping[int, ItemRef] = field(default_factory=dict)
    unattached: Mapping[int, list[int]] = field(default_factory=dict)
    renditions: Mapping[int, int] = field(default_factory=dict)
    held: Sequence[int] = ()
    knows_mentions: bool = True
    knows_attachments: bool = True
    attached_until: int | None = None
    is_asked_for_facts: bool = False

    def holds(self, media: int) -> bool:
        """Tell whether a known item holds a media."""
        place = bisect_left(self.held, media)
        return place < len(self.held) and self.held[place] == media


async def read_world(connection: AsyncConnection, source: SourceQueries) -> ArchiveIndex:
    """Look over the whole database."""
    reading = _WorldReading(connection, source)
    await reading.look()
    conversations = await read_conversations(connection, source, reading.posting)
    partners = {
        partner
        for group, sender, recipient in await reading.parties()
        if (partner := conversations.account_of(group, sender, recipient)) is not None
    }
    unattached = await reading.unattached(conversations)
    creators = (reading.posting | partners | unattached.keys()) - conversations.readers
    owners = await reading.owners(conversations)
    renditions = await find_renditions(connection, source, unattached)
    unattached = {
        account: left
        for account, media in unattached.items()
        if (left := [one for one in media if one not in renditions])
    }
    newest = max((media for found in unattached.values() for media in found), default=0)
    return ArchiveIndex(
        frozenset(creators),
        conversations,
        owners,
        unattached,
        renditions,
        reading.held,
        knows_mentions=source.is_ours or not await source.is_empty(connection, "post_mentions"),
        knows_attachments=source.is_ours
        or not await source.is_empty(connection, "attachments")
        or not unattached
        or await source.is_empty(connection, "posts"),
        attached_until=await _attached_until(connection, source, newest),
    )


async def _attached_until(connection: AsyncConnection, source: SourceQueries, newest: int) -> int | None:
    """The last post with attachments, where both later posts and a later media without an item are there.

    Ids of the source grow with time. A database that v0.15 took over has attachments up to then.
    """
    has_both = source.has("attachments", "postId") and source.has("posts", "id")
    if source.is_ours or not source.has("media_stories") or not has_both:
        return None
    attached, posts = source.table("attachments"), source.table("posts")
    latest = [sa.select(sa.func.max(column)) for column in (attached.c.postId, posts.c.id)]
    found = [(await source.rows(connection, statement))[0][0] for statement in latest]
    last, of_all = (one if _is_id(one) else 0 for one in found)
    return last if 0 < last < min(of_all, newest) else None


@dataclass(slots=True)
class _Marks:
    """What is said of one media: which items hold it, and whose file it is."""

    media: object = None
    holders: list[tuple[ItemKind, int, int | None]] = field(default_factory=list)
    has_file: bool = False
    account: int | None = None


class _WorldReading:
    """One pass over all media in order of id, each with who holds it and whether it has a file."""

    def __init__(self, connection: AsyncConnection, source: SourceQueries) -> None:
        self._connection, self._source = connection, source
        self._carriers: Mapping[int, set[ItemKey]] = {}
        self._shared: dict[int, set[ItemKey]] = {}
        self._holding: set[ItemKey] = set()
        self._loose: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self.posting: set[int] = set()
        self.held = array("q")

    async def look(self) -> None:
        """Find who has files in items of its own, which messages hold files, and what is shared or loose."""
        links = Links(self._source)
        if (aggregations := links.aggregations()) is not None:
            self._carriers = _carriers_of(await self._source.rows(self._connection, aggregations))
        marks = _Marks()
        statement = marks_statement(self._source, links)
        async with self._connection.stream(statement, execution_options={"yield_per": _BATCH}) as rows:
            async for batch in rows.partitions():
                for media, mark, item, account in batch:
                    if media != marks.media:
                        self._take(marks)
                        marks = _Marks(media)
                    if mark != _FILE:
                        if _is_id(item):
                            marks.holders.append((mark, item, account))
                        continue
                    marks.has_file = True
                    marks.account = account if _is_id(account) else None
                    if item is not None:
                        self._parents[item] = media
        self._take(marks)
        carriers = await self._source.by(
            self._connection, "posts", ("accountId",), ("id", _ids(self._holding, "post"))
        )
        self.posting |= {row[0] for row in carriers if _is_id(row[0])}

    def _take(self, marks: _Marks) -> None:
        if type(marks.media) is not int:
            return
        if marks.holders:
            self.held.append(marks.media)
        keys: set[ItemKey] = {(kind, item) for kind, item, _ in marks.holders}
        if self._carriers:
            keys = self._with_carriers(keys, is_file=marks.has_file)
        if len(keys) > 1:
            self._shared[marks.media] = keys
        if not marks.has_file:
            return
        if not keys and marks.account is not None:
            self._loose[marks.media] = marks.account
        for kind, item, account in marks.holders:
            if kind == "message":
                self._holding.add((kind, item))
            elif _is_id(account):
                self.posting.add(account)

    def _with_carriers(self, keys: set[ItemKey], *, is_file: bool) -> set[ItemKey]:
        """Return what holds a media, with what carries those posts."""
        carried = [self._carriers[item] for kind, item in keys if kind == "post" and item in self._carriers]
        if is_file:
            self._holding.update(*carried)
        return keys.union(*carried)

    async def unattached(self, conversations: Conversations) -> dict[int, list[int]]:
        """Media with a file, by account, that no item holds and that are part of nothing else."""
        parts = set[object]()
        for name in ("account_avatar", "account_banner"):
            if self._source.has(name, "mediaId"):
                rows = await self._source.rows(
                    self._connection, sa.select(self._source.table(name).c.mediaId)
                )
                parts |= {row[0] for row in rows}
        found: defaultdict[int, list[int]] = defaultdict(list)
        for media, account in self._loose.items():
            parent = self._parents.get(media)
            # Of two that name each other as variants, the smaller counts as the parent.
            is_variant = parent is not None and (self._parents.get(parent) != media or parent < media)
            if account in conversations.known and media not in parts and not is_variant:
                found[account].append(media)
        return dict(found)

    async def parties(self) -> set[tuple[object, object, object]]:
        """(groupId, senderId, recipientId) of messages that hold files."""
        columns = ("groupId", "senderId", "recipientId")
        ids = _ids(self._holding, "message")
        rows = await self._source.by(self._connection, "messages", columns, ("id", ids))
        return {(row[0], row[1], row[2]) for row in rows}

    async def owners(self, conversations: Conversations) -> dict[int, ItemRef]:
        """The earliest item of each media that several items hold."""
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


def marks_statement(source: SourceQueries, links: Links) -> sa.Select[*tuple[Any, ...]]:
    """Rows (media, mark, item, account) in order of media.

    The mark is the kind of an item that holds the media, or `file`; a file of a variant is marked at its
    parent, and the item is then the variant.
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
    """For each aggregated post: every item that carries it, directly or through other posts."""
    direct: defaultdict[int, set[ItemKey]] = defaultdict(set)
    for post, message, content in edges:
        if _is_id(content):
            if _is_id(post):
                direct[content].add(("post", post))
            elif _is_id(message):
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


def _is_id(value: object) -> TypeGuard[int]:
    return type(value) is int


def _instant(value: object) -> datetime:
    try:
        return parse_creation(value) or NEVER
    except ValueError:
        return NEVER
