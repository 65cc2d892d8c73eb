"""Record what Stash confirmed of a chunk, count it, and keep the chunk's fingerprint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.concurrency import gather_or_cancel
from stash.journal import ChunkFingerprint
from stash.mapping.keys import SourceKey
from stash.processing.duplicates import DuplicateResolver
from stash.processing.tally import PartKeys
from stash.reconcile.fingerprint import signature_of, signatures_of_orders, stash_digest
from stash.store.library_internals import is_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.journal import Outcome
    from stash.processing.base import StashProcessingBase
    from stash.processing.chunk import ChunkWork, FlushBatch
    from stash.reconcile.chunk import Chunk
    from stash.report import Skipped
    from stash.store.entity_types import Entity

IGNORED = "Stash says that it wrote {} and shows another value; set it by hand in Stash, or leave it"

_PICTURE = frozenset({"image"})


class ChunkRecorder:
    """Records batches in the journal and, at the end of a chunk, its fingerprint."""

    def __init__(self, processing: StashProcessingBase) -> None:
        self._processing = processing
        self._run = processing.run
        self._duplicates = DuplicateResolver(processing)

    async def record(self, batch: FlushBatch, outcomes: Sequence[Outcome]) -> None:
        """Record what Stash has now. What was refused is not recorded, so that the next run tries again."""
        if self._run.journal is None:
            return
        baselines = self._processing.work.baselines
        refused: dict[Entity, set[str]] = {}
        for failure in self._processing.work.flushed.refused.failed:
            refused.setdefault(failure.entity, set()).update(failure.change.after)
        changed = []
        for result in batch.results.values():
            if not is_new(result.entity) and not result.is_left:
                before = baselines.get(result.entity.__type_name__, result.key)
                after = result.baseline(before, refused.get(result.entity, ()))
                if after != before or self._run.options.redo:
                    changed.append(after)
        id_writebacks = [
            (table, row, int(entity.id))
            for table, row, entity in batch.id_writebacks
            if not is_new(entity) and refused.get(entity, _PICTURE) <= _PICTURE
        ]
        if changed or id_writebacks or outcomes:
            await self._run.journal.record(changed, id_writebacks, outcomes)
        baselines.update(changed)

    async def finish(self, chunk: Chunk, part: Chunk, earlier: ChunkFingerprint | None) -> None:
        """Remove duplicates of what was created, count what was decided, and record the fingerprint if it changed.

        Args:
            chunk: the whole chunk.
            part: what was decided of it.
            earlier: the fingerprint that was recorded before.
        """
        work = self._processing.work
        self.report_refused()
        is_duplicate, fingerprint = await gather_or_cancel(
            self._duplicates.resolve(work.flushed.created), self._fingerprint(chunk, part)
        )
        if part is not chunk and earlier is not None:
            fingerprint = _joined(earlier, fingerprint, PartKeys.of(part, work.results))
        if is_duplicate or work.flushed.refused.failed:
            fingerprint = replace(fingerprint, source_digest="")
        self._processing.tally.is_open |= not fingerprint.source_digest
        if self._run.journal is not None and fingerprint != earlier:
            await self._run.journal.record((), fingerprints=[fingerprint])
        self._processing.tally.count_results(work.results, work.flushed.created, work.flushed.changed)
        self._run.report.links_added += work.flushed.links_added

    def report_refused(self) -> None:
        """Report what Stash refused since the chunk began."""
        flushed = self._processing.work.flushed.refused
        for failure in flushed.failed:
            kind, key = self._key_of(failure.entity)
            reason = f"Stash refused {failure.entity.__type_name__}: {failure.message[:500]}"
            self._run.report.skip(kind, key, reason, is_failure=True)
        for entity, fields in flushed.ignored:
            self._run.report.skip(*self._key_of(entity), IGNORED.format(" and ".join(fields)))

    def _key_of(self, entity: Entity) -> SourceKey:
        result = self._processing.work.results.get(entity)
        return result.key if result is not None else SourceKey(entity.__type_name__, entity.id)

    async def _fingerprint(self, chunk: Chunk, part: Chunk) -> ChunkFingerprint:
        """Return the fingerprint of a chunk. It has no digest of the source where something is left to do.

        It is worked out while Stash is asked for duplicates. The ids are kept in every case, for the survey of the
        next run.
        """
        work = self._processing.work
        skipped = work.mark.skipped_since(self._run.report)
        open_media = any(
            media not in self._processing.tally.matched and any(file.kind for file in files)
            for media, files in part.files.items()
        )
        is_open = open_media or any(one.is_failure for one in skipped) or bool(self._run.options.overwrite)
        entities = [result.entity for result in work.results.values()]
        ids: dict[str, list[str]] = {}
        for entity in entities:
            if not is_new(entity):
                ids.setdefault(entity.__type_name__, []).append(entity.id)
        orders = {one: work.image_orders[one] for one in _with_chapters(entities) & work.image_orders.keys()}
        return ChunkFingerprint(
            account=chunk.creator.id,
            number=chunk.number,
            source_digest="" if is_open else chunk.source_digest,
            stash_digest=stash_digest([*map(signature_of, entities), *signatures_of_orders(orders)]),
            ids=ids,
            outcome=self._outcome(work, skipped),
            items=chunk.item_digests,
            unattached_digest=chunk.unattached_digest,
        )

    def _outcome(self, work: ChunkWork, skipped: Sequence[Skipped]) -> dict[str, Any]:
        kept = [[r.entity.__type_name__, r.entity.id, name] for r in work.results.values() for name in r.kept]
        return {
            "kept": kept,
            "skipped": [[one.kind, one.id, one.reason] for one in skipped],
            "unattached": self._run.report.unattached - work.mark.unattached,
        }


def _joined(earlier: ChunkFingerprint, of_part: ChunkFingerprint, decided: PartKeys) -> ChunkFingerprint:
    """Return the fingerprint of a chunk of which a part was decided."""
    names = earlier.ids.keys() | of_part.ids.keys()
    ids = {
        name: [*dict.fromkeys([*earlier.ids.get(name, ()), *of_part.ids.get(name, ())])]
        for name in sorted(names)
    }
    left = decided.left_of(earlier.outcome)
    outcome = {name: [*left[name], *of_part.outcome[name]] for name in ("kept", "skipped")}
    outcome["unattached"] = left["unattached"]
    return replace(of_part, stash_digest="", ids=ids, outcome=outcome)


def _with_chapters(entities: Sequence[Entity]) -> set[str]:
    """Return the ids of the galleries of the chapters among these entities.

    A chapter that stood in Stash before is named by its gallery alone.
    """
    chapters = {one for one in entities if isinstance(one, GalleryChapter)}
    made_in = {one.gallery.id for one in chapters if isinstance(one.gallery, Gallery)}
    galleries = [(one.id, one.chapters) for one in entities if isinstance(one, Gallery)]
    listing = {
        key for key, listed in galleries if isinstance(listed, list) and not chapters.isdisjoint(listed)
    }
    return made_in | listing
