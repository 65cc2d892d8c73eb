"""Recalling what earlier runs left, and reading it from Stash, in few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Performer, Scene, Studio, Tag
from stash_graphql_client.types import Image as StashImage

from stash.journal import SourceKey
from stash.mapping.titles import TRAILER_TAG
from stash.processing.base import mentioned_accounts
from stash.processing.mixins.account import AccountProcessingMixin, performer_keys
from stash.processing.mixins.gallery import GalleryProcessingMixin, gallery_key
from stash.processing.mixins.media import MediaProcessingMixin, media_key
from stash.processing.mixins.studio import NETWORK_KEY, StudioProcessingMixin, studio_key
from stash.processing.mixins.tag import TagProcessingMixin, tag_key
from stash.processing.record import RUN_SCOPED_TYPES
from stash.store.entity_types import ENTITY_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.reconcile.fingerprint import Chunk
    from stash.source.items import Creator
    from stash.store.entity_types import Entity


class Recalling(
    AccountProcessingMixin,
    StudioProcessingMixin,
    TagProcessingMixin,
    MediaProcessingMixin,
    GalleryProcessingMixin,
):
    """The five mixins, with what earlier runs left of what they decide."""

    async def _recall_people(self, accounts: Iterable[Creator]) -> None:
        await self.run.recall(_of_people(accounts))

    async def _recall(self, part: Chunk) -> None:
        """Return what earlier runs left of everything in this part."""
        media = [media_key(media_id) for media_id in part.media()]
        galleries = [gallery_key(item) for item in part.items]
        tags = map(tag_key, {TRAILER_TAG}.union(*map(self._tag_names, part.items)))
        posts = [f"{item.id}/{post.id}" for item in part.items for post in item.aggregated]
        chapters = [SourceKey("chapter", post) for post in posts]
        people = _of_people(one for item in part.items for one in (item.account, *mentioned_accounts(item)))
        files = {"Image": media, "Scene": media}
        await self.run.recall(
            people | files | {"Gallery": galleries, "Tag": tags, "GalleryChapter": chapters}
        )

    async def _read_recorded(self, part: Chunk) -> None:
        """Everything that earlier runs recorded of this part, in one request a thousand."""
        media = [media_key(media_id) for media_id in part.media()]
        galleries = [gallery_key(item) for item in part.items]
        ids: dict[type[Entity], list[str]] = {}
        for cls, keys in ((StashImage, media), (Scene, media), (Gallery, galleries)):
            baselines = [self.run.baseline(cls.__type_name__, key) for key in keys]
            ids[cls] = [baseline.stash_id for baseline in baselines if baseline is not None]
        await self.store.preload_ids(ids)
        await self._read_lasting()

    async def _read_lasting(self) -> None:
        """Learn which of the recorded people, studios and tags are gone, in one request rather than one each."""
        recorded = {
            (name, one.stash_id) for (name, _), one in self.run.baselines.items() if name in RUN_SCOPED_TYPES
        }
        ids: dict[type[Entity], list[str]] = {Performer: [], Studio: [], Tag: []}
        for name, stash_id in sorted(recorded - self.run.looked_for):
            ids[ENTITY_TYPES[name].entity].append(stash_id)
        await self.store.preload_ids(ids)
        self.run.looked_for |= recorded


def _of_people(accounts: Iterable[Creator]) -> dict[str, list[SourceKey]]:
    people = list(accounts)
    performers = [key for one in people for key in performer_keys(one)]
    return {"Performer": performers, "Studio": [NETWORK_KEY, *map(studio_key, people)]}
