"""Galleries: one for each item with matched media, with its cover and its chapters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, GalleryChapter, Image, Scene

from stash.files.paths import place_key
from stash.journal import SourceKey
from stash.mapping.titles import Rendered, generate_title, item_url, predecessor_values, utc_day
from stash.processing.base import StashProcessingBase
from stash.reconcile.merge import merge_set
from stash.reconcile.recognition import is_told_by_more, said_of
from stash.reconcile.reconciler import DesiredState, is_remembered, seen_and_wrote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.source.items import Creator, Item


@dataclass(frozen=True)
class GalleryContents:
    """What an item brings to its gallery: `files` are its matched media, in the source's order."""

    performers: Sequence[Performer] = ()
    tags: Sequence[Tag] = ()
    files: dict[int, Scene | Image] = field(default_factory=dict)


class GalleryProcessingMixin(StashProcessingBase):
    """Finds the gallery of an item by what was recorded, by its code, by its URL. Never by its title."""

    async def _preload_galleries(self, items: Iterable[Item]) -> None:
        """Read the galleries that these items may have already."""
        unknown: list[Item] = []
        recorded: list[str] = []
        for item in items:
            baseline = self.run.baseline("Gallery", gallery_key(item))
            if baseline is not None:
                recorded.append(baseline.stash_id)
            else:
                unknown.append(item)
        if recorded:
            await self.store.preload_ids({Gallery: recorded})
        if unknown:
            codes = [str(item.id) for item in unknown]
            urls = [url for item in unknown for url in _urls(item)]
            self.run.galleries_before = await self.store.preload_any(Gallery, code__in=codes, url__in=urls)

    async def _read_default_covers(self) -> None:
        """Learn the covers that Stash itself shows where nobody is known to have chosen one."""
        galleries = [baseline for (name, _), baseline in self.run.baselines.items() if name == "Gallery"]
        chosen = {baseline.stash_id for baseline in galleries if "cover" in baseline.last_applied}
        cached = [one for one in self.store.all_cached(Gallery) if one.cover and not _is_of_files(one)]
        unset = [gallery for gallery in cached if gallery.id not in chosen]
        order = await self.store.images_in_order(unset)
        self.run.default_covers = {gallery: images[0] for gallery, images in order.items() if images}

    async def _get_or_create_gallery(
        self,
        item: Item,
        account: Creator,  # noqa: ARG002 - the guide's signature
        performer: Performer | None = None,
        studio: Studio | None = None,
    ) -> Gallery:
        """The gallery of an item, found or to be created."""
        performers = [performer] if performer is not None else []
        return await self._find_gallery(item) or await self._new_gallery(item, performers, studio)

    async def _new_gallery(
        self, item: Item, performers: Sequence[Performer], studio: Studio | None
    ) -> Gallery:
        gallery = self.store.new(
            Gallery,
            title=self.run.rules.title_of(item),
            code=str(item.id),
            details=item.content or "",
            date=utc_day(item.createdAt),
            urls=_urls(item),
            organized=True,
            studio=studio,
            performers=list(performers),
            tags=[],
        )
        return await self.store.make(gallery)

    async def _find_gallery(self, item: Item, content: GalleryContents | None = None) -> Gallery | None:
        """The gallery of an item. One that merely carries the same code is somebody else's."""
        key = gallery_key(item)
        baseline = self.run.baseline("Gallery", key)
        if baseline is not None:
            gallery = await self.store.get(Gallery, baseline.stash_id)
            if gallery is not None and is_remembered(gallery, baseline):
                return gallery
        coded = await self.store.find(Gallery, code=str(item.id))
        usernames, planned = self._usernames(item.account), self.run.unsettled.get(("Gallery", key))
        said = (
            said_of([item], self.run.rules, usernames, planned.in_flight if planned else {}) if coded else {}
        )
        found = [one for one in coded if is_told_by_more(one, said) or _holds(one, content)]
        for url in _urls(item):
            found += [one for one in await self.store.find(Gallery, url=url) if not _is_anothers(one, item)]
        return next((gallery for gallery in found if not _is_of_files(gallery)), None)

    async def _process_item_gallery(
        self, item: Item, account: Creator, content: GalleryContents, studio: Studio | None = None
    ) -> Gallery:
        """Complete the gallery of an item, and link its scenes and images to it.

        The source's first image is the cover of a gallery whose cover nobody else chose.
        """
        gallery = await self._find_gallery(item, content) or await self._new_gallery(item, (), studio)
        cover = next((entity for entity in content.files.values() if isinstance(entity, Image)), None)
        wish = DesiredState(
            values={
                "code": str(item.id),
                "title": self.run.rules.title_of(item),
                "details": item.content or "",
                "date": utc_day(item.createdAt),
                "organized": True,
                "studio": studio,
                "cover": cover,
            },
            texts={"urls": _urls(item)},
            links={"performers": content.performers, "tags": content.tags},
            predecessors=self._predecessor_values(gallery, item, account, content),
            partial=set() if item.has_all_mentions else {"performers"},
        )
        self._apply(gallery, gallery_key(item), wish)
        await self._link_files(item, gallery, content)
        if item.kind in {"post", "message"}:
            self.run.stamps.append((f"{item.kind}s", item.id, gallery))
        return gallery

    def _predecessor_values(
        self, gallery: Gallery, item: Item, account: Creator, content: GalleryContents
    ) -> Mapping[str, Collection[str]]:
        """Return what earlier programs would have written, under any name that the creator had. And Stash's own cover."""
        cover = {"cover": [self.run.default_covers.get(gallery.id, "")]}
        if gallery.is_new() or self._baseline(gallery, gallery_key(item)) is not None:
            return cover
        aliases = content.performers[0].alias_list if content.performers else []
        names = [account.username, *(aliases if isinstance(aliases, list) else [])]
        return {**cover, **predecessor_values([Rendered(item.content, item.createdAt)], names)}

    async def _link_files(self, item: Item, gallery: Gallery, content: GalleryContents) -> None:
        """Link what is matched. What the source dropped goes only if an earlier sync had added it."""
        applied = self.run.applied[gallery]
        baseline = self._baseline(gallery, gallery_key(item))
        kinds: tuple[tuple[str, type[Scene | Image]], ...] = (("images", Image), ("scenes", Scene))
        for name, cls in kinds:
            members: dict[str, Scene | Image] = {
                e.id: e for e in content.files.values() if isinstance(e, cls)
            }
            unmatched = self._recorded_files(item, content, cls)
            wished = [*members, *unmatched]
            seen, wrote = seen_and_wrote(baseline, name)
            if not (wished or seen or wrote):
                continue
            wrote = [*wrote, *self._about_to_join(gallery, content, cls)]
            for dropped in [stash_id for stash_id in wrote if stash_id not in wished]:
                if (entity := await self.store.get(cls, dropped)) is not None:
                    members[dropped] = entity
            theirs = [i for i, entity in members.items() if _is_linked(entity, gallery)]
            theirs += [stash_id for stash_id in unmatched if stash_id in wrote]
            decision = merge_set(theirs, wished, seen, wrote)
            for stash_id in decision.added:
                if stash_id in members:
                    await members[stash_id].add_to_gallery(gallery)
            for stash_id in decision.removed:
                await members[stash_id].remove_from_gallery(gallery)
            applied.sets[name] = (decision, dict(members))
            applied.decline(name, wished, baseline)

    def _about_to_join(
        self, gallery: Gallery, content: GalleryContents, cls: type[Scene | Image]
    ) -> list[str]:
        """Files that a killed run was about to link from their own side."""
        found = (
            (e, self._baseline(e, SourceKey("media", str(i))))
            for i, e in content.files.items()
            if self.run.has_plans and isinstance(e, cls)
        )
        return [
            e.id
            for e, baseline in found
            if baseline and gallery.id in baseline.in_flight.get("galleries", ())
        ]

    def _recorded_files(self, item: Item, content: GalleryContents, cls: type[Scene | Image]) -> list[str]:
        """Files that an earlier sync linked and that could not be matched this time keep their links."""
        unmatched = [one.media.id for one in item.media if one.media.id not in content.files]
        found = [
            self.run.baseline(cls.__type_name__, SourceKey("media", str(media_id))) for media_id in unmatched
        ]
        return [baseline.stash_id for baseline in found if baseline is not None]

    async def _process_chapters(
        self, galleries: Sequence[tuple[Item, Gallery, GalleryContents]]
    ) -> list[GalleryChapter]:
        """One chapter for each aggregated post with images, at the real place of its first image."""
        chapters: list[GalleryChapter | None] = []
        carrying = [(item, gallery, content) for item, gallery, content in galleries if item.aggregated]
        made = [gallery for _, gallery, _ in carrying if not gallery.is_new()]
        order = self.run.orders = await self.store.images_in_order(made)
        if self.run.is_dry:
            order = await self._planned_orders(carrying, order)
        for item, gallery, content in carrying:
            places = {image_id: place for place, image_id in enumerate(order.get(gallery.id, ()), start=1)}
            for post in item.aggregated:
                images = [content.files.get(one.media.id) for one in post.media]
                first = next((places[e.id] for e in images if isinstance(e, Image) and e.id in places), None)
                if first is not None:
                    title = generate_title(post.content, _name(post.account, item), post.createdAt)
                    key = SourceKey("chapter", f"{item.id}/{post.id}")
                    chapters.append(self._place_chapter(gallery, key, title, first))
        return [chapter for chapter in chapters if chapter is not None]

    async def _planned_orders(
        self, galleries: Sequence[tuple[Item, Gallery, GalleryContents]], standing: Mapping[str, list[str]]
    ) -> dict[str, list[str]]:
        """Return the images of galleries in the order that Stash will show once the planned links are made."""
        changed: dict[str, set[str]] = {}
        for _, gallery, content in galleries:
            now = set(standing.get(gallery.id, ()))
            if (planned := self._planned_images(gallery, content, now)) != now:
                changed[gallery.id] = planned
        paths = await self.store.first_paths(sorted(set().union(*changed.values()))) if changed else {}
        placed = {
            key: sorted(images & paths.keys(), key=lambda image: place_key(paths[image]))
            for key, images in changed.items()
        }
        return {**standing, **placed}

    def _planned_images(self, gallery: Gallery, content: GalleryContents, standing: set[str]) -> set[str]:
        """Return the images that a gallery will hold: those of others stay, whatever is known of them."""
        known = [self.store.entry("Image", image) for image in standing]
        images = [image for image in (*known, *content.files.values()) if isinstance(image, Image)]
        told = {image.id for image in images if isinstance(image.galleries, list)}
        return (standing - told) | {image.id for image in images if _is_linked(image, gallery)}

    def _place_chapter(
        self, gallery: Gallery, key: SourceKey, title: str, image_index: int
    ) -> GalleryChapter | None:
        baseline = self.run.baseline("GalleryChapter", key)
        standing = gallery.chapters if isinstance(gallery.chapters, list) else []
        may_be_new = baseline is None or (self.run.recreate and not baseline.is_undone)
        chapter = next(
            (c for c in standing if baseline is not None and c.id == baseline.stash_id), None
        ) or next(
            (c for c in standing if may_be_new and c.title == title and c not in self.run.applied),
            None,
        )
        if chapter is None and may_be_new:
            chapter = GalleryChapter(gallery=gallery, title=title, image_index=image_index)
            self.store.add(chapter)
        if chapter is not None:
            self._apply(chapter, key, DesiredState(values={"title": title, "image_index": image_index}))
        return chapter


