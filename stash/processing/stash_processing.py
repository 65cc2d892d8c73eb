"""`StashProcessing`: a run over creators, and the interface for the downloader."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stash_graphql_client.types import Performer, Studio, Tag

from stash.changes.flush_log import FlushLog
from stash.errors import SyncError
from stash.files.local import looked_through
from stash.files.ownership import find_absent_files, find_creator_files
from stash.files.stash_index import StashFileIndex
from stash.files.unmatched import UnmatchedFiles
from stash.guards import check_files
from stash.identity import Choices, bind
from stash.journal import Journal
from stash.lock import held
from stash.processing.context import RunContext, RunOptions
from stash.processing.creator_sync import CreatorSync
from stash.processing.item_processing import ItemProcessing
from stash.processing.survey import CreatorSurvey
from stash.report import Report
from stash.settings import Settings, load_settings
from stash.source.database import Database
from stash.source.reader import Reader
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.downloader import Config, State
    from stash.files.local import LocalFile
    from stash.processing.context import HasStore
    from stash.reconcile.merge_result import MergeResult
    from stash.source.items import Creator
    from stash.store.entity_types import Entity

log = logging.getLogger(__name__)


class StashProcessing(ItemProcessing):
    """Brings creators into Stash: the five mixins on one store, for the length of a run."""

    def __init__(self, context: HasStore, run: RunContext | None = None) -> None:
        super().__init__(context, run)
        self._background_task: asyncio.Task[None] | None = None
        self._config: Config | None = None
        self._state: State | None = None

    # --- a run ---

    @asynccontextmanager
    async def running(self, command: str, creators: Sequence[str]) -> AsyncIterator[None]:
        """Record that a run begins, every batch before it is sent, and how the run ended, however that was."""
        report, journal = self.run.report, self.run.journal
        if journal is None or self.run.options.is_dry:
            yield
            return
        report.run = await journal.runs.begin(command, creators)
        self.flush_log = FlushLog(journal, report.run, self._result_of)
        self.store.record_with(self.flush_log)
        try:
            yield
        except BaseException:
            with suppress(SyncError):
                await journal.runs.end(report.run, "failed", report.summary())
            raise
        await journal.runs.end(report.run, report.outcome, report.summary())

    def _result_of(self, entity: Entity) -> MergeResult | None:
        return self.work.results.get(entity)

    async def prepare(self, reader: Reader, creators: Sequence[Creator]) -> list[LocalFile]:
        """Check the world before the first write, and learn which of the creators' files Stash has.

        Where Stash lacks some, it scans their folders. Return the files of the creators.

        Raises:
            RefusedError: the source or Stash look wrong. Nothing was written.
        """
        run = self.run
        await CreatorSurvey(self.store, run).check(reader, creators)
        recorded = set() if run.journal is None else await run.journal.baselines.known_media()
        found = await find_creator_files(reader, run.files, creators, recorded)
        await self.scanner.read(found.new)
        await find_absent_files(reader, run.files, self.store, creators, recorded)
        unknown = run.files.unknown(found.new)
        if unknown and not (run.options.is_forced or run.options.is_dry):
            check_files(len(unknown), found.owned, run.files.stash_path(unknown[0]))
        self._recorded_media = recorded
        return [*found.all, *found.unusable]

    async def sync_all(
        self, reader: Reader, creators: Sequence[Creator], files: Sequence[LocalFile] = ()
    ) -> None:
        """Sync the creators in turn, on one index of people, studios and tags. Name which of the files have no match."""
        async with self.store.session():
            await self.store.preload_index(Tag, Performer, Studio)
            sync = CreatorSync(self)
            for creator in creators:
                await sync.sync(reader, creator)
            unmatched = UnmatchedFiles(
                self.run.files,
                self.tally.matched,
                self.tally.deleted,
                self._recorded_media,
                is_dry=self.run.options.is_dry,
                is_narrow=self.rules.is_narrow,
            )
            self.run.report.unmatched += await unmatched.find(reader, files)

    # --- the interface for the downloader ---

    @classmethod
    def from_config(cls, config: Config, state: State) -> Self:
        """Return a processor for what the downloader has just downloaded. Nothing is connected yet."""
        processor = cls(StashContext(config.stash_context_conn))
        processor._config = config
        processor._state = state
        return processor

    async def start_creator_processing(self) -> None:
        """Sync the creator of the state in a task of its own, which the downloader waits for."""
        assert self._config is not None  # noqa: S101 - made by from_config
        if self._config.stash_context_conn is None:
            log.warning("stash.off", extra={"reason": "no Stash is configured; nothing was synced"})
            return
        self._background_task = asyncio.create_task(self._process_in_background())
        self._config.get_background_tasks().append(self._background_task)

    async def process_creator_incremental(self, paths: Sequence[str] | None = None) -> None:
        """Sync the creator of the state now. `paths` are files that were just downloaded."""
        await self._process_in_background(paths)

    async def _process_in_background(self, paths: Sequence[str] | None = None) -> None:
        assert self._config is not None  # noqa: S101 - made by from_config
        assert self._state is not None  # noqa: S101
        settings = load_settings({})
        downloaded = self._config._database  # noqa: SLF001 - the downloader's own name
        address = downloaded.db_url if downloaded is not None else settings.database or ""
        async with held(address, settings.state):
            if isinstance(self.context, StashContext):
                self.context.wait(settings.patience)
                await self.context.get_client()
            async with await Database.open(address, busy_timeout=settings.patience) as database:
                await self._process_state(database, settings, self._state)
        log.info("creator.synced", extra={"paths": len(paths or ()), **self.run.report.summary()["requests"]})

    async def _process_state(self, database: Database, settings: Settings, state: State) -> None:
        reader = Reader(database)
        creator = await reader.creator(str(state.creator_id or state.creator_name))
        folder = state.base_path or state.download_path
        root = folder.parent if folder is not None else settings.downloads or Path()
        journal = await Journal.open(database)
        found, unusable = looked_through(root)
        index = StashFileIndex(settings.paths(), found, unusable=unusable)
        on_disk = {file.media_id for file in index.on_host if file.media_id is not None}
        await bind(journal, self.store.connection, self.store.identity[0], on_disk, Choices())
        options = RunOptions(
            rules=settings.rules(), patience=settings.patience, scan_generate=settings.scan_generate
        )
        self.begin(RunContext(Report(), index, journal, options))
        async with self.running("sync", [creator.username]):
            files = await self.prepare(reader, [creator])
            await self.sync_all(reader, [creator], files)

    async def cleanup(self) -> None:
        """Wait for what is under way, and close what was opened."""
        if self._background_task is not None and not self._background_task.done():
            self._background_task.cancel()
            await asyncio.gather(self._background_task, return_exceptions=True)
        if isinstance(self.context, StashContext):
            await self.context.close(force=True)
