"""One creator into Stash: read, decide, write, remember, a window at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Performer, Scene, Studio, Tag
from stash_graphql_client.types import Image as StashImage

from stash.concurrency import TaskPipeline, gather_or_cancel
from stash.processing.base import mentioned_accounts, performer_key
from stash.processing.flush import Writing
from stash.processing.mixins.gallery import GalleryContents, gallery_key
from stash.processing.mixins.media import items_by_media_id, media_key
from stash.processing.mixins.studio import studio_key
from stash.processing.preload import Recalling
from stash.processing.prune import Withdrawing
from stash.processing.record import Decided
from stash.processing.unchanged import Standing
from stash.processing.unmatched import why_empty
from stash.reconcile.fingerprint import Chunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from stash.source.items import Creator, Item, ItemPage, StoredMedia
    from stash.source.reader import Reader
    from stash.store.entity_types import Entity

ITEMS = 160
"""Items of a batch at most: Stash works on one while we decide the next."""


@dataclass
class Deciding(Decided):
    """A part that is being decided, with the galleries that its chapters go into."""

    galleries: list[tuple[Item, Gallery, GalleryContents]] = field(default_factory=list)


FIRST = 40
"""Items of the first batch, so that Stash has work soon; each further one has twice as many."""


TURN = 4
"""Items that are decided before anything else gets its turn, such as the next request: a few milliseconds."""


AHEAD = 3
"""Batches that may wait for Stash to take them."""


class CreatorProcessing(Standing, Withdrawing, Writing, Recalling):
    """The five mixins, and the order in which they work."""

    async def sync_creator(self, reader: Reader, creator: Creator) -> None:
        """Bring all of a creator's items into Stash."""
        async with self.store.window():
            await self._recall_people([creator])
            await self._read_lasting()
            if not await self._is_person_deleted(creator):
                await self.process_creator(creator)
            await self._studio(creator)
            await self._recall_settled(creator)
            async for part in self._parts(reader, creator):
                await self._sync_part(creator, part)

    async def _parts(self, reader: Reader, creator: Creator) -> AsyncIterator[Chunk]:
        """The creator's windows. Loose media join the last one, so that they cost no requests of their own."""
        windows: list[ItemPage] = []
        number = 0
        async for window in reader.windows(creator):
            self._note_problems(window)
            for earlier in windows:
                yield Chunk(number, earlier.items)
                number += 1
            windows = [window]
        loose = [media async for part in reader.unattached(creator) for media in part]
        if windows or loose:
            yield Chunk(number, windows[0].items if windows else (), loose)

    def _note_problems(self, window: ItemPage) -> None:
        for problem in window.problems:
            self.run.report.skip(problem.table, problem.key, problem.reason, is_failure=problem.is_malformed)

    async def _sync_part(self, creator: Creator, part: Chunk) -> None:
        self._sweep()
        size = len(part.items) + len(part.unattached)
        part = replace(part, items=[item for item in part.items if self.run.rules.takes(item)])
        files = {media_id: self.run.files.of(media) for media_id, media in part.media().items()}
        decided = Deciding(creator, part, files, self.run.rules.key)
        async with self.store.window():
            settled = self.run.settled.get(part.number)
            if settled is not None and await self._still_stands(settled, decided):
                self.run.matched.update(media_id for media_id, found in files.items() if found)
                self._report_settled(settled)
            else:
                await self._decide_and_write(decided)
        matched = ((one, files[one.id]) for one in part.media().values() if one.id in self.run.matched)
        self.run.files.take(matched)
        self.run.on_items(size)
        await self._beat()

    async def _decide_and_write(self, decided: Deciding) -> None:
        decided.skipped_before = len(self.run.report.skipped)
        await self._look_back(decided.part)
        if self.run.is_dry:
            found = await self._look_up(decided)
            async for _ in self._decide(decided, found, TaskPipeline()):
                pass
            await self._chapters_of(decided)
            self._plan()
            return
        async with TaskPipeline() as remembering:
            async with TaskPipeline(depth=AHEAD) as writing:
                await writing.start(self._flush(decided, await self._decide_names(decided)))
                found = await self._look_up(decided)
                async for _ in self._decide(decided, found, writing):
                    await writing.start(self._write(decided, self._take(), remembering))
            await self._chapters_of(decided)
            await self._write(decided, self._take(), remembering, is_last=True)
        await self._conclude(decided)

    async def _chapters_of(self, decided: Deciding) -> None:
        await self._process_chapters(decided.galleries)
        await self._withdraw_chapters((item, gallery) for item, gallery, _ in decided.galleries)

    async def _look_back(self, part: Chunk) -> None:
        """Return what earlier runs left of a part, as it stands in Stash."""
        self.run.holders = items_by_media_id(part.items)
        await self._recall(part)
        await self._read_recorded(part)

    async def _decide_names(self, decided: Deciding) -> list[Entity]:
        """The people, studios and tags of the items whose files Stash knows: it makes them while the rest is looked up.

        They are remembered with the first items.
        """
        for item in decided.part.items:
            if any(self.run.files.knows(file) for one in item.media for file in decided.files[one.media.id]):
                await self._bounded(item, self._names_of(item))
        return [applied.entity for applied in self.run.unwritten.values()]

    async def _look_up(self, decided: Deciding) -> dict[int, Scene | StashImage]:
        """Everything that the decisions of a part need, in O(pages) requests. Return what is matched, by media."""
        media = decided.part.media().values()
        found, _ = await gather_or_cancel(self._find_stash_files(media), self._look_up_galleries(decided))
        await self._read_default_covers()
        self._note_missing(decided, found)
        return found

    async def _look_up_galleries(self, decided: Deciding) -> None:
        await self._preload_galleries([item for item in decided.part.items if item.media])
        _ = decided.source  # while Stash looks for the files

    async def _decide(
        self, decided: Deciding, found: dict[int, Scene | StashImage], writing: TaskPipeline
    ) -> AsyncIterator[None]:
        """Decide a part, while Stash is at work or nothing is to be written. Yields where a batch may be written."""
        size = left = FIRST
        for number, item in enumerate(decided.part.items):
            if left == 0:
                yield
                size = left = min(2 * size, ITEMS)
            left -= 1
            await self._bounded(item, self._decide_item(item, found, decided))
            if number % TURN == 0:
                await writing.run_until(self.store.connection.transport.request_in_flight)
        await self._decide_loose(decided, found)
        yield

    def _note_missing(self, decided: Deciding, found: dict[int, Scene | StashImage]) -> None:
        """Name what was downloaded and lies nowhere, and the items of which nothing can be shown."""
        for media_id, media in decided.part.media().items():
            if media_id not in found and media.is_downloaded and self.run.files.lacks(media):
                self.run.report.skip("media", str(media_id), "its file is not in the downloads folder")
        for item in decided.part.items:
            if item.media and item.kind != "wall" and not _matched(item, found):
                self.run.report.skip(item.kind, str(item.id), why_empty(item, decided.files, self.run))

    async def _is_person_deleted(self, account: Creator) -> bool:
        key = performer_key(account)
        if not await self._is_deleted(Performer, key):
            return False
        if not self._is_undone(Performer, key) and await self._find_existing_performer(account):
            return False
        self._left_out(Performer, key)
        return True

    async def _studio(self, account: Creator) -> Studio | None:
        """The studio of an account. None where it was deleted in Stash."""
        key = studio_key(account)
        if await self._is_deleted(Studio, key) and (
            self._is_undone(Studio, key) or not await self._find_existing_studio(account)
        ):
            self._left_out(Studio, key)
            return None
        return await self.process_creator_studio(account)

    async def _decide_item(self, item: Item, found: dict[int, Scene | StashImage], decided: Deciding) -> None:
        """Decide what an item's files and its gallery are to be."""
        if (content := await self._process_item(item, found)) is None:
            return
        key = gallery_key(item)
        if await self._is_deleted(Gallery, key) and (
            self._is_undone(Gallery, key) or not await self._find_gallery(item, content)
        ):
            self._left_out(Gallery, key)
            return
        studio, _, _ = await self._names_of(item)
        gallery = await self._process_item_gallery(item, item.account, content, studio)
        decided.galleries.append((item, gallery, content))

    async def _names_of(self, item: Item) -> tuple[Studio | None, list[Performer], list[Tag]]:
        """The studio, people and tags of an item. Decided once."""
        key = item.kind, item.id
        names = self.run.names.get(key)
        if names is None:
            people, tags = [item.account, *mentioned_accounts(item)], self._tag_names(item)
            names = await self._studio(item.account), await self._performers(people), await self._tags(tags)
            self.run.names[key] = names
            if any(one.is_preview and self.run.files.match(one.media) for one in item.media):
                await self._preview_tags()
        return names

    async def _process_item(self, item: Item, found: dict[int, Scene | StashImage]) -> GalleryContents | None:
        """Stamp the files that the item owns. Return what its gallery needs, None where nothing is matched."""
        files = _matched(item, found)
        if not files:
            return None
        account, ref = item.account, item.ref
        studio, performers, tags = await self._names_of(item)
        for one in item.media:
            entity = files.get(one.media.id)
            if entity is None or one.owner != ref or not await self._owns(entity, one.media):
                continue
            await self._update_stash_metadata(
                entity,
                item,
                account,
                one.media.id,
                studio=studio,
                performers=performers,
                tags=[*tags, *await self._preview_tags()] if one.is_preview else tags,
                variant_ids=[variant.id for variant in one.media.variants],
            )
        return GalleryContents(performers, tags, files)

    async def _performers(self, people: Iterable[Creator]) -> list[Performer]:
        """The performer of each, once. Without those that were deleted in Stash."""
        found = [
            await self._get_or_create_performer(one)
            for one in people
            if performer_key(one) in self.run.people or not await self._is_person_deleted(one)
        ]
        return list(dict.fromkeys(found))

    async def _owns(self, entity: Scene | StashImage, media: StoredMedia) -> bool:
        """Tell whether this media's values go on the entity: the first to claim it, as several may share one file."""
        claimed, key = self.run.applied.get(entity), media_key(media.id)
        if claimed is not None or entity.code in {"", key.id, *[str(one.id) for one in media.variants]}:
            return claimed is None or claimed.key == key
        return all(one.key.id != entity.code for one in await self._baselines_of_other_keys(entity, [key]))

    async def _decide_loose(self, decided: Deciding, found: dict[int, Scene | StashImage]) -> None:
        for media in decided.part.unattached:
            entity = found.get(media.id)
            if entity is not None and await self._owns(entity, media):
                performers = await self._performers([decided.creator])
                self._stamp_unattached(entity, media, await self._studio(decided.creator), performers)
                decided.unattached += 1
        self.run.report.unattached += decided.unattached


def _matched(item: Item, found: dict[int, Scene | StashImage]) -> dict[int, Scene | StashImage]:
    return {one.media.id: found[one.media.id] for one in item.media if one.media.id in found}
