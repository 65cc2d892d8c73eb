"""Sync the creator of the downloader's state, in the downloader's own process."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from stash.downloader import is_split_rehearsed, settings_of
from stash.errors import UsageError
from stash.files.local import list_downloads
from stash.files.stash_index import StashFileIndex
from stash.identity import Choices, bind
from stash.journal import Journal, open_state
from stash.lock import held
from stash.logging import processing_logger
from stash.processing.context import RunContext, RunOptions
from stash.report import Report, counted
from stash.settings import load_settings
from stash.source.database import Database
from stash.source.reader import Reader
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.downloader import Config, State
    from stash.mapping.rules import Kind
    from stash.processing.stash_processing import StashProcessing
    from stash.settings import Settings

NO_FOLDER = "No downloads folder is known; set download_directory in the downloader's config, or STASH_SYNC_DOWNLOADS."
NO_DATABASE = (
    "No metadata database is known; start the downloader's database first, or set STASH_SYNC_DATABASE_URL."
)

_PASSES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""One pass at a time in an event loop: the downloader's daemon works on several creators at once."""


class DownloaderSession:
    """One pass over the creator of a state."""

    def __init__(self, processing: StashProcessing, config: Config, state: State) -> None:
        self._processing = processing
        self._config = config
        self._state = state

    async def sync(self, creator: str | None = None, kinds: frozenset[Kind] | None = None) -> Report:
        """Sync the creator, and tell the downloader's user what was done.

        Args:
            creator: a username in place of the state's creator.
            kinds: kinds of items in place of those of the settings.

        Raises:
            SyncError: nothing could be done, or no more. What was done is remembered.
            MetadataError: the metadata database cannot be read.
        """
        settings = load_settings({}, settings_of(self._config, self._state))
        if settings.downloads is None:
            raise UsageError(NO_FOLDER)
        if settings.database is None:
            raise UsageError(NO_DATABASE)
        passes = _PASSES.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with passes, held(settings.database, settings.state):
            began = time.monotonic()
            context = self._processing.context
            if isinstance(context, StashContext):
                context.wait(settings.patience)
                await context.get_client()
            async with await Database.open(settings.database, busy_timeout=settings.patience) as database:
                report = await self._sync(database, settings, creator, kinds)
            report.header.seconds = time.monotonic() - began
        for sentence, is_trouble in self._summary(report):
            (processing_logger.warning if is_trouble else processing_logger.info)(sentence)
        return report

    async def _sync(
        self, database: Database, settings: Settings, named: str | None, kinds: frozenset[Kind] | None
    ) -> Report:
        processing = self._processing
        reader = Reader(database, with_facts=settings.rules().wants_facts)
        creator = await reader.creator(named or str(self._state.creator_id or self._state.creator_name))
        assert settings.downloads is not None  # noqa: S101 - see sync
        found, unusable = list_downloads(settings.downloads)
        index = StashFileIndex(settings.paths(), found, unusable=unusable)
        on_disk = {file.media_id for file in index.on_host if file.media_id is not None}
        store, rules = processing.store, settings.rules()
        if kinds is not None:
            rules = replace(rules, kinds=kinds)
        async with AsyncExitStack() as stack:
            state = None
            if settings.state is not None:
                opened = await open_state(settings.state, create=True, busy_timeout=settings.patience)
                state = await stack.enter_async_context(opened)
            journal = await Journal.open(database, state=state)
            await bind(journal, store.connection, store.identity[0], on_disk, Choices())
            options = RunOptions(
                rules=rules, patience=settings.patience, scan_generate=settings.scan_generate
            )
            before = vars(store.requests).copy()
            report = Report()
            processing.begin(RunContext(report, index, journal, options))
            async with processing.running("sync", [creator.username]):
                files = await processing.prepare(reader, [creator])
                await processing.sync_all(reader, [creator], files)
                now = vars(store.requests)
                report.header.requests = {name: count - before[name] for name, count in now.items()}
        return report

    def _summary(self, report: Report) -> Iterator[tuple[str, bool]]:
        """Return the sentences for the downloader's user, each with whether it tells of trouble."""
        name, entities = self._state.creator_name or self._state.creator_id, report.entities
        made = ", ".join(counted(counts.created, kind) for kind, counts in entities.items() if counts.created)
        updated = sum(counts.updated for counts in entities.values())
        done = f"{made or 'nothing'} new, {updated} updated" if made or updated else "nothing to do"
        yield (
            f"Stash: {name}: {done} ({counted(report.header.requests['mutations'], 'mutations')}, {report.header.seconds:.1f} s).",
            False,
        )
        reasons = [one.reason for one in report.skipped if one.is_failure]
        reasons += [one.reason for one in report.unmatched if one.is_failure]
        if reasons:
            see = (
                f"stash-sync report {report.header.run}"
                if report.header.run is not None
                else "stash-sync report"
            )
            failed = f"{counted(len(reasons), 'things')} of {name} could not be synced"
            yield f"Stash: {failed}, the first because {reasons[0]}; `{see}` names them all.", True
        shared = sum(one.field == "primary file" and one.type == "Scene" for one in report.kept)
        if shared and is_split_rehearsed(self._config):
            yield f"Stash: {counted(shared, 'videos')} would be split off scenes of other files.", False
