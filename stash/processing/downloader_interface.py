"""A run in the downloader's own process: over the creator of its state, on the connection that it holds."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from stash.downloader import is_rehearsal, settings_of
from stash.downloader_memory import save_attachments
from stash.files.local import list_downloads
from stash.files.stash_index import StashFileIndex
from stash.files.unmatched import no_files_reason
from stash.identity import Choices, bind
from stash.journal import Journal
from stash.lock import held
from stash.logging import processing_logger
from stash.look.session import Ending, LookKey, remember, see
from stash.mapping.keys import performer_key
from stash.processing.context import RunContext, RunOptions
from stash.processing.creator_run import CreatorRun
from stash.processing.flush import Flusher
from stash.processing.preload import ChunkPreloader
from stash.processing.record import ChunkRecorder
from stash.report import Report, counted
from stash.source.database import Database
from stash.source.reader import Reader
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stash_graphql_client.types import Performer

    from stash.downloader import Config, State
    from stash.mapping.rules import Kind
    from stash.processing.item_processing import ItemProcessing
    from stash.settings import Settings
    from stash.source.items import Creator


class DownloaderInterface:
    """Runs for the downloader, as often as it calls, and what it is told of each.

    Args:
        processing: the processor of these runs.
        config: the downloader's configuration.
        state: says whose content was downloaded.
    """

    def __init__(self, processing: ItemProcessing, config: Config, state: State) -> None:
        self._processing = processing
        self._config = config
        self._state = state

    async def sync(self, kinds: frozenset[Kind] | None = None, account: int | None = None) -> None:
        """Sync the creator, or another account. `kinds` are the kinds of items, by default those of the settings.

        Raises:
            SyncError: nothing could be done, or no more. What was done is remembered.
            MetadataError: the metadata database cannot be read.
        """
        processing = self._processing
        async with self._run(kinds, account) as (reader, creator):
            files = await CreatorRun(processing).prepare(reader, [creator])
            if idle := no_files_reason(files, processing.run.files.on_host):
                processing.run.report.skip("downloads", creator.username, idle)
            await CreatorRun(processing).sync_all(reader, [creator], files)
        if is_rehearsal(self._config):
            _tell_of_splits(processing.run.files)

    async def sync_people(self) -> tuple[Creator, Performer | None]:
        """Sync the performer and the studio of the creator, and nothing else. The performer may be deleted in Stash."""
        processing = self._processing
        async with self._run(frozenset(), None) as (_, creator), processing.store.session():
            await ChunkPreloader(processing).load_people([creator])
            await processing.sync_account(creator)
            flusher = Flusher(processing)
            await flusher.flush()
            recorder = ChunkRecorder(processing)
            await recorder.record(processing.take_batch(), flusher.outcomes())
            recorder.report_refused()
            work = processing.work
            processing.tally.count_results(work.results, work.flushed.created, work.flushed.changed)
        return creator, processing.cache.performers.get(performer_key(creator))

    @asynccontextmanager
    async def _run(
        self, kinds: frozenset[Kind] | None, account: int | None
    ) -> AsyncIterator[tuple[Reader, Creator]]:
        """Begin a run, and tell the downloader how it ended."""
        settings = settings_of(self._config, self._state)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(held(settings.database or "", settings.state))
            await self._connect(settings)
            await save_attachments(self._config._database)  # noqa: SLF001 - the downloader's own name
            opened = await Database.open(settings.database or "", busy_timeout=settings.patience)
            database = await stack.enter_async_context(opened)
            reader = Reader(database, with_facts=settings.rules().wants_facts)
            creator = await reader.creator(str(account or self._state.creator_id or self._state.creator_name))
            await stack.enter_async_context(self._begin(settings, database, creator, kinds))
            yield reader, creator
        _tell(self._processing.run.report, creator)

    async def _connect(self, settings: Settings) -> None:
        context = self._processing.context
        if isinstance(context, StashContext):
            context.prepare(settings.patience, settings.ca_file)
            await context.get_client()
            context.renew_store()

    @asynccontextmanager
    async def _begin(
        self, settings: Settings, database: Database, creator: Creator, kinds: frozenset[Kind] | None
    ) -> AsyncIterator[None]:
        """Record a run on the files that lie in the downloads."""
        processing, store = self._processing, self._processing.store
        list_files = partial(list_downloads, settings.downloads)  # type: ignore[arg-type]  # settings_of knows one
        key = LookKey(store.identity[0], [creator.username], is_full=kinds is not None)
        seen = await see(settings, key, database, list_files)
        found = seen.downloads or list_files()
        index = StashFileIndex(settings.paths(), found.files, unusable=found.unusable)
        on_disk = {file.media_id for file in index.on_host if file.media_id is not None}
        began, before = time.monotonic(), vars(store.requests).copy()
        async with Journal.writing(database, settings.state, settings.patience) as journal:
            bound = await bind(journal, store.connection, store.identity[0], on_disk, Choices())
            options = replace(_options(settings, kinds), is_partial=seen.is_partial(bound.marks))
            processing.begin(RunContext(Report(), index, journal, options))
            async with CreatorRun(processing).running("sync", [creator.username]):
                try:
                    yield
                    if kinds is None:
                        ending = Ending(
                            store.connection.query, bound.marks, processing.tally.is_open, options.is_partial
                        )
                        await remember(seen, journal, processing.run.report, ending)
                finally:
                    after, report = vars(store.requests), processing.run.report
                    report.header.requests = {name: count - before[name] for name, count in after.items()}
                    report.header.seconds = time.monotonic() - began
            await journal.log.retain(settings.keep_runs)


def _options(settings: Settings, kinds: frozenset[Kind] | None) -> RunOptions:
    rules = settings.rules()
    return RunOptions(
        rules=rules if kinds is None else replace(rules, kinds=kinds),
        patience=settings.patience,
        scan_generate=settings.scan_generate,
    )


def _tell(report: Report, creator: Creator) -> None:
    """Log the figures of a run and, as a warning, what could not be synced."""
    made = [counted(one.created, name) for name, one in report.entities.items() if one.created]
    changed = [counted(one.updated, name) for name, one in report.entities.items() if one.updated]
    parts = [f"{', '.join(made)} made"] if made else []
    parts += [f"{', '.join(changed)} changed"] if changed else []
    asked = counted(report.header.requests["reads"] + report.header.requests["writes"], "requests")
    processing_logger.info(
        "Stash, {}: {} ({}, {:.1f} s).",
        creator.username, "; ".join(parts) or "nothing to do", asked, report.header.seconds,
    )  # fmt: skip
    failed = [
        *((one.kind, one.id, one.reason) for one in report.skipped if one.is_failure),
        *((one.kind, one.file or one.id, one.reason) for one in report.unmatched if one.is_failure),
    ]
    if failed:
        kind, name, reason = failed[0]
        processing_logger.warning(
            "Stash, {}: {} could not be synced, such as {} {} ({}); `stash-sync report {}` names each.",
            creator.username, counted(len(failed), "entries"), kind, name, reason, report.header.run,
        )  # fmt: skip


def _tell_of_splits(index: StashFileIndex) -> None:
    """Log how many videos the downloader's scene split would take out of another scene."""
    further = [one for one in index.in_stash.values() if one.type == "Scene" and not one.is_primary]
    count = sum(1 for one in further if index.foreign_primary(one.type, one.id))
    if count:
        processing_logger.info(
            "Stash: {} would get a scene of its own with `enable_scene_split: true`.",
            counted(count, "videos"),
        )
