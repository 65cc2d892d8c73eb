"""Sync one creator: the performer and the studio, then the items, chunk by chunk."""

from __future__ import annotations

import gc
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from stash_graphql_client.types import Performer, Studio, Tag

from stash.changes.change_set import ChangeSet
from stash.processing.context import RUN_SCOPED_TYPES
from stash.processing.preload import ChunkPreloader
from stash.processing.record import ChunkRecorder
from stash.processing.schedule import Schedule
from stash.processing.tally import NOTHING, PartKeys
from stash.processing.unchanged import UnchangedCheck
from stash.reconcile.chunk import Chunk, media_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stash.journal import ChunkFingerprint, Journal
    from stash.processing.item_processing import ItemProcessing
    from stash.source.items import Creator, Item, ItemPage, StoredMedia
    from stash.source.reader import Reader

HEARTBEAT = 30.0
"""Seconds between two signs of life of a run in the journal."""


class CreatorSync:
    """Brings creators into Stash, one after the other."""

    def __init__(self, processing: ItemProcessing) -> None:
        self._processing = processing
        self._run = processing.run
        self._store = processing.store
        self._preloader = ChunkPreloader(processing)
        self._unchanged = UnchangedCheck(self._store, self._run, processing.cache)
        self._recorder = ChunkRecorder(processing)
        self._schedule = Schedule(processing, self._recorder)
        self._is_gc_due = False
        self._has_index = False
        self._heartbeat = Heartbeat(self._run.journal, self._run.report.header.run)

    async def sync(self, reader: Reader, creator: Creator) -> None:
        """Bring all of a creator's items into Stash. A partial run leaves chunks alone that are unchanged at the source."""
        looked_at = self._run.report.looked_at
        fingerprints = await self._unchanged.load(creator)
        async with AsyncExitStack() as session:
            is_begun = not self._run.options.is_partial
            if is_begun:
                await self._begin(creator, session)
            async for chunk in self._chunks(reader, creator):
                fingerprint, size = fingerprints.get(chunk.number), len(chunk.items) + len(chunk.unattached)
                looked_at.of += size
                if fingerprint is not None and self._unchanged.is_left(chunk, fingerprint):
                    self._count_unchanged(chunk, fingerprint)
                else:
                    if not is_begun:
                        await self._begin(creator, session)
                    is_begun = True
                    part = self._unchanged.changed_part(chunk, fingerprint)
                    looked_at.items += len(part.items) + len(part.unattached)
                    await self._sync_chunk(chunk, part, fingerprint)
                self._take_files(chunk)
                self._run.options.on_items(size)
                await self._heartbeat.send()

    async def _begin(self, creator: Creator, session: AsyncExitStack) -> None:
        """Open the session of a creator, and bring the creator's own performer and studio into Stash."""
        if not self._has_index:
            await self._store.preload_index(Tag, Performer, Studio)
            self._has_index = True
        await session.enter_async_context(self._store.session())
        await self._preloader.load_people([creator])
        await self._processing.sync_account(creator)

    def _take_files(self, chunk: Chunk) -> None:
        matched = self._processing.tally.matched
        self._run.files.take((one, chunk.files[one.id]) for one in chunk.media.values() if one.id in matched)

    def _count_unchanged(
        self, chunk: Chunk, fingerprint: ChunkFingerprint, decided: PartKeys = NOTHING
    ) -> None:
        """Report a chunk as it was reported the last time, without the part that was decided anew."""
        tally = self._processing.tally
        files = (
            (one, found) for one, found in chunk.files.items() if ("media", str(one)) not in decided.keys
        )
        tally.matched.update(media_id for media_id, found in files if found)
        tally.count_unchanged(fingerprint, decided)

    async def _chunks(self, reader: Reader, creator: Creator) -> AsyncIterator[Chunk]:
        """Make a chunk of each page. Unattached media join the last one, so that they cost no requests of their own."""
        pages: list[ItemPage] = []
        number = 0
        async for page in reader.pages(creator):
            for problem in page.problems:
                self._run.report.skip(
                    problem.table, problem.key, problem.reason, is_failure=problem.is_malformed
                )
            for earlier in pages:
                yield self._chunk(creator, number, earlier.items)
                number += 1
            pages = [page]
        unattached = [media async for part in reader.unattached(creator) for media in part]
        if pages or unattached:
            yield self._chunk(creator, number, pages[0].items if pages else (), unattached)

    def _chunk(
        self, creator: Creator, number: int, items: Sequence[Item], unattached: Sequence[StoredMedia] = ()
    ) -> Chunk:
        rules = self._run.options.rules
        taken = [item for item in items if rules.takes(item)]
        files = {media.id: self._run.files.of(media) for media in media_of(taken, unattached).values()}
        return Chunk(creator, number, taken, unattached, files, rules.key)

    async def _sync_chunk(self, chunk: Chunk, part: Chunk, fingerprint: ChunkFingerprint | None) -> None:
        """Report a chunk that is unchanged, else decide and write it."""
        if self._is_gc_due:
            gc.collect()  # the replies of the chunk before contain reference cycles
        self._is_gc_due = True
        async with self._store.session():
            if fingerprint is not None and await self._unchanged.check(chunk, fingerprint):
                self._count_unchanged(chunk, fingerprint)
            else:
                await self._decide(chunk, part, fingerprint)

    async def _decide(self, chunk: Chunk, part: Chunk, fingerprint: ChunkFingerprint | None) -> None:
        """Decide a part of a chunk, or all of it, and write it or show what would be written."""
        processing = self._processing
        processing.begin_chunk(part)
        await self._preloader.load(part)
        if self._run.options.is_dry:
            await self._schedule.plan(part)
            results = processing.work.results
            processing.tally.plan(ChangeSet(self._store.pending(), results.get), results)
            self._store.rollback(keeping=RUN_SCOPED_TYPES)
            processing.take_batch()
        else:
            await self._schedule.run(part)
            await self._recorder.finish(chunk, part, fingerprint)
        if part is not chunk and fingerprint is not None:
            self._count_unchanged(chunk, fingerprint, PartKeys.of(part, processing.work.results))
        processing.begin_chunk(None)


class Heartbeat:
    """Shows from time to time that a run is alive."""

    def __init__(self, journal: Journal | None, run_id: int | None) -> None:
        self._journal = journal
        self._run_id = run_id
        self._sent_at = time.monotonic()

    async def send(self) -> None:
        """Send a sign of life, if the last one is old enough."""
        now = time.monotonic()
        if self._journal is None or self._run_id is None or now - self._sent_at <= HEARTBEAT:
            return
        self._sent_at = now
        await self._journal.runs.heartbeat(self._run_id)
