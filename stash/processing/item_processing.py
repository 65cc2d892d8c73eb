"""The five mixins together, and the order in which they work on an item."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stash.concurrency import gather_or_cancel
from stash.errors import ItemError, SyncError
from stash.files.unmatched import why_empty
from stash.mapping.desired import ItemLinks, mentioned_accounts, tag_names_of
from stash.mapping.keys import media_key
from stash.processing.chunk import GalleryContents, ItemGallery
from stash.processing.mixins.account import AccountProcessingMixin
from stash.processing.mixins.gallery import GalleryProcessingMixin
from stash.processing.mixins.media import MediaProcessingMixin
from stash.processing.mixins.studio import StudioProcessingMixin
from stash.processing.mixins.tag import TagProcessingMixin

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from stash_graphql_client.types import Image, Scene

    from stash.reconcile.chunk import Chunk
    from stash.source.items import Creator, Item, StoredMedia
    from stash.store.entity_types import Entity

    type MatchedFiles = dict[int, Scene | Image]

log = logging.getLogger(__name__)


class ItemProcessing(
    AccountProcessingMixin,
    StudioProcessingMixin,
    TagProcessingMixin,
    MediaProcessingMixin,
    GalleryProcessingMixin,
):
    """Decides what becomes of an item: of its people and tags, its files, its gallery and its chapters."""

    async def sync_account(self, creator: Creator) -> None:
        """Find or make the performer and the studio of a creator."""
        if not await self._is_performer_deleted(creator):
            await self.process_creator(creator)
        await self._studio_unless_deleted(creator)

    async def link_known_items(self, chunk: Chunk) -> list[Entity]:
        """Find or make the people, studios and tags of the items whose files Stash knows. Return what waits for a flush."""
        for item in chunk.items:
            if any(self.run.files.knows(file) for one in item.media for file in chunk.files[one.media.id]):
                await self._bounded(item, self._links_of(item))
        return [result.entity for result in self.pending.results.values()]

    async def find_files(self, chunk: Chunk) -> MatchedFiles:
        """Read everything that the decisions of a chunk need, in few requests. Return what is matched, by media id."""
        media = chunk.media.values()
        files, _ = await gather_or_cancel(self._find_stash_files(media), self._find_galleries(chunk))
        await self._read_default_covers()
        self._report_missing(chunk, files)
        return files

    async def sync_item(self, item: Item, files: MatchedFiles) -> None:
        """Decide an item. Anything wrong with it costs this item alone."""
        await self._bounded(item, self._sync_item(item, files))

    async def sync_unattached(self, chunk: Chunk, files: MatchedFiles) -> None:
        """Decide the files of a chunk that no known item holds."""
        for media in chunk.unattached:
            entity = files.get(media.id)
            if entity is not None and await self._owns(entity, media):
                performers = await self._performers([chunk.creator])
                studio = await self._studio_unless_deleted(chunk.creator)
                self._reconcile_unattached(entity, media, ItemLinks(studio, performers))
                self.run.report.unattached += 1

    async def sync_chapters(self) -> None:
        """Place the chapters of the chunk's galleries."""
        await self._process_chapters(self.work.galleries)

    async def _find_galleries(self, chunk: Chunk) -> None:
        await self._preload_galleries([item for item in chunk.items if item.media])
        _ = chunk.source_digest  # worked out while Stash looks for the files

    def _report_missing(self, chunk: Chunk, files: MatchedFiles) -> None:
        """Name what was downloaded and lies nowhere, and the items of which nothing can be shown."""
        for media_id, media in chunk.media.items():
            if media_id not in files and media.is_downloaded and self.run.files.lacks(media):
                self.run.report.skip("media", str(media_id), "its file is not in the downloads folder")
        for item in chunk.items:
            if item.media and item.kind != "wall" and not _matched(item, files):
                reason = why_empty(item, chunk.files, self.tally.deleted, self.run.files)
                self.run.report.skip(item.kind, str(item.id), reason)

    async def _sync_item(self, item: Item, files: MatchedFiles) -> None:
        matched = _matched(item, files)
        if not matched:
            return
        links = await self._links_of(item)
        await self._sync_files(item, matched, links)
        contents = GalleryContents(links, matched)
        if not await self._is_gallery_deleted(item, contents):
            gallery = await self._process_item_gallery(item, item.account, contents, links.studio)
            self.work.galleries.append(ItemGallery(item, gallery, contents))

    async def _links_of(self, item: Item) -> ItemLinks:
        """Return the studio, people and tags of an item. They are decided once."""
        key = item.kind, item.id
        links = self.work.item_links.get(key)
        if links is None:
            links = self.work.item_links[key] = ItemLinks(
                await self._studio_unless_deleted(item.account),
                await self._performers([item.account, *mentioned_accounts(item)]),
                await self._tags(tag_names_of(item, self.rules)),
            )
            if any(one.is_preview and self.run.files.match(one.media) for one in item.media):
                await self._preview_tags()
        return links

    async def _sync_files(self, item: Item, files: MatchedFiles, links: ItemLinks) -> None:
        """Bring the files that the item owns to its values."""
        for one in item.media:
            entity = files.get(one.media.id)
            if entity is None or one.owner != item.ref or not await self._owns(entity, one.media):
                continue
            await self._update_stash_metadata(
                entity,
                item,
                item.account,
                one.media.id,
                studio=links.studio,
                performers=links.performers,
                tags=[*links.tags, *await self._preview_tags()] if one.is_preview else links.tags,
                variant_ids=[variant.id for variant in one.media.variants],
            )

    async def _owns(self, entity: Scene | Image, media: StoredMedia) -> bool:
        """Tell whether this media's values go on the entity: the first to claim it, as several may share one file."""
        claimed, key = self.work.results.get(entity), media_key(media.id)
        if claimed is not None or entity.code in {"", key.id, *[str(one.id) for one in media.variants]}:
            return claimed is None or claimed.key == key
        return all(one.key.id != entity.code for one in await self._baselines_of_other_keys(entity, [key]))

    async def _bounded(self, item: Item, work: Awaitable[object]) -> None:
        """The item boundary: whatever is wrong with one item costs that item alone."""
        try:
            await work
        except ItemError as error:
            self.run.report.skip(item.kind, str(item.id), str(error), is_failure=True)
        except SyncError:
            raise
        except Exception as error:
            log.exception("item.failed", extra={"kind": item.kind, "id": item.id})
            reason = f"could not be processed ({type(error).__name__}); please report this"
            self.run.report.skip(item.kind, str(item.id), reason, is_failure=True)


def _matched(item: Item, files: MatchedFiles) -> MatchedFiles:
    return {one.media.id: files[one.media.id] for one in item.media if one.media.id in files}
