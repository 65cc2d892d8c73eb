"""Chapters of posts that an item carries no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.processing.context import Working
from stash.reconcile.reconciler import MergeResult
from stash.report import Planned
from stash.store import Change, destroy
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from stash_graphql_client.types import Gallery

    from stash.journal import Baseline
    from stash.source.items import Item

WHY = "dropped by the source"


class Withdrawing(Working):
    """Takes out what an earlier sync made, and nobody changed, once the source has dropped it."""

    async def _withdraw_chapters(self, galleries: Iterable[tuple[Item, Gallery]]) -> None:
        """Take out the chapters of posts that left an item. A dry run plans it."""
        doomed = [one for item, gallery in galleries async for one in self._dropped(item, gallery)]
        if not doomed or self.run.journal is None:
            return
        if self.run.report.plan is not None:
            self.run.report.plan += [
                Planned(
                    "GalleryChapter",
                    baseline.stash_id,
                    "id",
                    change.before["title"],
                    None,
                    WHY,
                    " ".join(baseline.key),
                )
                for change, baseline in doomed
            ]
            return
        self.run.applied |= {c.entity: MergeResult(c.entity, baseline.key) for c, baseline in doomed}
        done = await destroy(self.store, [change for change, _ in doomed], self.run.recorder)
        for change, _ in doomed:
            del self.run.applied[change.entity]
        gone = {change.entity.id for change in done.applied}
        for failure in done.failed:
            reason = f"Stash refused GalleryChapter: {failure.message[:300]}"
            self.run.report.skip("chapter", failure.entity.id, reason, is_failure=True)
        await self.run.journal.record(m._replace(stash_id="") for _, m in doomed if m.stash_id in gone)

    async def _dropped(self, item: Item, gallery: Gallery) -> AsyncIterator[tuple[Change, Baseline]]:
        """The chapters that we made in a gallery, that stand as we wrote them, and whose post is in the item no more."""
        standing = gallery.chapters if isinstance(gallery.chapters, list) and not gallery.is_new() else []
        carried = {f"{item.id}/{post.id}" for post in item.aggregated}
        for chapter in [one for one in standing if one not in self.run.applied]:
            for baseline in (
                await self.run.journal.baselines_of("GalleryChapter", chapter.id) if self.run.journal else ()
            ):
                is_ours = baseline.key.id.startswith(f"{item.id}/") and baseline.key.id not in carried
                if is_ours and normalize_text(str(chapter.title)) == normalize_text(
                    baseline.last_applied.get("title")
                ):
                    was = {"title": chapter.title, "image_index": chapter.image_index, "gallery": gallery}
                    yield Change(chapter, "destroy", was, {}), baseline
