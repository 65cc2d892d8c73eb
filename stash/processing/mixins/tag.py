"""Tags: hashtags, and the mark of a preview."""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from stash_graphql_client.types import Image, Scene, Tag

from stash.journal import SourceKey
from stash.mapping.titles import TRAILER_TAG, is_pattern, numbered, tag_names
from stash.processing.base import StashProcessingBase
from stash.reconcile.reconciler import DesiredState, is_remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.source.items import Item


class HasValue(Protocol):
    """A hashtag, as the reader or the database has it."""

    @property
    def value(self) -> str:
        """The hashtag without its `#`."""
        ...


class TagProcessingMixin(StashProcessingBase):
    """Matches hashtags to tags, by what was recorded, then by exact name or alias, ignoring case."""

    async def _process_hashtags_to_tags(self, hashtags: Sequence[HasValue]) -> list[Tag]:
        """One tag for each hashtag, in the order given. What Stash lacks is created."""
        return await self._tags(self._hashtag_names(hashtags))

    def _tag_names(self, item: Item) -> list[str]:
        """Return what the tags of an item are called: its hashtags', and those that a user asks for beyond."""
        return [*self._hashtag_names(item.hashtags), *self.run.rules.extra_tags(item)]

    def _hashtag_names(self, hashtags: Sequence[HasValue]) -> list[str]:
        return [name for one in hashtags if (name := self.run.rules.tag_of(one.value)) is not None]

    async def _tags(self, names: Sequence[str]) -> list[Tag]:
        """One tag for each name, in the order given."""
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
        """The mark of a preview. None where it was deleted in Stash."""
        if TRAILER_TAG not in self.run.tags:
            self.run.tags[TRAILER_TAG] = await self._tag(TRAILER_TAG)
        tag = self.run.tags[TRAILER_TAG]
        return [] if tag is None else [tag]

    async def _tag(self, name: str) -> Tag | None:
        """The tag of a name, made where there never was one."""
        key = tag_key(name)
        tag = await self._recorded_tag(name)
        if tag is None and await self._is_deleted(Tag, key):
            tag = None if self._is_undone(Tag, key) else await self._standing_tag(name)
            if tag is None:
                self._left_out(Tag, key)
                return None
        tag = tag or await self._get_or_create_tag(name)
        self._apply(tag, key, DesiredState())
        return tag

    async def _get_or_create_tag(self, name: str) -> Tag:
        """The tag of a name. Under a further one where Stash would take the first for another tag's."""
        carriers = await self.store.named(Tag, name)
        if len(carriers) == 1:
            return carriers[0]
        free = name
        if carriers or is_pattern(name):
            if (second := await self._second_tag(name)) is not None:
                return second
            for free in chain(tag_names(name), numbered(name)):
                if not await self.store.rivals(Tag, free):
                    break
        return await self.store.make_first(Tag, name=free)

    async def _standing_tag(self, name: str) -> Tag | None:
        """The one tag that carries a name or, where Stash refuses that name, one of its second names."""
        carriers = await self.store.named(Tag, name)
        if len(carriers) == 1:
            return carriers[0]
        return await self._second_tag(name) if carriers or is_pattern(name) else None

    async def _second_tag(self, name: str) -> Tag | None:
        for one in islice(tag_names(name), 1, None):
            if found := await self.store.find(Tag, name__iexact=one):
                return found[0]
        return None

    async def _recorded_tag(self, name: str) -> Tag | None:
        baseline = self.run.baseline("Tag", tag_key(name))
        tag = None if baseline is None else await self.store.get(Tag, baseline.stash_id)
        return tag if tag is not None and baseline is not None and is_remembered(tag, baseline) else None


def tag_key(name: str) -> SourceKey:
    """The source's key of a tag."""
    return SourceKey("hashtag", name)
