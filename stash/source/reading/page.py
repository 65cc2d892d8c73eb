"""Read one page of items with all their contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stash.source.items import NEVER, AggregatedPost, Item, ItemMedia, ItemPage, ItemRef
from stash.source.reading.contents import Bundle, Contents
from stash.source.reading.hashtags_mentions import HashtagsMentions
from stash.source.reading.index import TABLES
from stash.source.reading.media import MediaReading
from stash.source.reading.prices_likes import PricesLikes
from stash.source.values import ContentType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.items import ItemKind, StoredMedia
    from stash.source.reading.accounts import AccountReading
    from stash.source.reading.archive_index import ArchiveIndex
    from stash.source.reading.contents import AccountMediaRef, PostRow
    from stash.source.reading.index import Carried, ItemIndex, ItemKey
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import Row, SourceQueries

_COLUMNS: dict[ItemKind, tuple[str, ...]] = {
    "post": ("id", "accountId", "content", "stash_id", "inReplyTo", "expiresAt"),
    "message": ("id", "groupId", "senderId", "recipientId", "content", "stash_id", "deleted"),
    "story": ("id", "accountId"),
    "wall": ("id", "accountId", "description", "stash_id", "name"),
}
_CARRIERS: dict[ItemKind, str] = {"story": "media_stories", "wall": "wall_posts"}
_NAMES = {
    ContentType.ACCOUNT_MEDIA: "account media",
    ContentType.ACCOUNT_MEDIA_BUNDLE: "bundle",
    ContentType.AGGREGATED_POSTS: "post",
}


class Head(NamedTuple):
    """The values of an item's own row, without its contents."""

    account: int
    content: str | None = None
    stash_id: int | None = None
    groupId: int | None = None
    name: str | None = None
    states: tuple[str, ...] = ()


