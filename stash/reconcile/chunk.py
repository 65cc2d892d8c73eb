"""A chunk: the part of a creator that is decided and written together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from stash.reconcile.fingerprint import item_digests, key_of, source_digest, unattached_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.files.local import LocalFile
    from stash.source.items import Creator, Item, StoredMedia


@dataclass(frozen=True)
class Chunk:
    """A bounded part of a creator.

    Args:
        creator: whose items these are.
        number: the place of the chunk among those of the creator.
        items: the items that the rules take.
        unattached: media that no known item holds.
        files: the files on disk of each media, by its id.
        rules: the settings that decisions obey, as a text.
    """

    creator: Creator
    number: int
    items: Sequence[Item]
    unattached: Sequence[StoredMedia]
    files: Mapping[int, Sequence[LocalFile]]
    rules: str

    @cached_property
    def media(self) -> dict[int, StoredMedia]:
        """All media of the chunk, by id."""
        return media_of(self.items, self.unattached)

    @cached_property
    def item_digests(self) -> dict[str, str]:
        """Digests of everything at the source that a decision looks at, by the kind and id of the item."""
        return item_digests(self.creator, self.items, self.files, self.rules)

    @cached_property
    def source_digest(self) -> str:
        """A digest of everything at the source that a decision looks at."""
        return source_digest(self.item_digests, self.unattached, self.files)

    @cached_property
    def unattached_digest(self) -> str:
        """A digest of the unattached media."""
        return unattached_digest(self.unattached, self.files)

    def changed_since(self, known: Mapping[str, str]) -> Chunk:
        """Return the items that differ from recorded digests, and those that share a media with one of them.

        The whole chunk is returned if an item has left it, or if half of the items are to be decided anyway.
        """
        digests = self.item_digests
        changed = {key for key, digest in digests.items() if known.get(key) != digest}
        shared = {one.media.id for item in self.items if key_of(item) in changed for one in item.media}
        items = [
            item
            for item in self.items
            if key_of(item) in changed or any(one.media.id in shared for one in item.media)
        ]
        if known.keys() - digests.keys() or 2 * len(items) > len(self.items):
            return self
        files = {media_id: self.files[media_id] for media_id in media_of(items, ())}
        return replace(self, items=items, unattached=(), files=files)


def media_of(items: Sequence[Item], unattached: Sequence[StoredMedia]) -> dict[int, StoredMedia]:
    """Return the media of items, and the unattached ones, by id."""
    held = {one.media.id: one.media for item in items for one in item.media}
    return held | {one.id: one for one in unattached}
