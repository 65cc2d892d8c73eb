"""`StashProcessing`: a run over creators, and the interface for the downloader."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Self, overload

from stash.downloader import context_of
from stash.errors import SyncError
from stash.logging import processing_logger, show_warnings
from stash.processing.creator_run import CreatorRun
from stash.processing.downloader_interface import DownloaderInterface
from stash.processing.item_processing import ItemProcessing
from stash.source.errors import MetadataError
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from stash_graphql_client.types import Performer, Studio

    from stash.downloader import Config, DownloaderDatabase, State
    from stash.files.local import LocalFile
    from stash.processing.context import HasStore, RunContext
    from stash.source.items import Creator
    from stash.source.reader import Reader


class StashProcessing(ItemProcessing):
    """Brings creators into Stash: the five mixins on one store, for the length of a run.

    Attributes:
        config: the downloader's configuration, if it made this.
        state: its state, as it was then.
        database: its open database.
    """

    config: Config
    state: State
    database: DownloaderDatabase | None
    _downloader: DownloaderInterface

    def __init__(self, context: HasStore, run: RunContext | None = None) -> None:
        super().__init__(context, run)
        self._background_task: asyncio.Task[None] | None = None

    # --- a run ---

    def running(self, command: str, creators: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Record that a run begins, every batch before it is sent, and how the run ended. See `CreatorRun`."""
        return CreatorRun(self).running(command, creators)

    async def prepare(self, reader: Reader, creators: Sequence[Creator]) -> list[LocalFile]:
        """Check the world before the first write, and return the files of the creators. See `CreatorRun`.

        Raises:
            RefusedError: the source or Stash look wrong. Nothing was written.
        """
        return await CreatorRun(self).prepare(reader, creators)

    async def sync_all(
        self, reader: Reader, creators: Sequence[Creator], files: Sequence[LocalFile] = ()
    ) -> None:
        """Sync the creators in turn, and name which of the files have no match. See `CreatorRun`."""
        await CreatorRun(self).sync_all(reader, creators, files)

    # --- the interface for the downloader ---

    @classmethod
    def from_config(cls, config: Config, state: State) -> Self:
        """Return a processor for what the downloader has just downloaded. Nothing is connected yet."""
        show_warnings()
        processor = cls(context_of(config))
        processor.config, processor.state, processor.database = config, copy(state), config._database  # noqa: SLF001 - the downloader's own name
        processor._downloader = DownloaderInterface(processor, config, processor.state)
        return processor

    async def start_creator_processing(self) -> None:
        """Sync the creator of the state in a task of its own, which the downloader waits for."""
        if self._is_off():
            return
        tasks = self.config.get_background_tasks()
        self._background_task = asyncio.create_task(self._process_in_background())
        tasks.append(self._background_task)
        self._background_task.add_done_callback(partial(_take_out, tasks))

    async def _process_in_background(self) -> None:
        """Sync the creator. The downloader prints the sentence of an error, and ends with a code of its own."""
        await self._downloader.sync()

    async def process_creator_incremental(self, paths: Sequence[str] | None = None) -> None:  # noqa: ARG002 - a scan finds them
        """Sync the creator of the state now. An outage is logged, because a daemon goes on after it."""
        if self._is_off():
            return
        try:
            await self._downloader.sync()
        except (SyncError, MetadataError) as error:
            processing_logger.error("{}", error)

    async def process_creator_posts(
        self, account: Creator | None = None, performer: Performer | None = None, studio: Studio | None = None
    ) -> None:
        """Sync the posts of the creator of the state, or of another account, and nothing else."""
        _ = performer, studio  # found by the run itself
        await self._downloader.sync(frozenset({"post"}), account.id if account is not None else None)

    async def process_creator_messages(
        self, account: Creator | None = None, performer: Performer | None = None, studio: Studio | None = None
    ) -> None:
        """Sync the messages of the creator of the state, or of another account, and nothing else."""
        _ = performer, studio  # found by the run itself
        await self._downloader.sync(frozenset({"message"}), account.id if account is not None else None)

    @overload
    async def process_creator(self, account: Creator) -> Performer: ...
    @overload
    async def process_creator(self, account: None = None) -> tuple[Creator, Performer | None]: ...
    async def process_creator(
        self, account: Creator | None = None
    ) -> Performer | tuple[Creator, Performer | None]:
        """Return the performer of an account, completed. Without one, sync the people of the state's creator."""
        return (
            await self._downloader.sync_people()
            if account is None
            else await super().process_creator(account)
        )

    def _is_off(self) -> bool:
        """Tell whether the downloader has no Stash configured, and say so."""
        if self.config.stash_context_conn is None:
            processing_logger.warning("No Stash is configured; nothing was synced.")
        return self.config.stash_context_conn is None

    async def cleanup(self) -> None:
        """Wait for what is under way, and close what nobody holds."""
        if self._background_task is not None and not self._background_task.done():
            self._background_task.cancel()
            await asyncio.gather(self._background_task, return_exceptions=True)
        if isinstance(self.context, StashContext) and not self.context.ref_count:
            await self.context.close()


def _take_out[T](tasks: list[T], task: T) -> None:
    """Take a task that ended out of the downloader's list, which may be another one by then."""
    with suppress(ValueError):
        tasks.remove(task)
