"""A run over creators: recorded, checked before its first write, creator by creator."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from stash.changes.flush_log import FlushLog
from stash.files.ownership import find_absent_files, find_creator_files
from stash.files.unmatched import UnmatchedFiles
from stash.guards import check_files
from stash.processing.creator_sync import CreatorSync
from stash.processing.survey import CreatorSurvey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.files.local import LocalFile
    from stash.processing.item_processing import ItemProcessing
    from stash.reconcile.merge_result import MergeResult
    from stash.source.items import Creator
    from stash.source.reader import Reader
    from stash.store.entity_types import Entity


class CreatorRun:
    """Runs a processing over creators."""

    def __init__(self, processing: ItemProcessing) -> None:
        self._processing = processing

    @asynccontextmanager
    async def running(self, command: str, creators: Sequence[str]) -> AsyncIterator[None]:
        """Record that a run begins, every batch before it is sent, and how the run ended, however that was."""
        report, journal = self._processing.run.report, self._processing.run.journal
        if journal is None or self._processing.run.options.is_dry:
            yield
            return
        report.header.run = await journal.runs.begin(command, creators)
        log = FlushLog(journal, report.header.run, self._result_of)
        self._processing.flush_log = log
        self._processing.store.record_with(log)
        async with journal.runs.ending(report.header.run, report):
            yield

    def _result_of(self, entity: Entity) -> MergeResult | None:
        return self._processing.work.results.get(entity)

    async def prepare(self, reader: Reader, creators: Sequence[Creator]) -> list[LocalFile]:
        """Check the world before the first write, and learn which of the creators' files Stash has.

        Where Stash lacks some, it scans their folders. Return the files of the creators.

        Raises:
            RefusedError: the source or Stash look wrong. Nothing was written.
        """
        run, store = self._processing.run, self._processing.store
        await CreatorSurvey(store, run).check(reader, creators)
        recorded = set() if run.journal is None else await run.journal.baselines.known_media()
        found = await find_creator_files(reader, run.files, creators, recorded)
        await self._processing.scanner.read(found.new)
        await find_absent_files(reader, run.files, store, creators, recorded)
        unknown = run.files.unknown(found.new)
        if unknown and not (run.options.is_forced or run.options.is_dry):
            check_files(len(unknown), found.owned, run.files.stash_path(unknown[0]))
        self._processing.recorded_media = recorded
        return [*found.all, *found.unusable]

    async def sync_all(
        self, reader: Reader, creators: Sequence[Creator], files: Sequence[LocalFile] = ()
    ) -> None:
        """Sync the creators in turn, on one index of people, studios and tags. Name which of the files have no match."""
        processing = self._processing
        async with processing.store.session():
            sync = CreatorSync(processing)
            for creator in creators:
                await sync.sync(reader, creator)
            unmatched = UnmatchedFiles(
                processing.run.files,
                processing.tally.matched,
                processing.tally.deleted,
                processing.recorded_media,
                is_dry=processing.run.options.is_dry,
                is_narrow=processing.rules.is_narrow,
            )
            processing.run.report.unmatched += await unmatched.find(reader, files)
