"""Items of one creator, as the reader returns them: fully loaded and immutable.

Field names are the downloader's column names, so a row and its item read alike.
All instants are timezone-aware and in UTC; ids are the source's numbers.
Media are not declared frozen, because they are most of all that is read, and freezing makes them three times as slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

NEVER = datetime.max.replace(tzinfo=UTC)
"""The date of an item without one, after all others."""

ItemKind = Literal["post", "message", "story", "wall"]


@dataclass(slots=True)
class StoredMedia:
    """One stored picture, video or audio. `variants` are other renditions of the same media."""

    id: int
    accountId: int
    mimetype: str | None = None
    createdAt: datetime | None = None
    local_filename: str | None = None
    is_downloaded: bool = False
    content_hash: str | None = None
    stash_id: int | None = None
    variants: tuple[StoredMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class Creator:
    """An account: the creator of a sync, the sender of an item, or a mentioned person."""

    id: int
    username: str
    displayName: str | None = None
    about: str | None = None
    stash_id: int | None = None
    avatar: StoredMedia | None = None


@dataclass(frozen=True, slots=True)
class ItemHashtag:
    """A hashtag without its `#`."""

    value: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person named in an item. `account` is set if the database has a row for that person."""

    handle: str
    accountId: int | None = None
    account: Creator | None = None


@dataclass(frozen=True, slots=True, order=True)
class ItemRef:
    """A reference to an item, in the order of the date, then the id, then the kind."""

    createdAt: datetime
    id: int
    kind: ItemKind


@dataclass(slots=True)
class ItemMedia:
    """A media in its place in an item.

    `owner` is the earliest item of the whole database that holds the media. Its values go on the file.
    `is_locked` means that access was not bought, so only the preview can be on disk.
    """

    media: StoredMedia
    owner: ItemRef
    is_preview: bool = False
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class AggregatedPost:
    """A post inside an item. `media` are its own, in order, with nested ones."""

    id: int
    account: Creator | None
    content: str | None
    createdAt: datetime | None
    media: tuple[ItemMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be used, or only in part. `table` and `key` name the row, `reason` the fault."""

    table: str
    key: str
    reason: str
    is_malformed: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A post, message or story that carries media, or a wall, which carries posts.

    Attributes:
        account: the account of the item's studio and performer: the sender, or the partner of the archive's reader.
        media: the media in the source's order, with those of aggregated posts.
        name: the name of a wall.
        states: any of `deleted`, `expires`, `pinned` and `reply`.
        price: the price in the source's own unit, if a payload names it and the reader is asked for it.
        likes: the number of likes, on the same condition.
        has_all_mentions: False if the database keeps no mentions, so that `accountMentions` come from the text.
    """

    kind: ItemKind
    id: int
    account: Creator
    content: str | None = None
    createdAt: datetime | None = None
    groupId: int | None = None
    stash_id: int | None = None
    hashtags: tuple[ItemHashtag, ...] = ()
    accountMentions: tuple[Mention, ...] = ()
    media: tuple[ItemMedia, ...] = ()
    aggregated: tuple[AggregatedPost, ...] = ()
    name: str | None = None
    states: tuple[str, ...] = ()
    has_all_mentions: bool = True
    price: int | None = None
    likes: int | None = None

    @property
    def ref(self) -> ItemRef:
        """Return the reference to this item."""
        return ItemRef(self.createdAt or NEVER, self.id, self.kind)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of a creator's items, oldest first, with the problems of their rows."""

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
