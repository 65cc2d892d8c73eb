"""Scenes and images: which file is which media, and what goes on it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict, Unpack

from stash_graphql_client.types import Image, Scene

from stash.journal import SourceKey
from stash.mapping.titles import Rendered, item_url, predecessor_values, utc_day
from stash.processing.base import StashProcessingBase
from stash.reconcile.recognition import is_told_by_more, said_of
from stash.reconcile.reconciler import DesiredState, is_remembered
from stash.report import Planned

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.files.stash_index import StashFile
    from stash.journal import Baseline
    from stash.source.items import Creator, Item, StoredMedia
    from stash.store.entity_types import Entity

TYPES: dict[str, type[Image | Scene]] = {"Image": Image, "Scene": Scene}


class MediaProcessingMixin(StashProcessingBase):
    """Matches media to what Stash has scanned, and stamps it with the values of the item that owns it."""

    async def _find_stash_files(self, media: Iterable[StoredMedia]) -> dict[int, Scene | Image]:
        """The scene or image of each media that Stash has: as recorded, else by its file, else by its code."""
        wanted = {one.id: one for one in media}
        recorded = {media_id: baseline for media_id in wanted if (baseline := self._recorded(media_id))}
        found = await self._find_recorded(recorded, wanted)
        left = [one for one in wanted.values() if one.id not in found]
        if len(found) < len(recorded):
            await self._look_again([file for one in left for file in self.run.files.of(one)])
        found |= await self._find_by_file(left)
        await self._find_by_code([one for one in left if one.id not in found], found)
        self.run.matched.update(found)
        self.run.deleted |= recorded.keys() - found.keys()
        return found

    async def _find_recorded(
        self, recorded: Mapping[int, Baseline], media: Mapping[int, StoredMedia]
    ) -> dict[int, Scene | Image]:
        """The entities that earlier runs recorded, if they are still the same, or say that they are the media's."""
        await self._preload([(baseline.type, baseline.stash_id) for baseline in recorded.values()])
        found: dict[int, Scene | Image] = {}
        for media_id, baseline in recorded.items():
            entity = await self.store.get(TYPES[baseline.type], baseline.stash_id)
            if entity is not None and (
                is_remembered(entity, baseline) or self._says(entity, media[media_id])
            ):
                found[media_id] = entity
        return found

    def _recorded(self, media_id: int) -> Baseline | None:
        key = media_key(media_id)
        return self.run.baseline("Image", key) or self.run.baseline("Scene", key)

    async def _find_by_file(self, media: Sequence[StoredMedia]) -> dict[int, Scene | Image]:
        matches = {one.id: file for one in media if (file := self.run.files.match(one)) is not None}
        if self.run.rules.split_scenes:
            matches = {
                media_id: await self._in_a_scene_of_its_own(file) for media_id, file in matches.items()
            }
        await self._preload([(file.type, file.id) for file in matches.values()], are_new=True)
        entities = {i: await self.store.get(TYPES[file.type], file.id) for i, file in matches.items()}
        return {media_id: entity for media_id, entity in entities.items() if entity is not None}

    async def _in_a_scene_of_its_own(self, file: StashFile) -> StashFile:
        """Split a video off a scene that is about a file of the user's. A dry run shows it."""
        if file.type != "Scene" or file.is_primary or not self.run.files.foreign_primary(file.type, file.id):
            return file
        if self.run.report.plan is not None:
            planned = Planned("Scene", file.id, "files", file.path, "a scene of its own", "split as asked")
            self.run.report.plan.append(planned)
            return file
        return self.run.files.split(file, await self.store.split_scene(file.id, file.path))

    async def _preload(self, wanted: Iterable[tuple[str, str]], *, are_new: bool = False) -> None:
        ids: dict[type[Entity], list[str]] = {}
        for name, stash_id in wanted:
            ids.setdefault(TYPES[name], []).append(stash_id)
        if ids:
            await (self.store.preload_new(ids) if are_new else self.store.preload_ids(ids))

    async def _find_by_code(self, missing: Sequence[StoredMedia], found: dict[int, Scene | Image]) -> None:
        on_disk = [media for media in missing if any(file.kind for file in self.run.files.of(media))]
        if not on_disk:
            return
        by_code = {str(media.id): media for media in on_disk}
        for cls in TYPES.values():
            for entity in await self.store.preload(cls, code__in=list(by_code)):
                if self._says(entity, by_code[str(entity.code)]):
                    found[int(str(entity.code))] = entity

    def _says(self, entity: Scene | Image, media: StoredMedia) -> bool:
        """Tell whether an entity says that it is a media's, by its code and by more than that."""
        if entity.code != str(media.id):
            return False
        items = self.run.holders.get(media.id, ())
        names = dict.fromkeys(name for item in items for name in self._usernames(item.account))
        said = said_of(items, self.run.rules, list(names))
        said["date"] |= {utc_day(media.createdAt) or ""}
        return is_told_by_more(entity, said)

    async def _update_stash_metadata(
        self,
        stash_obj: Scene | Image,
        item: Item,
        account: Creator,
        media_id: int | str,
        **extras: Unpack[Extras],
    ) -> None:
        """Stamp a scene or an image with what its item says. What a user edited is left alone."""
        wish = DesiredState(
            values={
                "code": str(media_id),
                "title": self.run.rules.title_of(item),
                "details": item.content or "",
                "date": utc_day(item.createdAt),
                "studio": extras.get("studio"),
            },
            texts={"urls": [item_url(item.kind, item.id, None)] if item.kind == "post" else []},
            links={"performers": extras.get("performers", ()), "tags": extras.get("tags", ())},
            predecessors=self._predecessors(stash_obj, item, account, media_id, **extras),
            partial=set() if item.has_all_mentions else {"performers"},
        )
        self._stamp(stash_obj, media_key(media_id), wish)

    def _predecessors(
        self,
        stash_obj: Scene | Image,
        item: Item,
        account: Creator,
        media_id: int | str,
        **extras: Unpack[Extras],
    ) -> Mapping[str, Collection[str]]:
        """Return what earlier programs would have written: they took a file's values from any item that holds it.

        It is worked out for what stands there without our having written it, and for nothing else.
        """
        codes = {"code": [str(variant) for variant in extras.get("variant_ids", ())]}
        if not stash_obj.title or self._baseline(stash_obj, media_key(media_id)) is not None:
            return codes
        holders = [item, *self.run.holders.get(int(media_id), ())]
        said = [Rendered(one.content, one.createdAt) for one in holders]
        said += [
            Rendered(post.content, post.createdAt)
            for one in holders
            for post in one.aggregated
            if any(held.media.id == int(media_id) for held in post.media)
        ]
        return {**codes, **predecessor_values(said, _usernames(account, extras.get("performers", ())))}

    def _stamp_unattached(
        self,
        stash_obj: Scene | Image,
        media: StoredMedia,
        studio: Studio | None,
        performers: Sequence[Performer],
    ) -> None:
        """Stamp what belongs to no known item with what its own row says."""
        wish = DesiredState(
            values={"code": str(media.id), "date": utc_day(media.createdAt), "studio": studio},
            links={"performers": performers},
            predecessors={"code": [str(variant.id) for variant in media.variants]},
            partial={"performers"},
        )
        self._stamp(stash_obj, media_key(media.id), wish)

    def _stamp(self, stash_obj: Scene | Image, key: SourceKey, wish: DesiredState) -> None:
        if self._is_foreign(stash_obj, key, wish):
            self._leave(stash_obj, key, "primary file")
            return
        self.run.stamps.append(("media", int(key.id), stash_obj))
        if stash_obj.organized is True:
            self._leave(stash_obj, key, "organized")
        else:
            self._apply(stash_obj, key, wish)

    def _is_foreign(self, stash_obj: Scene | Image, key: SourceKey, wish: DesiredState) -> bool:
        """Tell whether the entity is about another file, of which ours is but a copy: then it is never taken over."""
        if self.run.files.foreign_primary(stash_obj.__type_name__, stash_obj.id) is None:
            return False
        ours = {key.id, *wish.predecessors.get("code", ())}
        return stash_obj.code not in ours and self._baseline(stash_obj, key) is None


def items_by_media_id(items: Iterable[Item]) -> dict[int, list[Item]]:
    """The items that hold each media, by its id."""
    holders: dict[int, list[Item]] = {}
    for item in items:
        for one in item.media:
            holders.setdefault(one.media.id, []).append(item)
    return holders


def _usernames(account: Creator, performers: Sequence[Performer]) -> list[str]:
    """Return what a creator is and was called: earlier usernames are aliases."""
    aliases = performers[0].alias_list if performers else []
    return [account.username, *(aliases if isinstance(aliases, list) else [])]


class Extras(TypedDict, total=False):
    """What else an item gives to its scenes and images. `variant_ids` may stand in `code` from earlier programs."""

    studio: Studio | None
    performers: Sequence[Performer]
    tags: Sequence[Tag]
    variant_ids: Sequence[int]


@lru_cache(maxsize=4096)
def media_key(media_id: int | str) -> SourceKey:
    """The source's key of a scene or an image: the id of the media, never of a variant."""
    return SourceKey("media", str(media_id))
