"""One creator into Stash: read, decide, write, remember, a window at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, Performer, Scene, Studio, Tag
from stash_graphql_client.types import Image as StashImage
from stash_graphql_client.types.unset import UNSET

from stash.errors import ItemError, SyncError
from stash.journal import SourceKey
from stash.processing.base import people_of
from stash.processing.mixins.account import AccountProcessingMixin, performer_key
from stash.processing.mixins.gallery import Content, GalleryProcessingMixin, gallery_key
from stash.processing.mixins.media import MediaProcessingMixin, media_key
from stash.processing.mixins.studio import NETWORK_KEY, StudioProcessingMixin, studio_key
from stash.processing.mixins.tag import TagProcessingMixin, tag_key
from stash.processing.wishes import names_of
from stash.rendering import TRAILER_TAG
from stash.report import Planned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from metadata.items import Creator, Item, StoredMedia, Window
    from metadata.reader import Reader
    from stash.processing.wishes import Applied
    from stash.store import Change, Flushed
    from stash.store.kinds import Entity

log = logging.getLogger(__name__)

LASTING = frozenset({"Performer", "Studio", "Tag"})
"""Types whose entities stay in memory for the run; all others leave it with their part."""


@dataclass
class Work:
    """A bounded part of a creator: items, and media that no known item holds."""

    items: Sequence[Item] = ()
    loose: Sequence[StoredMedia] = ()

    def media(self) -> dict[int, StoredMedia]:
        """All media of the part, by id."""
        held = {one.media.id: one.media for item in self.items for one in item.media}
        return held | {one.id: one for one in self.loose}


@dataclass
class Done:
    """What was decided for a part, until it is written and remembered."""

    galleries: list[tuple[Item, Gallery, Content]] = field(default_factory=list)


class CreatorProcessing(
    AccountProcessingMixin,
    StudioProcessingMixin,
    TagProcessingMixin,
    MediaProcessingMixin,
    GalleryProcessingMixin,
):
    """The five mixins, and the order in which they work."""

    async def sync_creator(self, reader: Reader, creator: Creator) -> None:
        """Bring all of a creator's items into Stash."""
        async with self.store.window():
            await self._recall_people([creator])
            performer = await self.process_creator(creator)
            await self.process_creator_studio(creator, performer)
            async for work in self._parts(reader, creator):
                await self._sync_part(creator, work)

    async def _parts(self, reader: Reader, creator: Creator) -> AsyncIterator[Work]:
        """The creator's windows; loose media join the last one, so that they cost no requests of their own."""
        last: Window | None = None
        async for window in reader.windows(creator):
            self._note_problems(window)
            if last is not None:
                yield Work(last.items)
            last = window
        loose = [media async for part in reader.unattached(creator) for media in part]
        if last is not None or loose:
            yield Work(last.items if last else (), loose)

    def _note_problems(self, window: Window) -> None:
        for problem in window.problems:
            self.run.report.skip(problem.table, problem.key, problem.reason, is_failure=problem.is_malformed)

    async def _sync_part(self, creator: Creator, work: Work) -> None:
        async with self.store.window():
            done = await self._decide(creator, work)
            await self._write(done)
        self.run.on_items(len(work.items) + len(work.loose))

    async def _decide(self, creator: Creator, work: Work) -> Done:
        await self._recall(work)
        await self._read_recorded(work)
        found = await self._find_stash_files(work.media().values())
        await self._preload_galleries([item for item in work.items if _matched(item, found)])
        self._note_missing(work, found)
        done = Done()
        for item in work.items:
            await self._decide_item(item, found, done)
        await self._decide_loose(creator, work.loose, found)
        return done

    def _note_missing(self, work: Work, found: dict[int, Scene | StashImage]) -> None:
        """Name what was downloaded and lies nowhere, and the items of which nothing can be shown."""
        for media_id, media in work.media().items():
            if media_id not in found and media.is_downloaded and not self.run.files.of(media):
                self.run.report.skip("media", str(media_id), "its file is not in the downloads folder")
        for item in work.items:
            if item.media and not _matched(item, found):
                is_locked = all(one.is_locked or one.is_preview for one in item.media)
                reason = "its media are locked" if is_locked else "none of its media is in Stash"
                self.run.report.skip(item.kind, str(item.id), reason)

    async def _decide_item(self, item: Item, found: dict[int, Scene | StashImage], done: Done) -> None:
        """The item boundary: whatever is wrong with one item costs that item alone."""
        try:
            content = await self._process_item(item, found)
            if content is not None:
                studio = await self.process_creator_studio(item.account)
                gallery = await self._process_item_gallery(item, item.account, content, studio)
                done.galleries.append((item, gallery, content))
        except ItemError as error:
            self.run.report.skip(item.kind, str(item.id), str(error), is_failure=True)
        except SyncError:
            raise
        except Exception as error:
            log.exception("item.failed", extra={"kind": item.kind, "id": item.id})
            reason = f"could not be processed ({type(error).__name__}); please report this"
            self.run.report.skip(item.kind, str(item.id), reason, is_failure=True)

    async def _process_item(self, item: Item, found: dict[int, Scene | StashImage]) -> Content | None:
        """Stamp the files that the item owns; answers what its gallery needs, None where nothing is matched."""
        files = _matched(item, found)
        if not files:
            return None
        account = item.account
        studio = await self.process_creator_studio(account)
        performers = [await self._get_or_create_performer(one) for one in (account, *people_of(item))]
        performers = list({id(performer): performer for performer in performers}.values())
        tags = await self._process_hashtags_to_tags(item.hashtags)
        for one in item.media:
            entity = files.get(one.media.id)
            if entity is None or one.owner != item.ref or not self._owns(entity, one.media):
                continue
            await self._update_stash_metadata(
                entity,
                item,
                account,
                one.media.id,
                studio=studio,
                performers=performers,
                tags=[*tags, await self._preview_tag()] if one.is_preview else tags,
                variant_ids=[variant.id for variant in one.media.variants],
            )
        return Content(performers, tags, files)

    def _owns(self, entity: Scene | StashImage, media: StoredMedia) -> bool:
        """Whether this media's values go on the entity: the first to claim it, as several may share one file."""
        claimed = self.run.applied.get(id(entity))
        return claimed is None or claimed.key == media_key(media.id)

    async def _decide_loose(
        self, creator: Creator, loose: Sequence[StoredMedia], found: dict[int, Scene | StashImage]
    ) -> None:
        for media in loose:
            entity = found.get(media.id)
            if entity is not None and self._owns(entity, media):
                performer = await self._get_or_create_performer(creator)
                self._stamp_unattached(entity, media, await self.process_creator_studio(creator), performer)
                self.run.report.unattached += 1

    # --- memory ---

    async def _recall_people(self, accounts: Iterable[Creator]) -> None:
        people = list(accounts)
        await self.run.recall("Performer", [performer_key(one) for one in people])
        await self.run.recall("Studio", [NETWORK_KEY, *(studio_key(one) for one in people)])

    async def _recall(self, work: Work) -> None:
        """What earlier runs left of everything in this part."""
        media = [media_key(media_id) for media_id in work.media()]
        await self.run.recall("Image", media)
        await self.run.recall("Scene", media)
        await self.run.recall("Gallery", [gallery_key(item) for item in work.items])
        tags = {tag.value.strip().lower() for item in work.items for tag in item.hashtags}
        await self.run.recall("Tag", [tag_key(name) for name in (*sorted(tags), TRAILER_TAG)])
        chapters = [f"{item.id}/{post.id}" for item in work.items for post in item.aggregated]
        await self.run.recall("GalleryChapter", [SourceKey("chapter", key) for key in chapters])
        await self._recall_people(one for item in work.items for one in (item.account, *people_of(item)))

    async def _read_recorded(self, work: Work) -> None:
        """Everything that earlier runs recorded of this part, in one request a thousand."""
        ids: dict[type[Entity], list[str]] = {StashImage: [], Scene: [], Gallery: []}
        keys = {
            StashImage: [media_key(i) for i in work.media()],
            Gallery: [gallery_key(i) for i in work.items],
        }
        keys[Scene] = keys[StashImage]
        for cls, found in ids.items():
            memories = [self.run.memory(cls.__type_name__, key) for key in keys[cls]]
            found += [memory.stash_id for memory in memories if memory is not None]
        await self.store.preload_ids(ids)

    # --- writing ---

    async def _write(self, done: Done) -> None:
        if self.run.is_dry:
            await self._process_chapters(done.galleries)
            self._plan()
            return
        flushed = await self.store.flush()
        await self._process_chapters(done.galleries)
        more = await self.store.flush()
        flushed.applied += more.applied
        flushed.failed += more.failed
        await self._remember(flushed)
        self._count(flushed)

    def _plan(self) -> None:
        """A dry run stops here: what is pending is the plan, and then it is forgotten."""
        plan = self.run.report.plan
        assert plan is not None  # noqa: S101 - a dry run's report has a plan
        pending = [c for c in self.store.pending() if (id(c.entity), c.field) not in self.run.planned]
        plan += [_planned(change, self.run.applied.get(id(change.entity))) for change in pending]
        self.run.planned |= {(id(c.entity), c.field) for c in pending if c.entity.__type_name__ in LASTING}
        created = {id(c.entity) for c in pending if c.action == "create"}
        self._count_standing(created, {id(c.entity) for c in pending})
        self.store.rollback(keeping=LASTING)

    async def _remember(self, flushed: Flushed) -> None:
        """Record what stands in Stash now; what was refused is not remembered, so the next run tries again."""
        refused = {id(failure.entity) for failure in flushed.failed}
        for failure in flushed.failed:
            applied = self.run.applied.get(id(failure.entity))
            key = applied.key if applied else SourceKey(failure.entity.__type_name__, failure.entity.id)
            reason = f"Stash refused {failure.entity.__type_name__}: {failure.message[:300]}"
            self.run.report.skip(key.kind, key.id, reason, is_failure=True)
        written = [
            a for a in self.run.applied.values() if id(a.entity) not in refused and not a.entity.is_new()
        ]
        stamps = [
            (table, row, int(entity.id))
            for table, row, entity in self.run.stamps
            if not entity.is_new() and id(entity) not in refused
        ]
        if self.run.journal is not None:
            memories = [applied.memory() for applied in written]
            await self.run.journal.record(memories, stamps)
            self.run.memories |= {(memory.type, memory.key): memory for memory in memories}

    def _count(self, flushed: Flushed) -> None:
        created = {id(c.entity) for c in flushed.applied if c.action == "create"}
        self._count_standing(created, {id(c.entity) for c in flushed.applied})
        self.run.report.links_added += sum(map(_links_added, flushed.applied))

    def _count_standing(self, created: set[int], changed: set[int]) -> None:
        report = self.run.report
        for identity, applied in self.run.applied.items():
            name = applied.entity.__type_name__
            for field_name in applied.kept:
                report.keep(name, applied.entity.id, field_name)
            if identity in self.run.counted:
                continue
            self.run.counted.add(identity)
            report.count(
                name, "created" if identity in created else "updated" if identity in changed else "unchanged"
            )
            if applied.kept:
                report.count(name, "kept")
        self._forget_part()

    def _forget_part(self) -> None:
        """What concerns this part alone leaves memory; people, studios and tags stay for the run."""
        gone = [i for i, a in self.run.applied.items() if a.entity.__type_name__ not in LASTING]
        for identity in gone:
            del self.run.applied[identity]
            self.run.counted.discard(identity)
        self.run.memories = {key: memory for key, memory in self.run.memories.items() if key[0] in LASTING}
        self.run.stamps.clear()


def _matched(item: Item, found: dict[int, Scene | StashImage]) -> dict[int, Scene | StashImage]:
    return {one.media.id: found[one.media.id] for one in item.media if one.media.id in found}


def _links_added(change: Change) -> int:
    if not isinstance(change.after, list) or not all(
        isinstance(one, Tag | Performer | Gallery | Scene | StashImage) for one in change.after
    ):
        return 0
    before = {id(one) for one in change.before or ()}
    return sum(id(one) not in before for one in change.after)


def _planned(change: Change, applied: Applied | None) -> Planned:
    entity = change.entity
    return Planned(
        type=entity.__type_name__,
        id=_label(entity),
        field=change.field,
        before=_shown(change.before),
        after=_shown(change.after),
        reason="new"
        if change.action == "create"
        else (applied.reasons.get(change.field, "") if applied else ""),
    )


def _label(entity: Entity) -> str:
    return names_of([entity])[0] if entity.is_new() else entity.id


def _shown(value: Any) -> Any:
    if value is UNSET or value is None or isinstance(value, str | int | float):
        return None if value is UNSET else value
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, Studio | Performer | Tag | Gallery | Scene | StashImage):
        return names_of([value])[0]
    return str(value)
