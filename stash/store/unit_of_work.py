"""The unit of work: a flush creates, then updates, then sends links, covers and chapters.

Flushes are pipelined in these three stages. A stage runs one flush at a time, in order, and is free for the next
flush when its last request was sent. Flushes that share an entity wait for the reply.
A change that Stash did not confirm stays pending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Protocol

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.concurrency import EntityLocks, FifoLock
from stash.store.changes import Change, Failure, edited_fields, mark_sent, values
from stash.store.entities import link, unlink
from stash.store.library_internals import is_new
from stash.store.mutations import (
    Mutation,
    accept_answer,
    by_handler,
    change_of,
    create_or_update,
    gallery_cover,
    gallery_links,
    handler,
    levels,
    writable_now,
)
from stash.store.pending import with_needed, with_new_cover
from stash.transport.answers import IN_FRONT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.concurrency import TaskPipeline
    from stash.store.deferred_links import DeferredLinks
    from stash.store.entity_types import Entity
    from stash.store.pending import Edit, PendingChanges
    from stash.store.reading import StashReader
    from stash.store.sender import Send
    from stash.store.writer import MutationWriter

BATCH = 500
"""Entities a request. Batches of 100 to 1,000 take the same time, so this is about the number of requests."""


class FlushListener(Protocol):
    """An observer of a flush, called for each batch before and after it is sent."""

    async def planned(self, changes: Sequence[Change]) -> None:
        """Note the changes that are sent next."""
        ...

    async def settled(self, applied: Sequence[Change], failed: Sequence[Failure]) -> None:
        """Note the changes that Stash confirmed or refused."""
        ...


@dataclass
class Flushed:
    """The result of a flush: every change that Stash confirmed or refused.

    `ignored` are the fields that Stash confirmed, and stored otherwise.
    """

    applied: list[Change] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    ignored: list[tuple[Entity, list[str]]] = field(default_factory=list)

    def add(self, more: Flushed) -> None:
        """Add the result of a further flush. A change that was refused twice is kept once."""
        known = {(failure.entity, *failure.change.after) for failure in self.failed}
        self.applied += more.applied
        self.ignored += more.ignored
        self.failed += [f for f in more.failed if (f.entity, *f.change.after) not in known]

    def failure_of(self, entity: Entity) -> Failure | None:
        """Return why Stash refused an entity, or None."""
        return next((f for f in self.failed if f.entity is entity), None)


class UnitOfWork:
    """Writes the pending changes of a store."""

    def __init__(
        self, pending: PendingChanges, reader: StashReader, writer: MutationWriter, links: DeferredLinks
    ) -> None:
        self._pending = pending
        self._reader = reader
        self._writer = writer
        self._links = links
        self._creating, self._updating, self._linking = FifoLock(), FifoLock(), FifoLock()
        self._locks = EntityLocks()
        self.listener: FlushListener | None = None

    async def flush(self, only: Sequence[Entity] | None = None, *, with_names: bool = False) -> Flushed:
        """Write everything that is pending, or these entities and what they need.

        `with_names` also creates every queued tag, performer and studio, so that no later flush waits for one.

        Raises:
            RetriableError: Stash did not answer. Unconfirmed changes are still pending.
        """
        done = Flushed()
        async with self._creating.ticket() as ticket, self._locks.pipeline() as pipeline:
            entities = await self._entities(only, with_names=with_names)
            chapters = [e for e in entities if isinstance(e, GalleryChapter)]
            others = [e for e in entities if not isinstance(e, GalleryChapter)]
            await self._locks.lock(pipeline, (e for e in others if is_new(e)))
            created = list(filter(is_new, others))
            await self._make(pipeline, created, done)
            ticket.release()
        async with self._updating.ticket() as ticket, self._locks.pipeline() as pipeline:
            standing = [e for e in others if not is_new(e)]
            await self._locks.lock(pipeline, standing)
            edits = [(e, edited_fields(e)) for e in standing]
            await self._write(pipeline, edits, self._writer.update, done, checked=created)
            ticket.release()
        async with self._linking.ticket() as ticket, self._locks.pipeline() as pipeline:
            await self._locks.lock(pipeline, entities)
            await self._link(pipeline, edits, done)
            placed = [(c, edited_fields(c)) for c in chapters if _has_place(c)]
            await self._write(pipeline, placed, self._writer.write_chapters, done)
            ticket.release()
        await self._run_library_handlers(edits, done)
        return done

    async def _entities(self, only: Sequence[Entity] | None, *, with_names: bool) -> list[Entity]:
        await self._read_relations()
        if only is None:
            return self._pending.entities()
        named = self._pending.queued_names() if with_names else []
        return with_needed([*only, *named])

    async def _make(self, pipeline: TaskPipeline, new: Sequence[Entity], done: Flushed) -> None:
        """Create entities. An entity that others need is created before them."""
        for level in levels(new):
            await pipeline.drain()
            await self._write(pipeline, [(e, edited_fields(e)) for e in level], self._writer.create, done)

    async def _link(self, pipeline: TaskPipeline, standing: Sequence[Edit], done: Flushed) -> None:
        linked = [mutation for mutation in gallery_links(standing) if not is_new(mutation.entity)]
        covers = with_new_cover(standing)
        if len(linked) + len(covers) > BATCH:
            await self._send(pipeline, linked, self._writer.link, done)
            await pipeline.drain()
            linked = []
        failed = {failure.entity for failure in done.failed}
        new_covers = [gallery_cover(gallery) for gallery in covers if gallery not in failed]
        await self._send(pipeline, [*linked, *new_covers], self._writer.link, done)

    async def _read_relations(self) -> None:
        entities = [entity for entity in self._links.entities() if not is_new(entity)]
        await self._reader.read_fields(entities, self._links.relations)
        for entity in entities:
            for relation, other, present in self._links.pop(entity):
                (link if present else unlink)(entity, relation, other)

    async def _write(
        self,
        pipeline: TaskPipeline,
        edits: Sequence[Edit],
        send: Send,
        done: Flushed,
        *,
        checked: Sequence[Entity] = (),
    ) -> None:
        """Send these edits. The reply holds the stored values of `checked` entities."""
        doubtful = set(checked)
        written = ((e, writable_now(e, fields), self._pending.attachments(e)) for e, fields in edits)
        found = [(e, fields, more) for e, fields, more in written if fields or more or is_new(e)]
        for batch in batched(found, BATCH):
            mutations = [create_or_update(e, f, more, is_checked=e in doubtful) for e, f, more in batch]
            await self._send(pipeline, mutations, send, done)

    async def _send(
        self, pipeline: TaskPipeline, mutations: Sequence[Mutation], send: Send, done: Flushed
    ) -> None:
        """Send mutations, a batch a request. The listener notes a batch while the one before is under way."""
        for batch in batched(mutations, BATCH):
            if self.listener is not None:
                await self.listener.planned([mutation.change for mutation in batch])
            await pipeline.start(self._send_batch(batch, send, done))

    async def _send_batch(self, batch: Sequence[Mutation], send: Send, done: Flushed) -> None:
        """Send a batch, and note its outcome. Refused changes stay pending."""
        refused = await send(batch)
        applied: list[Change] = []
        failed = [Failure(o.change, refused[o]) for o in batch if o in refused]
        for mutation in batch:
            if mutation not in refused:
                mutation.confirm()
                if mutation.change.action == "update" and (ignored := accept_answer(mutation)):
                    done.ignored.append((mutation.entity, ignored))
                self._pending.confirm(mutation.entity)
                applied.append(mutation.change)
        if self.listener is not None:
            await self.listener.settled(applied, failed)
        done.applied += applied
        done.failed += await self._without_pictures(batch, failed, send, done)

    async def _without_pictures(
        self, batch: Sequence[Mutation], failed: Sequence[Failure], send: Send, done: Flushed
    ) -> list[Failure]:
        """Send entities again without the picture that a proxy in front of Stash refused. Return the final failures."""
        by_change = {mutation.change: mutation for mutation in batch}
        left, refused = [], []
        for failure in failed:
            mutation = by_change[failure.change]
            pictures = self._pending.pop_attachments(mutation.entity) if IN_FRONT in failure.message else None
            if pictures is None:
                refused.append(failure)
                continue
            change = Change(mutation.entity, "update", {}, dict.fromkeys(pictures, "a new picture"))
            refused.append(Failure(change, f"its picture is left out. {failure.message}"))
            if mutation.sent or is_new(mutation.entity):
                left.append(create_or_update(mutation.entity, list(mutation.sent), {}))
        if left:
            if self.listener is not None:
                await self.listener.planned([mutation.change for mutation in left])
            await self._send_batch(left, send, done)
        return refused

    async def _run_library_handlers(self, edits: Sequence[Edit], done: Flushed) -> None:
        """Write counters and histories by the library's own handlers, one entity at a time."""
        for entity, fields in edits:
            mine = by_handler(entity, fields)
            if not mine:
                continue
            for write in dict.fromkeys(h for f in mine if (h := handler(entity, f)) is not None):
                await write(self._reader.connection, entity)
            done.applied.append(change_of(entity, mine, {}))
            mark_sent(entity, values(entity, mine))


def _has_place(chapter: GalleryChapter) -> bool:
    if not is_new(chapter):
        return True
    return isinstance(chapter.gallery, Gallery) and not is_new(chapter.gallery)
