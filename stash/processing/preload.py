"""Read ahead what a chunk needs: the baselines of its keys, and the entities that those name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from stash.mapping.desired import mentioned_accounts, tag_names_of
from stash.mapping.keys import (
    NETWORK_KEY,
    chapter_key,
    gallery_key,
    media_key,
    performer_keys,
    studio_key,
    tag_key,
)
from stash.mapping.titles import TRAILER_TAG
from stash.processing.mixins.media import items_by_media_id
from stash.store.entity_types import ENTITY_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.mapping.keys import SourceKey
    from stash.processing.base import StashProcessingBase
    from stash.reconcile.chunk import Chunk
    from stash.source.items import Creator
    from stash.store.entity_types import Entity


class ChunkPreloader:
    """Loads baselines from the journal and entities from Stash, in few requests."""

    def __init__(self, processing: StashProcessingBase) -> None:
        self._processing = processing

    async def load_people(self, accounts: Iterable[Creator]) -> None:
        """Load the performers and the studios of accounts."""
        await self._processing.work.baselines.load(_keys_of_people(accounts))
        await self._load_run_scoped()

    async def load(self, chunk: Chunk) -> None:
        """Load everything that earlier runs left of a chunk."""
        work = self._processing.work
        work.items_by_media = items_by_media_id(chunk.items)
        await work.baselines.load(self._keys_of(chunk))
        ids: dict[type[Entity], list[str]] = {}
        media = [media_key(media_id) for media_id in chunk.media]
        galleries = [gallery_key(item) for item in chunk.items]
        for cls, keys in ((Image, media), (Scene, media), (Gallery, galleries)):
            found = [work.baselines.get(cls.__type_name__, key) for key in keys]
            ids[cls] = [baseline.stash_id for baseline in found if baseline is not None]
        await self._processing.store.preload_ids(ids)
        await self._load_run_scoped()

    def _keys_of(self, chunk: Chunk) -> dict[str, list[SourceKey]]:
        media = [media_key(media_id) for media_id in chunk.media]
        rules = self._processing.rules
        names = {TRAILER_TAG}.union(*(tag_names_of(item, rules) for item in chunk.items))
        people = (one for item in chunk.items for one in (item.account, *mentioned_accounts(item)))
        return _keys_of_people(people) | {
            "Image": media,
            "Scene": media,
            "Gallery": [gallery_key(item) for item in chunk.items],
            "Tag": [tag_key(name) for name in names],
            "GalleryChapter": [chapter_key(item, post) for item in chunk.items for post in item.aggregated],
        }

    async def _load_run_scoped(self) -> None:
        """Learn which of the recorded people, studios and tags are gone, in one request rather than one each."""
        of_run = self._processing.work.baselines.of_run
        recorded = {(name, one.stash_id) for (name, _), one in of_run.recorded.items()}
        ids: dict[type[Entity], list[str]] = {Performer: [], Studio: [], Tag: []}
        for name, stash_id in sorted(recorded - of_run.checked_ids):
            ids[ENTITY_TYPES[name].entity].append(stash_id)
        await self._processing.store.preload_ids(ids)
        of_run.checked_ids |= recorded


def _keys_of_people(accounts: Iterable[Creator]) -> dict[str, list[SourceKey]]:
    people = list(accounts)
    performers = [key for one in people for key in performer_keys(one)]
    return {"Performer": performers, "Studio": [NETWORK_KEY, *map(studio_key, people)]}