def gallery_key(item: Item) -> SourceKey:
    """The source's key of an item's gallery."""
    return SourceKey(item.kind, str(item.id))


def _urls(item: Item) -> list[str]:
    """Tell where an item stands on the site. A wall has no address of its own, nor has a message of an unknown group."""
    has_none = item.kind == "wall" or (item.kind == "message" and item.groupId is None)
    return [] if has_none else [item_url(item.kind, item.id, item.groupId)]


def _is_anothers(gallery: Gallery, item: Item) -> bool:
    """Tell whether a gallery that lists an item's address is another item's, by its code."""
    code = gallery.code if isinstance(gallery.code, str) else ""
    return code.isdigit() and code != str(item.id)


def _holds(gallery: Gallery, content: GalleryContents | None) -> bool:
    """Tell whether a gallery without urls holds a file of the item."""
    files = content.files.values() if content is not None and not gallery.urls else ()
    return any(_is_linked(file, gallery) for file in files)


def _name(account: Creator | None, item: Item) -> str:
    return account.username if account is not None else item.account.username


def _is_of_files(gallery: Gallery) -> bool:
    """Tell whether a gallery stands for a folder or a zip file, whose content nobody may change."""
    return bool(gallery.folder) or bool(gallery.files)


def _is_linked(entity: Scene | Image, gallery: Gallery) -> bool:
    galleries = entity.galleries
    return isinstance(galleries, list) and any(one is gallery for one in galleries)
