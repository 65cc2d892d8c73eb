"""Contents of attachments: account media, bundles and aggregated posts, resolved level by level."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stash.source.reading.index import ATTACHMENT, carried_by
from stash.source.values import ContentType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from stash.source.reading.index import Carried
    from stash.source.reading.row_validation import RowValidator
    from stash.source.reading.source import Row, SourceQueries


class AccountMediaRef(NamedTuple):
    """A row of account media: the media that an account offers, and its preview."""

    id: int
    mediaId: int | None
    previewId: int | None
    is_locked: bool


@dataclass(slots=True)
class Bundle:
    """Several offered media, in order."""

    id: int
    previewId: int | None
    media: list[int]


@dataclass(slots=True)
class PostRow:
    """A post that items carry."""

    id: int
    accountId: int | None
    content: str | None
    createdAt: datetime | None
    carried: list[Carried]


class Contents:
    """The contents of the items of one page, read by a bounded number of statements."""

    def __init__(self, source: SourceQueries, validator: RowValidator) -> None:
        self._source, self._validator = source, validator
        self.offered: dict[int, AccountMediaRef] = {}
        self.bundles: dict[int, Bundle] = {}
        self.posts: dict[int, PostRow] = {}

    async def load(self, connection: AsyncConnection, carried: Iterable[Carried]) -> None:
        """Read the contents of items, and of the posts among these contents. A post is read once, so cycles end."""
        everything = list(carried)
        pending = _posts_in(everything)
        while pending:
            found = await self._load_posts(connection, pending)
            everything += found
            pending = _posts_in(found) - self.posts.keys()
        ids = {one.contentId for one in everything if one.contentType is not ContentType.AGGREGATED_POSTS}
        await self._load_bundles(connection, ids)
        places = {media for bundle in self.bundles.values() for media in bundle.media}
        await self._load_offered(connection, ids | places)

    def find(self, carried: Carried) -> AccountMediaRef | Bundle | None:
        """Return the content of an attachment, of its own type or else of the other type. None if it is unknown."""
        offered, bundle = self.offered.get(carried.contentId), self.bundles.get(carried.contentId)
        if carried.contentType is ContentType.ACCOUNT_MEDIA:
            return offered or bundle
        return bundle or offered

    def media_ids(self) -> set[int]:
        """Return the ids of all media and previews."""
        ids = {bundle.previewId for bundle in self.bundles.values()}
        for one in self.offered.values():
            ids.add(one.mediaId)
            ids.add(one.previewId)
        return {one for one in ids if one is not None}

    async def _load_posts(self, connection: AsyncConnection, ids: set[int]) -> list[Carried]:
        columns = ("id", "accountId", "content", "createdAt")
        for row in await self._source.by(connection, "posts", columns, ("id", ids)):
            key = self._validator.key("posts", row[0])
            if key is not None and key not in self.posts:
                view = self._validator.row("posts", key)
                self.posts[key] = PostRow(
                    key,
                    view.integer("accountId", row[1]),
                    view.text("content", row[2]),
                    view.instant("createdAt", row[3]),
                    [],
                )
        rows = await self._source.by(connection, "attachments", ATTACHMENT, ("postId", ids))
        everything = []
        for post, carried in carried_by(rows, self._validator, "postId").items():
            if post in self.posts:
                self.posts[post].carried = carried
                everything += carried
        return everything

    async def _load_bundles(self, connection: AsyncConnection, ids: set[int]) -> None:
        for row in await self._source.by(
            connection, "account_media_bundles", ("id", "previewId"), ("id", ids)
        ):
            key = self._validator.key("account_media_bundles", row[0])
            if key is not None and key not in self.bundles:
                preview = self._validator.row("account_media_bundles", key).integer("previewId", row[1])
                self.bundles[key] = Bundle(key, preview, [])
        columns = ("bundle_id", "media_id", "pos")
        places: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for bundle, media, pos in await self._source.by(
            connection, "account_media_bundle_media", columns, ("bundle_id", self.bundles.keys())
        ):
            view = self._validator.row("account_media_bundle_media", f"{bundle}/{media}")
            number = view.integer("media_id", media)
            if number is None:
                view.reject("media_id is empty")
            else:
                places[bundle].append((view.integer("pos", pos) or 0, number))
        for bundle, found in places.items():
            self.bundles[bundle].media = [media for _, media in sorted(found)]

    async def _load_offered(self, connection: AsyncConnection, ids: set[int]) -> None:
        columns = ("id", "mediaId", "previewId", "access")
        for row in await self._source.by(connection, "account_media", columns, ("id", ids)):
            one = self._offered(row)
            if one is None:
                continue
            if one.id in self.offered:
                self._validator.report("account_media", one.id, "id is there twice; the first row counts")
            else:
                self.offered[one.id] = one

    def _offered(self, row: Row) -> AccountMediaRef | None:
        row_id, media, preview, access = row
        if type(row_id) is type(media) is int and type(preview) in _NUMBER_OR_NONE and access in _FLAG:
            return AccountMediaRef(row_id, media, preview, not access)
        key = self._validator.key("account_media", row_id)
        if key is None:
            return None
        view = self._validator.row("account_media", key)
        number = view.integer("mediaId", media)
        if media is None:
            view.reject("mediaId is empty")
        return AccountMediaRef(
            key, number, view.integer("previewId", preview), view.flag("access", access) is False
        )


_NUMBER_OR_NONE, _FLAG = frozenset({int, type(None)}), (0, 1)


def _posts_in(carried: Iterable[Carried]) -> set[int]:
    return {one.contentId for one in carried if one.contentType is ContentType.AGGREGATED_POSTS}
