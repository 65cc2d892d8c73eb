"""Scenes and images: which file is which media, and what goes on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from stash_graphql_client.types import Image, Scene

from stash.journal import SourceKey
from stash.processing.base import StashProcessingBase
from stash.processing.wishes import Wish, is_remembered
from stash.rendering import generate_title, item_url, utc_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from metadata.items import Creator, Item, StoredMedia
    from stash.journal import Memory
    from stash.store.kinds import Entity

TYPES: dict[str, type[Image | Scene]] = {"Image": Image, "Scene": Scene}


class MediaProcessingMixin(StashProcessingBase):
    """Matches media to what Stash has scanned, and stamps it with the values of the item that owns it."""

    async def _find_stash_files(self, media: Iterable[StoredMedia]) -> dict[int, Scene | Image]:
        """The scene or image of each media that Stash has: as recorded, else by its file, else by its code."""
        wanted = {one.id: one for one in media}
        found = await self._find_recorded(wanted)
        left = [one for one in wanted.values() if one.id not in found]
        if self.run.journal is not None and any(self._recorded(one) for one in left):
            await self._look_again([file for one in left for file in self.run.files.of(one)])
        found |= await self._find_by_file(left)
        await self._find_by_code([one for one in left if one.id not in found], found)
        self.run.matched.update(found)
        return found

    async def _find_recorded(self, wanted: dict[int, StoredMedia]) -> dict[int, Scene | Image]:
        """The entities that earlier runs recorded, if they are still the same, or still carry our code."""
        recorded = {media_id: memory for media_id, one in wanted.items() if (memory := self._recorded(one))}
        await self._preload([(memory.type, memory.stash_id) for memory in recorded.values()])
        found: dict[int, Scene | Image] = {}
        for media_id, memory in recorded.items():
            entity = await self.store.get(TYPES[memory.type], memory.stash_id)
            if entity is not None and (is_remembered(entity, memory) or entity.code == str(media_id)):
                found[media_id] = entity
        return found

    def _recorded(self, media: StoredMedia) -> Memory | None:
        memories = (self.run.memory(name, media_key(media.id)) for name in TYPES)
        return next((memory for memory in memories if memory is not None), None)

    async def _find_by_file(self, media: Sequence[StoredMedia]) -> dict[int, Scene | Image]:
        matches = {one.id: file for one in media if (file := self.run.files.match(one)) is not None}
        await self._preload([(file.type, file.id) for file in matches.values()])
        entities = {i: await self.store.get(TYPES[file.type], file.id) for i, file in matches.items()}
        return {media_id: entity for media_id, entity in entities.items() if entity is not None}

    async def _preload(self, wanted: Iterable[tuple[str, str]]) -> None:
        ids: dict[type[Entity], list[str]] = {}
        for name, stash_id in wanted:
            ids.setdefault(TYPES[name], []).append(stash_id)
        if ids:
            await self.store.preload_ids(ids)

    async def _find_by_code(self, missing: Sequence[StoredMedia], found: dict[int, Scene | Image]) -> None:
        on_disk = [media for media in missing if any(file.kind for file in self.run.files.of(media))]
        if not on_disk:
            return
        codes = [str(media.id) for media in on_disk]
        for cls in TYPES.values():
            entities = await self.store.preload(cls, code__in=codes)
            found |= {int(str(entity.code)): entity for entity in entities}

    async def _update_stash_metadata(
        self,
        stash_obj: Scene | Image,
        item: Item,
        account: Creator,
        media_id: int | str,
        **extras: Unpack[Extras],
    ) -> None:
        """Stamp a scene or an image with what its item says; what a user edited is left alone."""
        wish = Wish(
            values={
                "code": str(media_id),
                "title": generate_title(item.content, account.username, item.createdAt),
                "details": item.content or "",
                "date": utc_day(item.createdAt),
                "studio": extras.get("studio"),
            },
            texts={"urls": [item_url(item.kind, item.id, None)] if item.kind == "post" else []},
            links={"performers": extras.get("performers", ()), "tags": extras.get("tags", ())},
            predecessors={"code": [str(variant) for variant in extras.get("variant_ids", ())]},
        )
        self._stamp(stash_obj, media_key(media_id), wish)

    def _stamp_unattached(
        self,
        stash_obj: Scene | Image,
        media: StoredMedia,
        studio: Studio | None,
        performers: Sequence[Performer],
    ) -> None:
        """Stamp what belongs to no known item with what its own row says."""
        wish = Wish(
            values={"code": str(media.id), "date": utc_day(media.createdAt), "studio": studio},
            links={"performers": performers},
            predecessors={"code": [str(variant.id) for variant in media.variants]},
            partial={"performers"},
        )
        self._stamp(stash_obj, media_key(media.id), wish)

    def _stamp(self, stash_obj: Scene | Image, key: SourceKey, wish: Wish) -> None:
        self.run.stamps.append(("media", int(key.id), stash_obj))
        if stash_obj.organized is True:
            self._leave(stash_obj, key, "organized")
        else:
            self._apply(stash_obj, key, wish)


class Extras(TypedDict, total=False):
    """What else an item gives to its scenes and images; `variant_ids` may stand in `code` from earlier programs."""

    studio: Studio | None
    performers: Sequence[Performer]
    tags: Sequence[Tag]
    variant_ids: Sequence[int]


def media_key(media_id: int | str) -> SourceKey:
    """The source's key of a scene or an image: the id of the media, never of a variant."""
    return SourceKey("media", str(media_id))
