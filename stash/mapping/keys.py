"""The keys that tell an entity of Stash at the source. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stash.mapping.titles import NETWORK_STUDIO
from stash.texts import fold

if TYPE_CHECKING:
    from stash.source.items import AggregatedPost, Creator, Item


class SourceKey(NamedTuple):
    """A thing at the source: its kind, and its id there."""

    kind: str
    id: str


NETWORK_KEY = SourceKey("network", NETWORK_STUDIO)
"""The studio above those of the creators."""


def performer_key(account: Creator) -> SourceKey:
    """The key of a performer: the account id, or the handle of an account that is only mentioned."""
    return SourceKey("account", str(account.id or fold(account.username)))


def performer_keys(account: Creator) -> tuple[SourceKey, ...]:
    """The keys under which an account may have been recorded, its own first."""
    return tuple(dict.fromkeys((performer_key(account), SourceKey("account", fold(account.username)))))


def studio_key(account: Creator) -> SourceKey:
    """The key of a creator's studio: the account id."""
    return SourceKey("studio", str(account.id))


def tag_key(name: str) -> SourceKey:
    """The key of a tag: its name."""
    return SourceKey("hashtag", name)


@lru_cache(maxsize=4096)
def media_key(media_id: int | str) -> SourceKey:
    """The key of a scene or an image: the id of the media, never of a variant."""
    return SourceKey("media", str(media_id))


def gallery_key(item: Item) -> SourceKey:
    """The key of an item's gallery: the kind and the id of the item."""
    return SourceKey(item.kind, str(item.id))


def chapter_key(item: Item, post: AggregatedPost) -> SourceKey:
    """The key of the chapter of an aggregated post: the ids of the item and of the post."""
    return SourceKey("chapter", f"{item.id}/{post.id}")
