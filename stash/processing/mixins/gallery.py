"""Galleries: one for each item with matched media, with its cover and its chapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, GalleryChapter, Image, Scene

from stash.files.paths import place_key
from stash.mapping.desired import (
    cover_of,
    desired_chapter,
    desired_chapters,
    desired_gallery,
    gallery_predecessors,
    gallery_urls,
    new_gallery,
)
from stash.mapping.keys import gallery_key, media_key
from stash.processing.base import StashProcessingBase, listed
from stash.reconcile.merge import merge_set
from stash.reconcile.merge_result import is_remembered
from stash.reconcile.recognition import belongs_to_source, source_texts
from stash.reconcile.reconciler import members_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Performer, Studio

    from stash.mapping.desired import DesiredChapter
    from stash.processing.chunk import GalleryContents, ItemGallery
    from stash.reconcile.merge_result import MergeResult
    from stash.source.items import Creator, Item


class GalleryProcessingMixin(StashProcessingBase):
    """Finds the gallery of an item by what was recorded, by its code, by its URL. Never by its title."""

    async def _preload_galleries(self, items: Iterable[Item]) -> None:
        """Read the galleries that these items may have already."""
        unknown: list[Item] = []
        recorded: list[str] = []
        for item in items:
            baseline = self.work.baselines.get("Gallery", gallery_key(item))
            if baseline is not None:
                recorded.append(baseline.stash_id)
            else:
                unknown.append(item)
        if recorded:
            await self.store.preload_ids({Gallery: recorded})
        if unknown:
            codes = [str(item.id) for item in unknown]
            urls = [url for item in unknown for url in gallery_urls(item)]
            self.cache.newest_gallery_id = await self.store.preload_any(Gallery, code__in=codes, url__in=urls)

    async def _read_default_covers(self) -> None:
        """Learn the covers that Stash itself shows where nobody is known to have chosen one."""
        galleries = self.work.baselines.of_galleries()
        chosen = {baseline.stash_id for baseline in galleries if "cover" in baseline.last_applied}
        cached = [one for one in self.store.all_cached(Gallery) if one.cover and not _is_of_files(one)]
        unset = [gallery for gallery in cached if gallery.id not in chosen]
        order = await self.store.images_in_order(unset)
        self.work.default_covers = {gallery: images[0] for gallery, images in order.items() if images}

    async def _get_or_create_gallery(  # noqa: PLR0913, PLR0917 - the downloader's signature
        self,
        item: Item,
        account: Creator,  # noqa: ARG002 - the guide's signature
        performer: Performer | None = None,
        studio: Studio | None = None,
        item_type: str | None = None,  # noqa: ARG002 - the item has its kind
        url_pattern: str | None = None,  # noqa: ARG002 - and its addresses
    ) -> Gallery:
        """Return the gallery of an item, found or to be created. A further type and url pattern are not needed."""
        performers = [performer] if performer is not None else []
        return await self._find_gallery(item) or await self._new_gallery(item, performers, studio)

    async def _new_gallery(
        self, item: Item, performers: Sequence[Performer], studio: Studio | None
    ) -> Gallery:
        fields = new_gallery(item, self.rules)
        gallery = self.store.new(Gallery, **fields, studio=studio, performers=list(performers), tags=[])
        return await self.store.make(gallery)

    async def _find_gallery(self, item: Item, contents: GalleryContents | None = None) -> Gallery | None:
        """Return the gallery of an item. One that merely carries the same code is somebody else's."""
        key = gallery_key(item)
        baseline = self.work.baselines.get("Gallery", key)
        if baseline is not None:
            gallery = await self.store.get(Gallery, baseline.stash_id)
            if gallery is not None and is_remembered(gallery, baseline):
                return gallery
        coded = await self.store.find(Gallery, code=str(item.id))
        interrupted = self.work.baselines.interrupted("Gallery", key)
        in_flight = interrupted.in_flight if interrupted is not None else {}
        said = source_texts([item], self.rules, self._usernames(item.account), in_flight) if coded else {}
        found = [one for one in coded if belongs_to_source(one, said) or _holds(one, contents)]
        for url in gallery_urls(item):
            found += [one for one in await self.store.find(Gallery, url=url) if not _is_anothers(one, item)]
        return next((gallery for gallery in found if not _is_of_files(gallery)), None)

    async def _is_gallery_deleted(self, item: Item, contents: GalleryContents) -> bool:
        """Tell whether the gallery of an item was deleted in Stash, and report it."""
        key = gallery_key(item)
        if not await self._is_deleted(Gallery, key):
            return False
        if not self._is_undone(Gallery, key) and await self._find_gallery(item, contents):
            return False
        self._report_not_recreated(Gallery, key)
        return True

    async def _process_item_gallery(
        self, item: Item, account: Creator, contents: GalleryContents, studio: Studio | None = None
    ) -> Gallery:
        """Complete the gallery of an item, and link its scenes and images to it.

        The source's first image is the cover of a gallery whose cover nobody else chose.
        """
        gallery = await self._find_gallery(item, contents) or await self._new_gallery(item, (), studio)
        links = contents.links._replace(studio=studio)
        predecessors = {
            "cover": [self.work.default_covers.get(gallery.id, "")],
            **self._gallery_predecessors(gallery, item, account, links.performers),
        }
        desired = desired_gallery(item, links, cover_of(contents.files), self.rules, predecessors)
        result = self._reconcile(gallery, gallery_key(item), desired)
        await self._link_files(item, result, contents)
        if item.kind in {"post", "message"}:
            self._write_back(f"{item.kind}s", item.id, gallery)
        return gallery

    def _gallery_predecessors(
        self, gallery: Gallery, item: Item, account: Creator, performers: Sequence[Performer]
    ) -> Mapping[str, Collection[str]]:
        """Return what earlier programs would have written, where the gallery was not written by a sync."""
        if gallery.is_new() or self._baseline(gallery, gallery_key(item)) is not None:
            return {}
        aliases = listed(performers[0], "alias_list") if performers else []
        return gallery_predecessors(item, [account.username, *aliases])

    async def _link_files(self, item: Item, result: MergeResult, contents: GalleryContents) -> None:
        """Link what is matched. What the source dropped goes only if an earlier sync had added it."""
        kinds: tuple[tuple[str, type[Scene | Image]], ...] = (("images", Image), ("scenes", Scene))
        for name, cls in kinds:
            await self._link_files_of(name, cls, item, result, contents)

    async def _link_files_of(
        self,
        name: str,
        cls: type[Scene | Image],
        item: Item,
        result: MergeResult,
        contents: GalleryContents,
    ) -> None:
        gallery = result.entity
        assert isinstance(gallery, Gallery)  # noqa: S101 - the result of a gallery
        baseline = self._baseline(gallery, result.key)
        members = {e.id: e for e in contents.files.values() if isinstance(e, cls)}
        unmatched = self._recorded_files(item, contents, cls)
        desired = [*members, *unmatched]
        known_members, last_applied = members_of(baseline, name)
        if not (desired or known_members or last_applied):
            return
        last_applied = [*last_applied, *self._about_to_join(gallery, contents, cls)]
        for dropped in [stash_id for stash_id in last_applied if stash_id not in desired]:
            if (entity := await self.store.get(cls, dropped)) is not None:
                members[dropped] = entity
        current = [i for i, entity in members.items() if _is_linked(entity, gallery)]
        current += [stash_id for stash_id in unmatched if stash_id in last_applied]
        merge = merge_set(current, desired, known_members, last_applied)
        for stash_id in merge.added:
            if stash_id in members:
                await members[stash_id].add_to_gallery(gallery)
        for stash_id in merge.removed:
            await members[stash_id].remove_from_gallery(gallery)
        result.sets[name] = (merge, dict(members))
        result.keep_undo_mark(name, desired, baseline)

    def _about_to_join(
        self, gallery: Gallery, contents: GalleryContents, cls: type[Scene | Image]
    ) -> list[str]:
        """Return the files that a killed run was about to link from their own side."""
        if not self.work.baselines.has_interrupted:
            return []
        found = (
            (e, self._baseline(e, media_key(i))) for i, e in contents.files.items() if isinstance(e, cls)
        )
        return [e.id for e, one in found if one and gallery.id in one.in_flight.get("galleries", ())]

    def _recorded_files(self, item: Item, contents: GalleryContents, cls: type[Scene | Image]) -> list[str]:
        """Return the files that an earlier sync linked and that are not matched this time: they keep their links."""
        unmatched = [one.media.id for one in item.media if one.media.id not in contents.files]
        found = [self.work.baselines.get(cls.__type_name__, media_key(one)) for one in unmatched]
        return [baseline.stash_id for baseline in found if baseline is not None]

    async def _process_chapters(self, galleries: Sequence[ItemGallery]) -> list[GalleryChapter]:
        """Return one chapter for each aggregated post with images, at the real place of its first image."""
        carrying = [one for one in galleries if one.item.aggregated]
        made = [one.gallery for one in carrying if not one.gallery.is_new()]
        orders = self.work.image_orders = await self.store.images_in_order(made)
        if self.run.options.is_dry:
            orders = await self._planned_orders(carrying, orders)
        chapters = [
            self._place_chapter(gallery, chapter)
            for item, gallery, contents in carrying
            for chapter in desired_chapters(item, contents.files, orders.get(gallery.id, ()))
        ]
        return [chapter for chapter in chapters if chapter is not None]

    async def _planned_orders(
        self, galleries: Sequence[ItemGallery], current: Mapping[str, list[str]]
    ) -> dict[str, list[str]]:
        """Return the images of galleries in the order that Stash will show once the planned links are made."""
        changed: dict[str, set[str]] = {}
        for _, gallery, contents in galleries:
            now = set(current.get(gallery.id, ()))
            if (planned := self._planned_images(gallery, contents, now)) != now:
                changed[gallery.id] = planned
        paths = await self.store.first_paths(sorted(set().union(*changed.values()))) if changed else {}
        placed = {
            key: sorted(images & paths.keys(), key=lambda image: place_key(paths[image]))
            for key, images in changed.items()
        }
        return {**current, **placed}

    def _planned_images(self, gallery: Gallery, contents: GalleryContents, current: set[str]) -> set[str]:
        """Return the images that a gallery will hold: those of others stay, whatever is known of them."""
        known = [self.store.entry("Image", image) for image in current]
        images = [image for image in (*known, *contents.files.values()) if isinstance(image, Image)]
        told = {image.id for image in images if isinstance(image.galleries, list)}
        return (current - told) | {image.id for image in images if _is_linked(image, gallery)}

    def _place_chapter(self, gallery: Gallery, chapter: DesiredChapter) -> GalleryChapter | None:
        """Return the chapter of a post, found or to be created. None where it was deleted in Stash."""
        key, title, image_index = chapter
        baseline = self.work.baselines.get("GalleryChapter", key)
        current = gallery.chapters if isinstance(gallery.chapters, list) else []
        may_be_new = baseline is None or (self.run.options.recreate and not baseline.is_undone)
        found = next((c for c in current if baseline is not None and c.id == baseline.stash_id), None)
        if found is None and may_be_new:
            alike = (c for c in current if c.title == title and c not in self.work.results)
            found = next(alike, None)
            if found is None:
                found = GalleryChapter(gallery=gallery, title=title, image_index=image_index)
                self.store.add(found)
        if found is not None:
            self._reconcile(found, key, desired_chapter(title, image_index))
        return found


def _is_anothers(gallery: Gallery, item: Item) -> bool:
    """Tell whether a gallery that lists an item's address is another item's, by its code."""
    code = gallery.code if isinstance(gallery.code, str) else ""
    return code.isdigit() and code != str(item.id)


def _holds(gallery: Gallery, contents: GalleryContents | None) -> bool:
    """Tell whether a gallery without urls holds a file of the item."""
    files = contents.files.values() if contents is not None and not gallery.urls else ()
    return any(_is_linked(file, gallery) for file in files)


def _is_of_files(gallery: Gallery) -> bool:
    """Tell whether a gallery stands for a folder or a zip file, whose content nobody may change."""
    return bool(gallery.folder) or bool(gallery.files)


def _is_linked(entity: Scene | Image, gallery: Gallery) -> bool:
    galleries = entity.galleries
    return isinstance(galleries, list) and any(one is gallery for one in galleries)
