"""The index of a creator's items: ids, dates and references to contents, without any text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from stash.source.items import NEVER, ItemRef
from stash.source.values import ContentType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemKind
    from stash.source.reading.conversations import Conversations
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import Row, SourceQueries

type ItemKey = tuple[ItemKind, int]

TABLES: dict[ItemKind, str] = {
    "post": "posts",
    "message": "messages",
    "story": "media_stories",
    "wall": "walls",
}

CARRYING = frozenset(
    {ContentType.ACCOUNT_MEDIA, ContentType.ACCOUNT_MEDIA_BUNDLE, ContentType.AGGREGATED_POSTS}
)
"""The content types that hold media, unlike tips, polls and shared stories."""

ATTACHMENT = ("id", "postId", "messageId", "contentId", "pos", "contentType")


class Carried(NamedTuple):
    """A reference from an item to one content, ordered by position. `key` names the row of the reference."""

    pos: int
    key: int
    contentType: ContentType
    contentId: int


@dataclass(slots=True)
class ItemIndex:
    """A creator's items, oldest first, each with its contents. Walls are apart, because they hold the same posts again."""

    refs: list[ItemRef] = field(default_factory=list)
    walls: list[ItemRef] = field(default_factory=list)
    carried: dict[ItemKey, list[Carried]] = field(default_factory=dict)

    def parts(self, size: int) -> Iterator[list[ItemRef]]:
        """Yield and drop the items in parts of `size`, then the walls in parts of `size` posts or one larger wall."""
        while self.refs:
            part, self.refs = self.refs[:size], self.refs[size:]
            yield part
        parts: list[list[ItemRef]] = []
        room = 0
        for ref in self.walls:
            posts = len(self.carried[ref.kind, ref.id])
            if posts > room:
                parts.append([])
                room = size
            parts[-1].append(ref)
            room -= posts
        yield from parts


