"""A chunk: the part of a creator that is decided and written together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from stash.reconcile.fingerprint import source_digest

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
    def source_digest(self) -> str:
        """A digest of everything at the source that a decision looks at."""
        return source_digest(self.creator, self.items, self.media, self.files, self.rules)


def media_of(items: Sequence[Item], unattached: Sequence[StoredMedia]) -> dict[int, StoredMedia]:
    """Return the media of items, and the unattached ones, by id."""
    held = {one.media.id: one.media for item in items for one in item.media}
    return held | {one.id: one for one in unattached}
