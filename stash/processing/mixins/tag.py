"""Tags: hashtags, and the mark of a preview."""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from stash_graphql_client.types import Image, Scene, Tag

from stash.mapping.desired import DesiredState, hashtag_names
from stash.mapping.keys import tag_key
from stash.mapping.titles import TRAILER_TAG, is_pattern, numbered, tag_names
from stash.processing.base import StashProcessingBase
from stash.reconcile.merge_result import is_remembered

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
        """Return one tag for each hashtag, in the order given. What Stash lacks is created."""
        return await self._tags(hashtag_names((one.value for one in hashtags), self.rules))

    async def _tags(self, names: Sequence[str]) -> list[Tag]:
        """Return one tag for each name, in the order given."""
        missing = [name for name in dict.fromkeys(names) if name not in self.cache.tags]
        if missing:
            tags = await asyncio.gather(*(self._tag(name) for name in missing))
            self.cache.tags |= dict(zip(missing, tags, strict=True))
        return [tag for name in names if (tag := self.cache.tags[name]) is not None]

    async def _add_preview_tag(self, obj: Scene | Image) -> None:
        """Mark a scene or an image as a preview."""
        for tag in await self._preview_tags():
            await obj.add_tag(tag)

    async def _preview_tags(self) -> list[Tag]:
        """Return the mark of a preview. It is empty where that tag was deleted in Stash."""
        if TRAILER_TAG not in self.cache.tags:
            self.cache.tags[TRAILER_TAG] = await self._tag(TRAILER_TAG)
        tag = self.cache.tags[TRAILER_TAG]
        return [] if tag is None else [tag]

    async def _tag(self, name: str) -> Tag | None:
        """Return the tag of a name, made where there never was one."""
        key = tag_key(name)
        tag = await self._recorded_tag(name)
        if tag is None and await self._is_deleted(Tag, key):
            tag = None if self._is_undone(Tag, key) else await self._carrying_tag(name)
            if tag is None:
                self._report_not_recreated(Tag, key)
                return None
        tag = tag or await self._get_or_create_tag(name)
        self._reconcile(tag, key, DesiredState())
        return tag

    async def _get_or_create_tag(self, name: str) -> Tag:
        """Return the tag of a name. It is made under a further name where Stash would take the first for another tag's."""
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

    async def _carrying_tag(self, name: str) -> Tag | None:
        """Return the one tag that carries a name or, where Stash refuses that name, one of its second names."""
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
        baseline = self.work.baselines.get("Tag", tag_key(name))
        tag = None if baseline is None else await self.store.get(Tag, baseline.stash_id)
        return tag if tag is not None and baseline is not None and is_remembered(tag, baseline) else None