class IndexReading:
    """Reads one creator's index."""

    def __init__(self, connection: AsyncConnection, source: SourceQueries, validator: RowValidator) -> None:
        self._connection, self._source, self._validator = connection, source, validator
        self._added: set[ItemKey] = set()

    async def read(self, account: int, conversations: Conversations) -> ItemIndex:
        """Read the index of an account: its posts and stories, and every message of its groups."""
        index = ItemIndex()
        posts = self._source.table("posts")
        if self._source.has("posts", "id", "accountId"):
            await self._add(index, "post", posts.c.accountId == account)
        if self._source.has("messages", "id", "senderId"):
            await self._add(index, "message", self._of_conversations(account, conversations))
        if self._source.has("media_stories", "id", "accountId"):
            await self._add_stories(index, account)
        index.refs.sort(key=lambda ref: (ref.createdAt, ref.id, ref.kind))
        if self._source.has("walls", "id", "accountId") and self._source.has(
            "wall_posts", "wallId", "postId"
        ):
            await self._add_walls(index, account)
        return index

    def _of_conversations(self, account: int, conversations: Conversations) -> sa.ColumnElement[bool]:
        messages = self._source.table("messages")
        ways = [messages.c.senderId == account]
        if "recipientId" in messages.c:
            ways.append(messages.c.recipientId == account)
        groups = conversations.groups_of(account)
        if groups and "groupId" in messages.c:
            ways.append(self._source.within(messages.c.groupId, groups))
        return sa.or_(*ways)

    async def _add(self, index: ItemIndex, kind: ItemKind, wanted: sa.ColumnElement[bool]) -> None:
        name, link = TABLES[kind], "postId" if kind == "post" else "messageId"
        if not self._source.has("attachments", link, "contentId", "contentType"):
            return
        items, attachments = self._source.table(name), self._source.table("attachments")
        ids = sa.select(items.c.id).where(wanted)
        columns = self._source.values(attachments, "attachments", ATTACHMENT)
        carried = await self._source.rows(
            self._connection, sa.select(*columns).where(attachments.c[link].in_(ids))
        )
        for key, found in carried_by(carried, self._validator, link).items():
            index.carried[kind, key] = found
        dated = sa.select(*self._source.values(items, name, ("id", "createdAt"))).where(
            wanted, items.c.id.in_(sa.select(attachments.c[link]))
        )
        for row_id, created in await self._source.rows(self._connection, dated):
            self._add_ref(index, kind, row_id, created)

    async def _add_walls(self, index: ItemIndex, account: int) -> None:
        """Add the walls of an account in the order of their id, each with its posts, oldest first."""
        walls, places = self._source.table("walls"), self._source.table("wall_posts")
        columns = self._source.values(walls, "walls", ("id", "createdAt"))
        rows = await self._source.rows(
            self._connection,
            sa.select(*columns, places.c.postId)
            .join_from(walls, places, places.c.wallId == walls.c.id)
            .where(walls.c.accountId == account),
        )
        when = {ref.id: ref.createdAt for ref in index.refs if ref.kind == "post"}
        for row_id, created, post in sorted(rows, key=lambda row: (row[0], when.get(row[2], NEVER), row[2])):
            key = self._validator.key("walls", row_id)
            if key is None or type(post) is not int:
                continue
            if ("wall", key) not in index.carried:
                instant = self._validator.row("walls", key).instant("createdAt", created)
                index.walls.append(ItemRef(instant or NEVER, key, "wall"))
            carried = index.carried.setdefault(("wall", key), [])
            carried.append(Carried(len(carried), key, ContentType.AGGREGATED_POSTS, post))

    async def _add_stories(self, index: ItemIndex, account: int) -> None:
        stories = self._source.table("media_stories")
        columns = ("id", "createdAt", "contentType", "contentId")
        rows = await self._source.rows(
            self._connection,
            sa.select(*self._source.values(stories, "media_stories", columns)).where(
                stories.c.accountId == account
            ),
        )
        for row_id, created, content_type, content_id in rows:
            key = self._validator.key("media_stories", row_id)
            content = self._validator.row("media_stories", row_id).integer("contentId", content_id)
            kind = ContentType.ACCOUNT_MEDIA if content_type is None else ContentType.parse(content_type)
            if key is None or content is None:
                continue
            if kind is None:
                self._validator.report("media_stories", key, f"contentType {content_type!r} is unknown")
            elif kind in CARRYING:
                index.carried["story", key] = [Carried(0, key, kind, content)]
                self._add_ref(index, "story", key, created)

    def _add_ref(self, index: ItemIndex, kind: ItemKind, row_id: object, created: object) -> None:
        name = TABLES[kind]
        key = self._validator.key(name, row_id)
        if key is None or (kind, key) not in index.carried:
            return
        if (kind, key) in self._added:
            self._validator.report(name, key, "id is there twice; the first row counts")
            return
        self._added.add((kind, key))
        created = self._validator.row(name, key).instant("createdAt", created)
        index.refs.append(ItemRef(created or NEVER, key, kind))


def carried_by(rows: Sequence[Row], validator: RowValidator, link: str) -> dict[int, list[Carried]]:
    """Return the contents of attachment rows, by post or message (`link`), in the order of position and id."""
    carried: defaultdict[int, list[Carried]] = defaultdict(list)
    place = ATTACHMENT.index(link)
    for row in rows:
        key, _, _, content_id, pos, content_type = row
        kind, holder = ContentType.parse(content_type), row[place]
        if kind in CARRYING and type(key) is type(content_id) is type(pos) is int:
            carried[holder].append(Carried(pos, key, kind, content_id))
            continue
        view = validator.row("attachments", key)
        content = view.integer("contentId", content_id)
        if kind is None:
            view.reject(f"contentType {content_type!r} is unknown")
        elif content is None:
            view.reject("contentId is empty")
        elif kind in CARRYING:
            carried[holder].append(
                Carried(view.integer("pos", pos) or 0, view.integer("id", key) or 0, kind, content)
            )
    for found in carried.values():
        found.sort()
    return dict(carried)
