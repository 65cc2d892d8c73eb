"""Download, ingest, scan, sync: the whole way, creator by creator."""

from __future__ import annotations

import logging
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stash.choices import chosen_creators, refuse_unknown, unknown_in_settings
from stash.concurrency import TaskPipeline, in_background
from stash.download_command import download
from stash.errors import UsageError
from stash.files.local import looked_through
from stash.files.stash_index import StashFileIndex
from stash.guards import check_any_source
from stash.identity import Choices, bind
from stash.interpreter import tuned
from stash.journal import Journal, open_state
from stash.journal.upkeep import about_copy
from stash.processing import StashProcessing
from stash.processing.context import Run
from stash.processing.unmatched import no_files_reason
from stash.reach import reaching
from stash.report import Report
from stash.source.database import Database
from stash.source.reader import Reader
from stash.undo.execute import UndoRun
from stash.undo.select_run import chosen_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    import httpx

    from metadata.ingest import IngestResult
    from stash.settings import Settings
    from stash.source.items import Creator
    from stash.store import StashContext

log = logging.getLogger(__name__)


class Progress(Protocol):
    """Where a run tells how far it is."""

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins. `total` is how many parts it has, where that is known."""
        ...

    def advance(self, amount: int = 1) -> None:
        """So many parts more are done."""
        ...

    def finish(self) -> None:
        """The step is done."""
        ...


@dataclass(frozen=True)
class SyncOptions:
    """What to sync, and how: no creators means every one with downloaded media.

    `words` are those of `--only` and `--skip`. With `scan_first` a dry run has Stash scan new files. `server` is what
    the journal calls a Stash whose address is another one each time. `is_forced` goes on where the world looks wrong,
    `recreate` makes again what was deleted in Stash, `redo` what was taken back by undo, `is_restored` what a restored
    backup of Stash has lost.
    """

    creators: tuple[str, ...] = ()
    dry_run: bool = False
    scan: bool = True
    scan_first: bool = False
    words: tuple[str, ...] = ()
    overwrite: frozenset[str] = field(default_factory=frozenset)
    server: str | None = None
    is_forced: bool = False
    recreate: bool = False
    redo: bool = False
    is_restored: bool = False


async def sync(
    settings: Settings,
    options: SyncOptions,
    progress: Progress,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Report:
    """Bring what the metadata database and the downloads hold into Stash.

    Raises:
        SyncError: nothing could be done, or no more; what was done is remembered.
        MetadataError: the metadata database cannot be read.
    """
    with tuned():
        return await _sync(settings, options, progress, transport)


async def _sync(
    settings: Settings,
    options: SyncOptions,
    progress: Progress,
    transport: httpx.AsyncBaseTransport | None,
) -> Report:
    began = time.monotonic()
    files = _files(settings, progress)
    report = Report(plan=[] if options.dry_run else None)
    async with (
        _database(settings, options) as database,
        reaching(settings, progress, transport, is_dry=options.dry_run) as context,
    ):
        reader = Reader(database, with_facts=settings.rules().wants_facts)
        await refuse_unknown(reader, options.words)
        report.warnings += await unknown_in_settings(reader, settings)
        async with in_background(context.get_client()):
            creators, is_bare = await chosen_creators(reader, options.creators, settings.rules())
        on_disk = {file.media_id for file in files.on_host if file.media_id is not None}
        async with _journal(settings, database, context, options, on_disk) as journal:
            if journal.copied is not None:
                report.notes.append(about_copy(journal.copied))
            if is_bare and not options.is_forced:
                check_any_source(await journal.count())
            run = Run(
                report,
                files,
                journal,
                is_dry=options.dry_run,
                overwrite=options.overwrite,
                is_forced=options.is_forced,
                recreate=options.recreate,
                redo=options.redo,
                rules=settings.rules(),
                may_scan=options.scan_first or (options.scan and not options.dry_run),
                scan_generate=settings.scan_generate,
                patience=settings.patience,
                on_items=progress.advance,
            )
            processing = StashProcessing(context, run)
            async with processing.running("sync", [creator.username for creator in creators]):
                await _prepare(processing, reader, creators, progress)
                if idle := no_files_reason(processing.ours, files.on_host):
                    report.skip("downloads", str(settings.downloads), idle)
                await _sync_creators(processing, reader, creators, progress)
                for row in () if options.creators else await reader.problems():
                    report.skip(row.table, row.key, row.reason, is_failure=row.is_malformed)
                report.requests = vars(context.store.requests).copy()
                report.seconds = time.monotonic() - began
            if not options.dry_run:
                await journal.retain(settings.keep_runs)
    return report


@dataclass(frozen=True)
class SyncSource:
    """What comes before a sync: a command that downloads, and API payloads, files or folders. Or nothing."""

    download_command: str | None = None
    payloads: tuple[Path, ...] = ()


async def run(settings: Settings, options: SyncOptions, progress: Progress, source: SyncSource) -> Report:
    """Download with a command of the user's (or not at all), ingest payloads (or none), then sync.

    A dry run plans the sync alone, of what there is already.

    Raises:
        UsageError: the command failed.
    """
    if source.download_command is not None and not options.dry_run:
        progress.start("download")
        await download(source.download_command)
        progress.finish()
    ingested = (
        await ingest(settings, source.payloads, progress) if source.payloads and not options.dry_run else None
    )
    report = await sync(settings, options, progress)
    for failure in ingested.failures if ingested is not None else ():
        report.skip("payload", "", str(failure), is_failure=True)
    return report


async def undo(
    settings: Settings,
    named: str,
    options: SyncOptions,
    progress: Progress | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> tuple[int, Report]:
    """Take back what a run did, by its number or `last`. Return the number and what was done.

    Raises:
        UsageError: there is no such run, or what it changed is not kept any more.
        RefusedError: it was with another Stash.
    """
    report = Report(plan=[] if options.dry_run else None)
    async with (
        _database(settings, options) as database,
        reaching(settings, progress, transport, is_dry=options.dry_run) as context,
    ):
        await context.get_client()
        async with _journal(settings, database, context, options) as journal:
            run = await chosen_run(journal, named)
            with tuned():
                await UndoRun(context.store, journal, report, is_forced=options.is_forced).undo(run)
            if not options.dry_run:
                await journal.retain(settings.keep_runs)
    return run.id, report


async def ingest(settings: Settings, payloads: Sequence[Path], progress: Progress) -> IngestResult:
    """Load payloads into a database of our own, made where there is none."""
    from metadata.ingest import ingest_paths  # noqa: PLC0415 - only `ingest` and `run` need it
    from metadata.making import open_or_make  # noqa: PLC0415 - likewise

    left = 0

    def on_file(still: int) -> None:
        nonlocal left
        if not left:
            progress.start("ingest", still)
        progress.advance(max(0, left - still))
        left = still

    async with await open_or_make(_address(settings)) as database:
        result = await ingest_paths(database, payloads, on_file)
    if left:
        progress.advance(left)
        progress.finish()
    return result


def _files(settings: Settings, progress: Progress) -> StashFileIndex:
    if settings.downloads is None:
        raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
    progress.start("files")
    found, unusable = looked_through(settings.downloads)
    progress.finish()
    return StashFileIndex(settings.paths(), found, unusable=unusable)


def _address(settings: Settings) -> str:
    if settings.database is None:
        raise UsageError("No metadata database is named; set STASH_SYNC_DATABASE_URL or give --database.")
    return settings.database


@asynccontextmanager
async def _database(settings: Settings, options: SyncOptions) -> AsyncIterator[Database]:
    database = await Database.open(
        _address(settings), read_only=options.dry_run, busy_timeout=settings.patience
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _journal(
    settings: Settings,
    database: Database,
    context: StashContext,
    options: SyncOptions,
    on_disk: Collection[int] = (),
) -> AsyncIterator[Journal]:
    async with AsyncExitStack() as stack:
        if options.dry_run:
            journal = await stack.enter_async_context(
                Journal.reading(database, settings.state, settings.patience)
            )
        else:
            state = None
            if settings.state is not None:
                state = await stack.enter_async_context(
                    await open_state(settings.state, create=True, busy_timeout=settings.patience)
                )
            journal = await Journal.open(database, state=state)
        address = options.server or context.store.identity[0]
        choices = Choices(options.is_restored, options.recreate, options.is_forced)
        await bind(journal, context.store.connection, address, on_disk, choices)
        yield journal


async def _prepare(
    processing: StashProcessing, reader: Reader, creators: Sequence[Creator], progress: Progress
) -> None:
    """Learn which files Stash has, and read the first window meanwhile. A scan is a step of its own, in percent."""
    done = -1

    def on_scan(part: float) -> None:
        nonlocal done
        if done < 0:
            progress.finish()
            progress.start("job", 100)
            done = 0
        reached = int(100 * min(1.0, max(0.0, part)))
        progress.advance(max(0, reached - done))
        done = max(done, reached)

    progress.start("scan")
    processing.run.on_scan = on_scan
    async with TaskPipeline() as ahead:
        for creator in creators[:1]:
            await ahead.start(reader.begin(creator))
        await processing.prepare(reader, creators)
    processing.run.on_scan = lambda _: None
    progress.finish()


async def _sync_creators(
    processing: StashProcessing, reader: Reader, creators: Sequence[Creator], progress: Progress
) -> None:
    progress.start("sync", await reader.estimate(creators))
    await processing.sync_all(reader, creators)
    progress.finish()
