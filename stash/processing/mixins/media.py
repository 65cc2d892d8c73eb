"""Scenes and images: which file is which media, and what goes on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from stash_graphql_client.types import Image, Scene

from stash.mapping.desired import ItemLinks, desired_file, desired_unattached_file, file_predecessors
from stash.mapping.keys import media_key
from stash.mapping.titles import utc_day
from stash.processing.base import StashProcessingBase, listed
from stash.reconcile.merge_result import is_remembered
from stash.reconcile.recognition import belongs_to_source, source_texts
from stash.report import FieldChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash_graphql_client.types import Performer, Studio, Tag

    from stash.files.stash_index import StashFile
    from stash.journal import Baseline
    from stash.mapping.desired import DesiredState
    from stash.mapping.keys import SourceKey
    from stash.source.items import Creator, Item, StoredMedia
    from stash.store.entity_types import Entity

TYPES: dict[str, type[Image | Scene]] = {"Image": Image, "Scene": Scene}


class MediaProcessingMixin(StashProcessingBase):
    """Matches media to what Stash has scanned, and brings it to the values of the item that owns it."""

    async def _find_stash_files(self, media: Iterable[StoredMedia]) -> dict[int, Scene | Image]:
        """Return the scene or image of each media that Stash has: as recorded, else by its file, else by its code."""
        wanted = {one.id: one for one in media}
        recorded = {media_id: baseline for media_id in wanted if (baseline := self._recorded(media_id))}
        found = await self._find_recorded(recorded, wanted)
        left = [one for one in wanted.values() if one.id not in found]
        files = [file for one in left for file in self.run.files.of(one)]
        if len(found) < len(recorded):
            await self.scanner.relocate(files)
        else:
            await self.run.files.read(self.store, self.run.files.unasked(files))
        found |= await self._find_by_file(left)
        await self._find_by_code([one for one in left if one.id not in found], found)
        self.tally.matched.update(found)
        self.tally.deleted |= recorded.keys() - found.keys()
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
        return self.work.baselines.get("Image", key) or self.work.baselines.get("Scene", key)

    async def _find_by_file(self, media: Sequence[StoredMedia]) -> dict[int, Scene | Image]:
        matches = {one.id: file for one in media if (file := self.run.files.match(one)) is not None}
        if self.rules.split_scenes:
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
            planned = FieldChange(
                "Scene", file.id, "files", file.path, "a scene of its own", "split as asked"
            )
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
        items = self.work.items_by_media.get(media.id, ())
        names = dict.fromkeys(name for item in items for name in self._usernames(item.account))
        said = source_texts(items, self.rules, list(names))
        said["date"] |= {utc_day(media.createdAt) or ""}
        return belongs_to_source(entity, said)

    async def _update_stash_metadata(
        self,
        stash_obj: Scene | Image,
        item: Item,
        account: Creator,
        media_id: int | str,
        **extras: Unpack[Extras],
    ) -> None:
        """Bring a scene or an image to what its item says. What a user edited is left alone."""
        links = ItemLinks(extras.get("studio"), extras.get("performers", ()), extras.get("tags", ()))
        predecessors = {
            "code": [str(variant) for variant in extras.get("variant_ids", ())],
            **self._file_predecessors(stash_obj, item, account, media_id, links.performers),
        }
        desired = desired_file(item, media_id, links, self.rules, predecessors)
        self._reconcile_file(stash_obj, media_key(media_id), desired)

    def _file_predecessors(
        self,
        stash_obj: Scene | Image,
        item: Item,
        account: Creator,
        media_id: int | str,
        performers: Sequence[Performer],
    ) -> Mapping[str, Collection[str]]:
        """Return what earlier programs would have written, where a title stands there that no sync wrote."""
        if not stash_obj.title or self._baseline(stash_obj, media_key(media_id)) is not None:
            return {}
        items = [item, *self.work.items_by_media.get(int(media_id), ())]
        aliases = listed(performers[0], "alias_list") if performers else []
        return file_predecessors(items, int(media_id), [account.username, *aliases])

    def _reconcile_unattached(self, stash_obj: Scene | Image, media: StoredMedia, links: ItemLinks) -> None:
        """Bring what belongs to no known item to what its own row says."""
        self._reconcile_file(stash_obj, media_key(media.id), desired_unattached_file(media, links))

    def _reconcile_file(self, stash_obj: Scene | Image, key: SourceKey, desired: DesiredState) -> None:
        if self._is_of_another_file(stash_obj, key, desired):
            self._leave_unchanged(stash_obj, key, "primary file")
            return
        self._write_back("media", int(key.id), stash_obj)
        if stash_obj.organized is True:
            self._leave_unchanged(stash_obj, key, "organized")
        else:
            self._reconcile(stash_obj, key, desired)

    def _is_of_another_file(self, stash_obj: Scene | Image, key: SourceKey, desired: DesiredState) -> bool:
        """Tell whether the entity is about another file, of which ours is but a copy: then it is never taken over."""
        if self.run.files.foreign_primary(stash_obj.__type_name__, stash_obj.id) is None:
            return False
        ours = {key.id, *desired.predecessors.get("code", ())}
        return stash_obj.code not in ours and self._baseline(stash_obj, key) is None


def items_by_media_id(items: Iterable[Item]) -> dict[int, list[Item]]:
    """Return the items that hold each media, by its id."""
    found: dict[int, list[Item]] = {}
    for item in items:
        for one in item.media:
            found.setdefault(one.media.id, []).append(item)
    return found


class Extras(TypedDict, total=False):
    """The further values of an item for its scenes and images. Earlier programs wrote one of `variant_ids` into `code`."""

    studio: Studio | None
    performers: Sequence[Performer]
    tags: Sequence[Tag]
    variant_ids: Sequence[int]
