"""`StashProcessing`: the mixins as a whole, what is done once a run, and the downloader's door."""

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
from stash.files.paths import PathMap
from stash.files.stash_index import StashFileIndex
from stash.guards import check_files
from stash.identity import Choices, bind
from stash.interpreter import tuned
from stash.journal import Journal
from stash.lock import held
from stash.processing.context import Run
from stash.processing.creator_sync import CreatorProcessing
from stash.processing.ownership import Finding
from stash.processing.survey import CreatorSurvey
from stash.processing.unmatched import Unmatching
from stash.report import Report
from stash.settings import Settings, load_settings
from stash.source.database import Database
from stash.source.reader import Reader
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.downloader import Config, State
    from stash.processing.context import HasStore
    from stash.source.items import Creator

log = logging.getLogger(__name__)


class StashProcessing(CreatorProcessing, CreatorSurvey, Finding, Unmatching):
    """Brings creators into Stash: the five mixins on one store, for the length of a run."""

    def __init__(self, context: HasStore, run: Run | None = None) -> None:
        self.context = context
        self.run = run or Run(Report(), StashFileIndex(PathMap(), []))
        self._background_task: asyncio.Task[None] | None = None
        self._config: Config | None = None
        self._state: State | None = None

    # --- a run ---

    @asynccontextmanager
    async def running(self, command: str, creators: Sequence[str]) -> AsyncIterator[None]:
        """Note that a run begins, every batch before it is sent, and how the run ended, however that was."""
        run = self.run
        if run.journal is None or run.is_dry:
            yield
            return
        run.report.run = await run.journal.begin(command, creators)
        run.recorder = FlushLog(run.journal, run.report.run, lambda entity: run.applied.get(entity))  # noqa: PLW0108 - `applied` is replaced at the end of a part
        self.store.record_with(run.recorder)
        try:
            yield
        except BaseException:
            with suppress(SyncError):
                await run.journal.end(run.report.run, "failed", run.report.summary())
            raise
        await run.journal.end(run.report.run, run.report.outcome, run.report.summary())

    async def prepare(self, reader: Reader, creators: Sequence[Creator]) -> None:
        """Survey the creators, learn which of their files Stash has, and have it scan the folders where it lacks some."""
        await self._survey(reader, creators)
        self._known_media = await self._recorded_media()
        found = await self._files_of(reader, creators, self._known_media)
        await self._read_files(found.new)
        await self._find_absent(reader, creators, self._known_media)
        self.ours = [*found.all, *found.unusable]
        unknown = self.run.files.unknown(found.new)
        if unknown and not (self.run.is_forced or self.run.is_dry):
            check_files(len(unknown), found.owned, self.run.files.stash_path(unknown[0]))

    async def sync_all(self, reader: Reader, creators: Sequence[Creator]) -> None:
        """Sync the creators in turn, on one index of people, studios and tags."""
        async with self.store.window():
            await self.store.preload_index(Tag, Performer, Studio)
            with tuned():
                for creator in creators:
                    await self.sync_creator(reader, creator)
            await self._note_files(reader, self.ours, self._known_media)

    # --- the downloader's door ---

    @classmethod
    def from_config(cls, config: Config, state: State) -> Self:
        """A processor for what the downloader has just downloaded. Nothing is connected yet."""
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
        files = StashFileIndex(settings.paths(), found, unusable=unusable)
        on_disk = {file.media_id for file in files.on_host if file.media_id is not None}
        await bind(journal, self.store.connection, self.store.identity[0], on_disk, Choices())
        self.run = Run(Report(), files, journal)
        self.run.patience, self.run.rules = settings.patience, settings.rules()
        self.run.scan_generate = settings.scan_generate
        async with self.running("sync", [creator.username]):
            await self.prepare(reader, [creator])
            await self.sync_all(reader, [creator])

    async def cleanup(self) -> None:
        """Wait for what is under way, and close what was opened."""
        if self._background_task is not None and not self._background_task.done():
            self._background_task.cancel()
            await asyncio.gather(self._background_task, return_exceptions=True)
        if isinstance(self.context, StashContext):
            await self.context.close(force=True)
