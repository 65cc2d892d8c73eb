"""`StashProcessing`: a run over creators, and the interface for the downloader."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, Self

from stash_graphql_client.types import Performer, Studio, Tag

from stash.changes.flush_log import FlushLog
from stash.downloader import verifies
from stash.errors import SyncError
from stash.files.ownership import find_absent_files, find_creator_files
from stash.files.unmatched import UnmatchedFiles
from stash.guards import check_files
from stash.logging import processing_logger
from stash.processing.creator_sync import CreatorSync
from stash.processing.downloader_session import DownloaderSession
from stash.processing.item_processing import ItemProcessing
from stash.processing.survey import CreatorSurvey
from stash.source.errors import MetadataError
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.downloader import Config, DownloaderDatabase, State
    from stash.files.local import LocalFile
    from stash.mapping.rules import Kind
    from stash.processing.context import HasStore, RunContext
    from stash.reconcile.merge_result import MergeResult
    from stash.source.items import Creator
    from stash.source.reader import Reader
    from stash.store.entity_types import Entity


class StashProcessing(ItemProcessing):
    """Brings creators into Stash: the five mixins on one store, for the length of a run."""

    def __init__(self, context: HasStore, run: RunContext | None = None) -> None:
        super().__init__(context, run)
        self._background_task: asyncio.Task[None] | None = None
        self.config: Config | None = None
        self.state: State | None = None

    # --- a run ---

    @asynccontextmanager
    async def running(self, command: str, creators: Sequence[str]) -> AsyncIterator[None]:
        """Record that a run begins, every batch before it is sent, and how the run ended, however that was."""
        report, journal = self.run.report, self.run.journal
        if journal is None or self.run.options.is_dry:
            yield
            return
        report.header.run = await journal.runs.begin(command, creators)
        self.flush_log = FlushLog(journal, report.header.run, self._result_of)
        self.store.record_with(self.flush_log)
        try:
            yield
        except BaseException:
            with suppress(SyncError):
                await journal.runs.end(report.header.run, "failed", report.summary())
            raise
        await journal.runs.end(report.header.run, report.header.outcome, report.summary())

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
        processor = cls(StashContext(config.stash_context_conn, verifies(config)))
        processor.config, processor.state = config, state
        return processor

    @property
    def database(self) -> DownloaderDatabase | None:
        """Return the downloader's database object."""
        return self.config._database if self.config is not None else None  # noqa: SLF001 - the downloader's own name

    async def start_creator_processing(self) -> None:
        """Sync the creator of the state in a task of its own, which the downloader waits for.

        The task raises the error that ended it. It leaves the downloader's list of tasks when it is done.
        """
        config, session = self._session()
        if config.stash_context_conn is None:
            processing_logger.warning("Stash: no Stash is configured; nothing was synced.")
            return
        self._background_task = asyncio.create_task(self._process_in_background(session))
        tasks = config.get_background_tasks()
        tasks.append(self._background_task)
        self._background_task.add_done_callback(partial(_remove, tasks))

    async def process_creator_incremental(self, paths: Sequence[str] | None = None) -> None:  # noqa: ARG002 - the downloader's signature
        """Sync the creator of the state now. An outage is one sentence in the log, and the next pass goes on from there.

        The downloader's daemon calls this again and again, and closes nothing. So the connection is closed at the end,
        unless it was open before.
        """
        config, session = self._session()
        if config.stash_context_conn is None:
            return
        was_open = isinstance(self.context, StashContext) and self.context.is_open
        try:
            await session.sync()
        except (SyncError, MetadataError) as error:
            processing_logger.warning(f"Stash: {error}")
        finally:
            if isinstance(self.context, StashContext) and not was_open:
                await self.context.close(force=True)

    async def process_creator_posts(
        self,
        account: HasUsername,
        performer: Performer | None = None,  # noqa: ARG002 - the guide's signature
        studio: Studio | None = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Sync the posts of an account. Its performer and studio are found by themselves."""
        await self._process_kinds(account, "post")

    async def process_creator_messages(
        self,
        account: HasUsername,
        performer: Performer | None = None,  # noqa: ARG002 - the guide's signature
        studio: Studio | None = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Sync the messages of an account. Its performer and studio are found by themselves."""
        await self._process_kinds(account, "message")

    async def _process_kinds(self, account: HasUsername, kind: Kind) -> None:
        _, session = self._session()
        await session.sync(creator=account.username, kinds=frozenset({kind}))

    async def _process_in_background(self, session: DownloaderSession) -> None:
        await session.sync()

    def _session(self) -> tuple[Config, DownloaderSession]:
        assert self.config is not None  # noqa: S101 - made by from_config
        assert self.state is not None  # noqa: S101 - likewise
        return self.config, DownloaderSession(self, self.config, self.state)

    async def cleanup(self) -> None:
        """Wait for what is under way, and close what was opened."""
        if self._background_task is not None and not self._background_task.done():
            self._background_task.cancel()
            await asyncio.gather(self._background_task, return_exceptions=True)
        if isinstance(self.context, StashContext):
            await self.context.close(force=True)


class HasUsername(Protocol):
    """An account, as the reader or the downloader has it."""

    @property
    def username(self) -> str:
        """The username."""
        ...


def _remove(tasks: list[asyncio.Task[Any]], task: asyncio.Task[Any]) -> None:
    with suppress(ValueError):  # the downloader may have emptied its list
        tasks.remove(task)
