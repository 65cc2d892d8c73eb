"""Prune the chapters of posts that an item carries no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.changes.net_changes import RESTORED_CHAPTER
from stash.reconcile.merge_result import MergeResult
from stash.report import FieldChange
from stash.store import Change, destroy
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from stash_graphql_client.types import Gallery

    from stash.journal import Baseline
    from stash.processing.base import StashProcessingBase
    from stash.processing.chunk import ItemGallery
    from stash.source.items import Item

REASON_PRUNED = "dropped by the source"

RESTORED = "its removal was taken back by undo; --redo removes it again"


class Pruner:
    """Deletes what an earlier sync made and nobody changed, once the source has dropped it."""

    def __init__(self, processing: StashProcessingBase) -> None:
        self._processing = processing

    async def prune(self, galleries: Iterable[ItemGallery]) -> None:
        """Delete the chapters of posts that left an item. A dry run plans it."""
        run = self._processing.run
        dropped = [one for item, gallery, _ in galleries async for one in self._dropped(item, gallery)]
        if not dropped:
            return
        if run.report.plan is not None:
            run.report.plan += [_planned(change, baseline) for change, baseline in dropped]
        else:
            await self._delete(dropped)

    async def _delete(self, dropped: list[tuple[Change, Baseline]]) -> None:
        run, results = self._processing.run, self._processing.work.results
        assert run.journal is not None  # noqa: S101 - only recorded chapters are dropped
        results |= {c.entity: MergeResult(c.entity, baseline.key) for c, baseline in dropped}
        done = await destroy(
            self._processing.store, [change for change, _ in dropped], self._processing.flush_log
        )
        for change, _ in dropped:
            del results[change.entity]
        gone = {change.entity.id for change in done.applied}
        for failure in done.failed:
            reason = f"Stash refused GalleryChapter: {failure.message[:300]}"
            run.report.skip("chapter", failure.entity.id, reason, is_failure=True)
        await run.journal.record(
            one._replace(stash_id="", undo_marks={}) for _, one in dropped if one.stash_id in gone
        )

    async def _dropped(self, item: Item, gallery: Gallery) -> AsyncIterator[tuple[Change, Baseline]]:
        """Find the chapters of this sync in a gallery that are as it wrote them, and whose post has left the item."""
        run = self._processing.run
        if run.journal is None:
            return
        current = gallery.chapters if isinstance(gallery.chapters, list) and not gallery.is_new() else []
        carried = {f"{item.id}/{post.id}" for post in item.aggregated}
        for chapter in [one for one in current if one not in self._processing.work.results]:
            for baseline in await run.journal.baselines.of_entity("GalleryChapter", chapter.id):
                is_ours = baseline.key.id.startswith(f"{item.id}/") and baseline.key.id not in carried
                written = baseline.last_applied.get("title")
                if not is_ours or normalize_text(str(chapter.title)) != normalize_text(written):
                    continue
                if RESTORED_CHAPTER in baseline.undo_marks and not run.options.redo:
                    run.report.skip(*baseline.key, RESTORED)
                else:
                    was = {"title": chapter.title, "image_index": chapter.image_index, "gallery": gallery}
                    yield Change(chapter, "destroy", was, {}), baseline


def _planned(change: Change, baseline: Baseline) -> FieldChange:
    title, key = change.before["title"], " ".join(baseline.key)
    return FieldChange("GalleryChapter", baseline.stash_id, "id", title, None, REASON_PRUNED, key)
