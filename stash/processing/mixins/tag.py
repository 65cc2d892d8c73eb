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
            for name in missing:
                self._apply(self.run.tags[name], tag_key(name), Wish())
        return [self.run.tags[name] for name in names]

    async def _add_preview_tag(self, obj: Scene | Image) -> None:
        """Mark a scene or an image as a preview."""
        await obj.add_tag(await self._preview_tag())

    async def _preview_tag(self) -> Tag:
        tag = self.run.tags.get(TRAILER_TAG)
        if tag is None:
            tag = self.run.tags[TRAILER_TAG] = await self._tag(TRAILER_TAG)
            self._apply(tag, tag_key(TRAILER_TAG), Wish())
        return tag

    async def _tag(self, name: str) -> Tag:
        memory = self.run.memory("Tag", tag_key(name))
        if memory is not None:
            tag = await self.store.get(Tag, memory.stash_id)
            if tag is not None and is_remembered(tag, memory):
                return tag
        return await self.store.get_or_create(Tag, name=name)


def tag_key(name: str) -> SourceKey:
    """The source's key of a tag."""
    return SourceKey("hashtag", name)
