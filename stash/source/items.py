"""What the reader hands on: one creator's items, eager and immutable.

Field names are the downloader's column names, so a row and its item read alike.
All instants are timezone-aware and in UTC; ids are the source's numbers.
Media are not declared frozen: of all that is read they are the most, and to make them so costs three times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

NEVER = datetime.max.replace(tzinfo=UTC)
"""Where an item without a date stands: after all others."""

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
    """An account: the creator being synced, the sender of an item, or somebody mentioned."""

    id: int
    username: str
    displayName: str | None = None
    about: str | None = None
    stash_id: int | None = None
    avatar: StoredMedia | None = None


@dataclass(frozen=True, slots=True)
class Hashtag:
    """A hashtag without its `#`."""

    value: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in an item. `account` is set where the database has a row for them."""

    handle: str
    accountId: int | None = None
    account: Creator | None = None


@dataclass(frozen=True, slots=True, order=True)
class ItemRef:
    """Which item: instants decide what is earliest, then the id, then the kind."""

    createdAt: datetime
    id: int
    kind: ItemKind


@dataclass(slots=True)
class ItemMedia:
    """One media in its place in an item.

    `owner` is the earliest item of the whole database that holds the media; its values go on the file.
    `is_locked` means that access was not bought, so only the preview can be on disk.
    """

    media: StoredMedia
    owner: ItemRef
    is_preview: bool = False
    is_locked: bool = False


@dataclass(frozen=True, slots=True)
class AggregatedPost:
    """A post carried inside an item: `media` are its own, in order, nested ones included."""

    id: int
    account: Creator | None
    content: str | None
    createdAt: datetime | None
    media: tuple[ItemMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that could not be used, or only in part: `table` and `key` name it, `reason` says why."""

    table: str
    key: str
    reason: str
    is_malformed: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A post, message or story that carries media, or a wall, which carries posts.

    `account` is whose studio and performer the item belongs to: the sender, or the partner where the
    reader of the account sent it. `media` are in the source's order, aggregated posts' included. `name` is a
    wall's. `states` are words for what else is known: `deleted`, `expires`, `pinned`, `reply`.
    `price`, in the source's own unit, and `likes` are known where payloads said them and they are asked for.
    `has_all_mentions` is False where the database kept none, and `accountMentions` come from the text.
    """

    kind: ItemKind
    id: int
    account: Creator
    content: str | None = None
    createdAt: datetime | None = None
    groupId: int | None = None
    stash_id: int | None = None
    hashtags: tuple[Hashtag, ...] = ()
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
        """Its place among all items that may hold the same media."""
        return ItemRef(self.createdAt or NEVER, self.id, self.kind)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A bounded part of a creator's items, oldest first, with what was wrong in their rows."""

    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