class PageReading:
    """Reads a creator's pages one after the other."""

    def __init__(
        self, source: SourceQueries, validator: RowValidator, archive: ArchiveIndex, accounts: AccountReading
    ) -> None:
        self._source, self._validator, self._archive, self._accounts = source, validator, archive, accounts
        self._contents = Contents(source, validator)
        self._media = MediaReading(source, validator, archive.renditions)
        self._words = HashtagsMentions(source, validator, accounts, knows_mentions=archive.knows_mentions)
        self._facts = PricesLikes(source)
        self._pinned: set[int] = set()

    async def read(self, connection: AsyncConnection, refs: Sequence[ItemRef], index: ItemIndex) -> ItemPage:
        """Read the items of `refs`, in their order. Their contents are removed from the index."""
        self._contents = Contents(self._source, self._validator)
        self._media = MediaReading(self._source, self._validator, self._archive.renditions)
        carried = [index.carried.pop((ref.kind, ref.id)) for ref in refs]
        heads = await self._heads(connection, refs)
        await self._contents.load(connection, (one for found in carried for one in found))
        await self._media.load(connection, self._contents.media_ids())
        if self._archive.is_asked_for_facts:
            offered = self._contents.offered.keys() | self._contents.bundles.keys()
            await self._facts.load(connection, {ref.id for ref in refs} | offered)
        texts = {key: head.content for (kind, key), head in heads.items() if kind == "post"}
        await self._words.load(connection, texts)
        people = {head.account for head in heads.values()}
        people |= {post.accountId for post in self._contents.posts.values() if post.accountId is not None}
        await self._accounts.load(connection, people)
        items = [
            item
            for ref, brought in zip(refs, carried, strict=True)
            if (head := heads.get((ref.kind, ref.id))) is not None
            and (item := self._item(ref, head, brought)) is not None
        ]
        return ItemPage(tuple(items), self._validator.take())

    async def _heads(self, connection: AsyncConnection, refs: Sequence[ItemRef]) -> dict[ItemKey, Head]:
        heads: dict[ItemKey, Head] = {}
        makers: dict[ItemKind, Callable[[int, Row], Head | None]] = {
            "post": self._post_head,
            "message": self._message_head,
            "story": self._story_head,
            "wall": self._wall_head,
        }
        posts = [ref.id for ref in refs if ref.kind == "post"]
        pinned = await self._source.by(connection, "pinned_posts", ("postId",), ("postId", posts))
        self._pinned = {row[0] for row in pinned}
        for kind, make in makers.items():
            ids = [ref.id for ref in refs if ref.kind == kind]
            for row in await self._source.by(connection, TABLES[kind], _COLUMNS[kind], ("id", ids)):
                key = row[0]
                if (kind, key) not in heads and (head := make(key, row)) is not None:
                    heads[kind, key] = head
        return heads

    def _post_head(self, key: int, row: Row) -> Head:
        view = self._validator.row("posts", key)
        _, account, content, stash_id, replied_to, expires = row
        states = {"pinned": key in self._pinned, "reply": replied_to, "expires": expires is not None}
        return Head(
            account, view.text("content", content), view.integer("stash_id", stash_id), states=_true(states)
        )

    def _story_head(self, _key: int, row: Row) -> Head:
        return Head(row[1])

    def _message_head(self, key: int, row: Row) -> Head | None:
        _, group, sender, recipient, content, stash_id, deleted = row
        view = self._validator.row("messages", key)
        group = view.integer("groupId", group)
        sender, recipient = view.integer("senderId", sender), view.integer("recipientId", recipient)
        account = self._archive.conversations.account_of(group, sender, recipient)
        if account is None:
            view.reject(f"the sender {sender} is unknown, and so is whom it was sent to", is_malformed=False)
            return None
        if sender not in self._archive.conversations.known:
            view.reject(f"its sender {sender} is unknown", is_malformed=sender is None)
        if group is not None and not self._archive.conversations.knows(group):
            view.reject(f"the group {group} is unknown", is_malformed=False)
        states = _true({"deleted": view.flag("deleted", deleted)})
        return Head(
            account, view.text("content", content), view.integer("stash_id", stash_id), group, states=states
        )

    def _wall_head(self, key: int, row: Row) -> Head:
        view = self._validator.row("walls", key)
        _, account, description, stash_id, name = row
        return Head(
            account,
            view.text("description", description),
            view.integer("stash_id", stash_id),
            name=view.text("name", name),
        )

    def _item(self, ref: ItemRef, head: Head, carried: list[Carried]) -> Item | None:
        account = self._accounts.get(head.account)
        table = TABLES[ref.kind]
        if account is None:
            self._validator.report(
                table, ref.id, f"its account {head.account} is unknown", is_malformed=False
            )
            return None
        said_by = _CARRIERS.get(ref.kind, "attachments")
        aggregated = [self._aggregated(post, ref) for post in self._posts(carried, said_by)]
        media = [*self._own_media(carried, ref, said_by), *(one for post in aggregated for one in post.media)]
        if ref.kind == "wall" and not media:
            return None
        is_post, told = ref.kind == "post", self._facts.of(ref, carried, self._contents)
        return Item(
            ref.kind,
            ref.id,
            account,
            head.content,
            None if ref.createdAt == NEVER else ref.createdAt,
            head.groupId,
            head.stash_id,
            self._words.hashtags(ref.id) if is_post else (),
            self._words.mentions(ref.id) if is_post else (),
            _each_once(media),
            tuple(aggregated),
            head.name,
            head.states,
            self._words.has_all_mentions,
            *told,
        )

    def _aggregated(self, post: PostRow, ref: ItemRef) -> AggregatedPost:
        if ref.kind == "wall":  # its posts are items of their own, and own what they hold
            ref = ItemRef(post.createdAt or NEVER, post.id, "post")
        media: list[ItemMedia] = []
        seen: set[int] = set()
        pending = [post]
        while pending:
            one = pending.pop()
            if one.id not in seen:
                seen.add(one.id)
                media += self._own_media(one.carried, ref, "attachments")
                pending += reversed(self._posts(one.carried, "attachments"))
        account = self._accounts.get(post.accountId)
        return AggregatedPost(post.id, account, post.content, post.createdAt, _each_once(media))

    def _posts(self, carried: Iterable[Carried], said_by: str) -> list[PostRow]:
        posts = []
        for one in carried:
            if one.contentType is ContentType.AGGREGATED_POSTS:
                post = self._contents.posts.get(one.contentId)
                if post is None:
                    self._dangles(said_by, one)
                else:
                    posts.append(post)
        return posts

    def _own_media(self, carried: Iterable[Carried], ref: ItemRef, said_by: str) -> list[ItemMedia]:
        """Return the media of attachments, then those of bundles, each with its preview."""
        places = _OwnedMedia(ref, self._archive.owners)
        bundles: list[Bundle] = []
        for one in carried:
            if one.contentType is ContentType.AGGREGATED_POSTS:
                continue
            found = self._contents.find(one)
            if found is None:
                self._dangles(said_by, one)
            elif isinstance(found, Bundle):
                bundles.append(found)
            else:
                self._offer(found, places)
        for bundle in bundles:
            self._unpack(bundle, places)
        return places.media

    def _unpack(self, bundle: Bundle, places: _OwnedMedia) -> None:
        for number in bundle.media:
            offered = self._contents.offered.get(number)
            if offered is None:
                key = f"{bundle.id}/{number}"
                self._missing("account_media_bundle_media", key, "account media", number)
            else:
                self._offer(offered, places)
        if bundle.previewId is not None:
            preview = self._media.get(bundle.previewId)
            if preview is None:
                self._missing("account_media_bundles", bundle.id, "preview", bundle.previewId)
            else:
                places.add(preview, is_preview=True)

    def _offer(self, offered: AccountMediaRef, places: _OwnedMedia) -> None:
        if offered.mediaId is not None:
            media = self._media.get(offered.mediaId)
            if media is None:
                self._missing("account_media", offered.id, "media", offered.mediaId)
            else:
                places.add(media, is_locked=offered.is_locked)
        if offered.previewId is not None:
            preview = self._media.get(offered.previewId)
            if preview is None:
                self._missing("account_media", offered.id, "preview", offered.previewId)
            else:
                places.add(preview, is_preview=True)

    def _dangles(self, said_by: str, carried: Carried) -> None:
        self._missing(said_by, carried.key, _NAMES[carried.contentType], carried.contentId)

    def _missing(self, table: str, key: object, what: str, number: int) -> None:
        self._validator.report(table, key, f"the {what} {number} is unknown", is_malformed=False)


def _true(states: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(state for state, is_so in states.items() if is_so)


class _OwnedMedia:
    """The media of one item, in order, each with the item that owns the media."""

    def __init__(self, ref: ItemRef, owners: Mapping[int, ItemRef]) -> None:
        self._ref, self._owners = ref, owners
        self.media: list[ItemMedia] = []

    def add(self, media: StoredMedia, *, is_preview: bool = False, is_locked: bool = False) -> None:
        """Append a media."""
        self.media.append(ItemMedia(media, self._owners.get(media.id, self._ref), is_preview, is_locked))


def _each_once(media: Iterable[ItemMedia]) -> tuple[ItemMedia, ...]:
    """Return each media once, at its first place. A media that is content anywhere counts as content."""
    places: dict[int, ItemMedia] = {}
    for one in media:
        known = places.get(one.media.id)
        if known is None or (known.is_preview and not one.is_preview):
            places[one.media.id] = one
    return tuple(places.values())
