"""Tags: hashtags, and the mark of a preview."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from stash_graphql_client.types import Image, Scene, Tag

from stash.journal import SourceKey
from stash.processing.base import StashProcessingBase
from stash.processing.wishes import Wish, is_remembered
from stash.rendering import TRAILER_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence


class HasValue(Protocol):
    """A hashtag, as the reader or the database has it."""

    @property
    def value(self) -> str:
        """The hashtag without its `#`."""
        ...


class TagProcessingMixin(StashProcessingBase):
    """Matches hashtags to tags, by what was recorded, then by exact name or alias, ignoring case."""

    async def _process_hashtags_to_tags(self, hashtags: Sequence[HasValue]) -> list[Tag]:
        """One tag for each hashtag, in the order given; what Stash lacks is created."""
        names = [name for hashtag in hashtags if (name := hashtag.value.strip().lower())]
        missing = [name for name in dict.fromkeys(names) if name not in self.run.tags]
        if missing:
            tags = await asyncio.gather(*(self._tag(name) for name in missing))
            self.run.tags |= dict(zip(missing, tags, strict=True))
        return [tag for name in names if (tag := self.run.tags[name]) is not None]

    async def _add_preview_tag(self, obj: Scene | Image) -> None:
        """Mark a scene or an image as a preview."""
        for tag in await self._preview_tags():
            await obj.add_tag(tag)

    async def _preview_tags(self) -> list[Tag]:
        """The mark of a preview; none where it was deleted in Stash."""
        if TRAILER_TAG not in self.run.tags:
            self.run.tags[TRAILER_TAG] = await self._tag(TRAILER_TAG)
        tag = self.run.tags[TRAILER_TAG]
        return [] if tag is None else [tag]

    async def _tag(self, name: str) -> Tag | None:
        """The tag of a name, made where there never was one."""
        key = tag_key(name)
        tag = await self._recorded_tag(name)
        if tag is None and await self._is_deleted(Tag, key):
            tag = await self.store.find_one(Tag, name__iexact=name)
            if tag is None:
                self._left_out(key)
                return None
        tag = tag or await self.store.get_or_create(Tag, name=name)
        self._apply(tag, key, Wish())
        return tag

    async def _recorded_tag(self, name: str) -> Tag | None:
        memory = self.run.memory("Tag", tag_key(name))
        tag = None if memory is None else await self.store.get(Tag, memory.stash_id)
        return tag if tag is not None and memory is not None and is_remembered(tag, memory) else None


def tag_key(name: str) -> SourceKey:
    """The source's key of a tag."""
    return SourceKey("hashtag", name)
