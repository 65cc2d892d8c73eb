"""A sync that looks at all that may have changed: survey everything, check it, then bring creator after creator into Stash."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.choices import chosen_creators, refuse_unknown, unknown_in_settings
from stash.concurrency import TaskPipeline, in_background
from stash.files.stash_index import StashFileIndex
from stash.files.unmatched import no_files_reason
from stash.guards import check_any_source
from stash.journal.upkeep import about_copy
from stash.look.session import Ending, remember
from stash.opening import find_files, open_journal
from stash.processing import StashProcessing
from stash.processing.context import RunContext, RunOptions
from stash.reach import open_stash
from stash.report import Report
from stash.source.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from stash.files.local import LocalFile
    from stash.look.session import Seen
    from stash.opening import Progress, SyncOptions
    from stash.settings import Settings
    from stash.source.database import Database
    from stash.source.items import Creator


@dataclass(frozen=True)
class Session:
    """The choices of a sync, and how to reach Stash. `asked` counts the requests before it. `transport` is for tests."""

    settings: Settings
    options: SyncOptions
    progress: Progress
    transport: httpx.AsyncBaseTransport | None
    began: float
    asked: int = 0

    @property
    def seconds(self) -> float:
        """The seconds since the session began."""
        return time.monotonic() - self.began


async def bring(session: Session, seen: Seen, database: Database) -> Report:
    """Look at all that may have changed, and bring it into Stash."""
    settings, options, progress = session.settings, session.options, session.progress
    downloads = seen.downloads or find_files(settings, progress)
    files = StashFileIndex(settings.paths(), downloads.files, unusable=downloads.unusable)
    report = Report(plan=[] if options.dry_run else None)
    async with open_stash(settings, progress, session.transport, is_dry=options.dry_run) as context:
        reader = Reader(database, with_facts=settings.rules().wants_facts)
        await refuse_unknown(reader, options.words)
        report.warnings += await unknown_in_settings(reader, settings)
        async with in_background(context.get_client()):
            creators, is_bare = await chosen_creators(reader, options.creators, settings.rules())
        on_disk = {file.media_id for file in files.on_host if file.media_id is not None}
        async with open_journal(settings, database, context, options, on_disk) as (journal, marks):
            if journal.copied is not None:
                report.notes.append(about_copy(journal.copied))
            if is_bare and not options.is_forced:
                check_any_source(await journal.baselines.count())
            scan_progress = ScanProgress(progress)
            run_options = _run_options(session, scan_progress, is_partial=seen.is_partial(marks))
            processing = StashProcessing(context, RunContext(report, files, journal, run_options))
            async with processing.running("sync", [creator.username for creator in creators]):
                found = await _prepare(processing, reader, creators, scan_progress)
                if idle := no_files_reason(found, files.on_host):
                    report.skip("downloads", str(settings.downloads), idle)
                progress.start("sync", await reader.estimate(creators))
                await processing.sync_all(reader, creators, found)
                progress.finish()
                for row in () if options.creators else await reader.problems():
                    report.skip(row.table, row.key, row.reason, is_failure=row.is_malformed)
                ending = Ending(
                    context.store.connection.query, marks, processing.tally.is_open, run_options.is_partial
                )
                await remember(seen, journal, report, ending)
                report.header.requests = vars(context.store.requests).copy()
                report.header.requests["reads"] += session.asked
                report.header.seconds = session.seconds
            if not options.dry_run:
                await journal.log.retain(settings.keep_runs)
    return report


def _run_options(session: Session, scan_progress: ScanProgress, *, is_partial: bool) -> RunOptions:
    settings, options = session.settings, session.options
    return RunOptions(
        is_dry=options.dry_run,
        overwrite=options.overwrite,
        rules=settings.rules(),
        is_forced=options.is_forced,
        recreate=options.recreate,
        redo=options.redo,
        is_partial=is_partial,
        may_scan=options.scan_first or (options.scan and not options.dry_run),
        scan_generate=settings.scan_generate,
        patience=settings.patience,
        on_items=session.progress.advance,
        on_scan=scan_progress.advance,
    )


async def _prepare(
    processing: StashProcessing, reader: Reader, creators: Sequence[Creator], scan_progress: ScanProgress
) -> list[LocalFile]:
    """Check the world and learn which files Stash has, and read the first page meanwhile."""
    with scan_progress:
        async with TaskPipeline() as ahead:
            for creator in creators[:1]:
                await ahead.start(reader.begin(creator))
            return await processing.prepare(reader, creators)


class ScanProgress:
    """Shows a scan as a step of its own, in percent, while files are looked up."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._is_shown = False
        self._done = -1

    def __enter__(self) -> None:
        self._is_shown = True
        self._progress.start("scan")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._is_shown = False
        if kind is None:
            self._progress.finish()

    def advance(self, part: float) -> None:
        """Show how much of the scan is done, from 0 to 1."""
        if not self._is_shown:
            return
        if self._done < 0:
            self._progress.finish()
            self._progress.start("job", 100)
            self._done = 0
        reached = int(100 * min(1.0, max(0.0, part)))
        self._progress.advance(max(0, reached - self._done))
        self._done = max(self._done, reached)
