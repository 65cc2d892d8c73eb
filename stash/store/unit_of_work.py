"""The only writer: creates, then updates, then links, chapters and covers, a batch at a time.

Flushes overlap as on a belt: while one links, the next updates and the one after it creates, each in its turn, and the
next one's go out before the answer to the last of these is here, unless they are of the same entities.
Only what Stash confirmed is clean afterwards; everything else stays pending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Protocol

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.concurrency import EntityLocks, FifoLock
from stash.store.changes import Change, Failure, edited_fields, mark_sent, related, values
from stash.store.entity_types import Entity, kind_of
from stash.store.library_internals import is_new, snapshot
from stash.store.mutations import (
    Mutation,
    all_writable,
    by_handler,
    change_of,
    covering,
    give_up,
    handler,
    levels,
    linking,
    writable_now,
    writing,
)
from stash.store.sender import NO_ANSWER, Sender
from stash.transport.answers import IN_FRONT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.concurrency import TaskPipeline
    from stash.store.sender import Send
    from stash.store.store import StashStore

    type Edit = tuple[Entity, list[str]]

BATCH = 500
"""Entities a request: batches of 100 to 1,000 cost the same time, so the fewest requests decide."""


class FlushListener(Protocol):
    """Who is told what is about to be sent, and what came of it, a batch at a time."""

    async def planned(self, changes: Sequence[Change]) -> None:
        """These are sent next."""
        ...

    async def settled(self, applied: Sequence[Change], failed: Sequence[Failure]) -> None:
        """Stash confirmed these, and refused those."""
        ...


@dataclass
class Flushed:
    """What a flush did: every change that Stash confirmed or refused, and the fields that it did not keep though it confirmed them."""

    applied: list[Change] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    ignored: list[tuple[Entity, list[str]]] = field(default_factory=list)

    def add(self, more: Flushed) -> None:
        """Join what a further flush did. What is refused again is said once."""
        known = {(failure.entity, *failure.change.after) for failure in self.failed}
        self.applied += more.applied
        self.ignored += more.ignored
        self.failed += [f for f in more.failed if (f.entity, *f.change.after) not in known]

    def failure_of(self, entity: Entity) -> Failure | None:
        """Why an entity was refused, if it was."""
        return next((f for f in self.failed if f.entity is entity), None)


class UnitOfWork:
    """What is pending in a store, and how it is written."""

    def __init__(self, store: StashStore) -> None:
        self._store = store
        self._sender = Sender(store)
        self._creating, self._updating, self._linking = FifoLock(), FifoLock(), FifoLock()
        self._lines = EntityLocks()
        self.recorder: FlushListener | None = None
        self.queued: dict[Entity, None] = {}
        self.attached: dict[Entity, dict[str, str | None]] = {}

    def pending(self) -> list[Entity]:
        """Every entity with something to write, those that others need first."""
        edited = [entity for entity in self._store.edited() if not is_new(entity)]
        return self._with_needed([*self.queued, *edited, *self.attached])

    def _with_needed(self, entities: Iterable[Entity]) -> list[Entity]:
        ordered: dict[Entity, None] = {}

        def visit(entity: Entity, path: tuple[Entity, ...]) -> None:
            self._store.own(entity)
            if entity in ordered or entity in path:
                return
            for other in filter(is_new, related(entity)):
                visit(other, (*path, entity))
            ordered[entity] = None

        for entity in entities:
            visit(entity, ())
        return list(ordered)

    def changes(self) -> list[Change]:
        """Return what a flush would do, mutation by mutation."""
        edits = [(entity, edited_fields(entity)) for entity in self.pending()]
        planned = [change_of(e, all_writable(e, fields), self._attachments(e)) for e, fields in edits]
        operations = [*linking(edits), *map(covering, _with_new_cover(edits))]
        written = [change for change in planned if change.after or change.action == "create"]
        return written + [operation.change for operation in operations]

    async def flush(self, only: Sequence[Entity] | None = None, *, with_names: bool = False) -> Flushed:
        """Write what is pending, or these entities and what they need.

        `with_names` creates every tag, performer and studio that is queued by then, so that no later flush need wait for one.

        Raises:
            RetriableError: Stash did not answer; what it did not confirm is still pending.
        """
        done = Flushed()
        async with self._creating.ticket() as turn, self._lines.pipeline() as line:
            entities = await self._entities(only, with_names=with_names)
            chapters = [e for e in entities if isinstance(e, GalleryChapter)]
            others = [e for e in entities if not isinstance(e, GalleryChapter)]
            await self._lines.lock(line, (e for e in others if is_new(e)))
            created = list(filter(is_new, others))
            await self._make(line, created, done)
            turn.release()
        async with self._updating.ticket() as turn, self._lines.pipeline() as line:
            standing = [e for e in others if not is_new(e)]
            await self._lines.lock(line, standing)
            edits = [(e, edited_fields(e)) for e in standing]
            await self._write(line, edits, self._update, done, checked=created)
            turn.release()
        async with self._linking.ticket() as turn, self._lines.pipeline() as line:
            await self._lines.lock(line, entities)
            await self._link(line, edits, done)
            placed = [(c, edited_fields(c)) for c in chapters if _has_place(c)]
            await self._write(line, placed, self._chapters, done)
            turn.release()
        await self._by_the_library(edits, done)
        return done

    async def _entities(self, only: Sequence[Entity] | None, *, with_names: bool) -> list[Entity]:
        await self._read_relations()
        if only is None:
            return self.pending()
        named = [e for e in self.queued if with_names and kind_of(e).key == "name"]
        return self._with_needed([*only, *named])

    async def _make(self, line: TaskPipeline, new: Sequence[Entity], done: Flushed) -> None:
        """Create, those first that others need."""
        for level in levels(new):
            await line.drain()
            await self._write(line, [(e, edited_fields(e)) for e in level], self._create, done)

    async def _link(self, line: TaskPipeline, standing: Sequence[Edit], done: Flushed) -> None:
        linked = [operation for operation in linking(standing) if not is_new(operation.entity)]
        covers = _with_new_cover(standing)
        if len(linked) + len(covers) > BATCH:
            await self._send(line, linked, self._verdicts, done)
            await line.drain()
            linked = []
        failed = {failure.entity for failure in done.failed}
        covering_them = [covering(gallery) for gallery in covers if gallery not in failed]
        await self._send(line, [*linked, *covering_them], self._verdicts, done)

    async def _read_relations(self) -> None:
        unread = self._store.unread
        entities = [entity for entity in unread.entities() if not is_new(entity)]
        await self._store.read_fields(entities, unread.relations)
        for entity in entities:
            unread.replay(entity)

    def _attachments(self, entity: Entity) -> dict[str, str | None]:
        return self.attached.get(entity, {})

    async def _write(
        self,
        line: TaskPipeline,
        edits: Sequence[Edit],
        send: Send,
        done: Flushed,
        *,
        checked: Sequence[Entity] = (),
    ) -> None:
        """Send these edits. Of `checked` entities Stash is asked what it made of them."""
        doubtful = set(checked)
        written = ((e, writable_now(e, fields), self._attachments(e)) for e, fields in edits)
        found = [(e, fields, more) for e, fields, more in written if fields or more or is_new(e)]
        for batch in batched(found, BATCH):
            operations = [writing(e, f, more, is_checked=e in doubtful) for e, f, more in batch]
            await self._send(line, operations, send, done)

    async def _send(
        self, line: TaskPipeline, operations: Sequence[Mutation], send: Send, done: Flushed
    ) -> None:
        """Send operations, a batch a request. Each is planned while the one before is under way."""
        for batch in batched(operations, BATCH):
            if self.recorder is not None:
                await self.recorder.planned([operation.change for operation in batch])
            await line.start(self._settle(batch, send, done))

    async def _settle(self, batch: Sequence[Mutation], send: Send, done: Flushed) -> None:
        """Send a batch, and note what came of it. What Stash refused stays pending."""
        refused = await send(batch)
        applied: list[Change] = []
        failed = [Failure(o.change, refused[o]) for o in batch if o in refused]
        for operation in batch:
            if operation not in refused:
                operation.confirm()
                if operation.change.action == "update" and (ignored := give_up(operation)):
                    done.ignored.append((operation.entity, ignored))
                self.queued.pop(operation.entity, None)
                self.attached.pop(operation.entity, None)
                applied.append(operation.change)
        if self.recorder is not None:
            await self.recorder.settled(applied, failed)
        done.applied += applied
        done.failed += await self._without_pictures(batch, failed, send, done)

    async def _without_pictures(
        self, batch: Sequence[Mutation], failed: Sequence[Failure], send: Send, done: Flushed
    ) -> list[Failure]:
        """Send again, without its picture, what something in front of Stash refused. Return what is refused then."""
        by_change = {operation.change: operation for operation in batch}
        left, refused = [], []
        for failure in failed:
            operation = by_change[failure.change]
            pictures = self.attached.pop(operation.entity, None) if IN_FRONT in failure.message else None
            if pictures is None:
                refused.append(failure)
                continue
            change = Change(operation.entity, "update", {}, dict.fromkeys(pictures, "a new picture"))
            refused.append(Failure(change, f"its picture is left out. {failure.message}"))
            if operation.sent or is_new(operation.entity):
                left.append(writing(operation.entity, list(operation.sent), {}))
        if left:
            if self.recorder is not None:
                await self.recorder.planned([operation.change for operation in left])
            await self._settle(left, send, done)
        return refused

    async def _create(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Create. What was made although the reply was lost, or exists already, is taken as Stash has it."""
        refused = await self._sender.settle(operations, self._sender.aliases, self._not_made)
        doubtful = ("already exists", NO_ANSWER)
        existing = [o for o in operations if any(words in refused.get(o, "") for words in doubtful)]
        for operation in await self._adopt(existing):
            del refused[operation]
        return refused

    async def _not_made(self, operations: Sequence[Mutation]) -> list[Mutation]:
        made = await self._adopt(operations)
        return [operation for operation in operations if operation not in made]

    async def _adopt(self, operations: Sequence[Mutation]) -> set[Mutation]:
        adopted = await self._store.adopt_existing([o.entity for o in operations])
        found = {o for o in operations if o.entity in adopted}
        for operation in found:
            operation.sent = {}
        return found

    async def _update(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        return await self._settled(operations, self._sender.lists)

    async def _verdicts(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Links and covers. Stash says yes to a cover that is not in the gallery, and shows another."""
        refused = await self._settled(operations, self._sender.verdicts)
        unlinked = {o.entity: refused[o] for o in operations if o.links and o in refused}
        covers = [o for o in operations if not o.links and o.entity in unlinked]
        return {**refused, **{o: unlinked[o.entity] for o in covers}}

    async def _chapters(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Chapters have no key: one that was made although the reply was lost is known by its place and title."""
        return await self._settled(operations, self._sender.aliases)

    async def _settled(self, operations: Sequence[Mutation], send: Send) -> dict[Mutation, str]:
        """Send. Where the reply was lost or says no, look what has taken effect."""
        refused = await self._sender.settle(operations, send, self._without_effect)
        doubtful = [operation for operation in operations if operation in refused]
        failed = set(await self._without_effect(doubtful))
        return {operation: message for operation, message in refused.items() if operation in failed}

    async def _without_effect(self, operations: Sequence[Mutation]) -> list[Mutation]:
        await self._store.read_again([e for operation in operations for e in operation.entities()])
        for operation in operations:
            if isinstance(operation.entity, GalleryChapter) and is_new(operation.entity):
                self._store.adopt_chapter(operation.entity)
        return [operation for operation in operations if not operation.is_done()]

    async def _by_the_library(self, edits: Sequence[Edit], done: Flushed) -> None:
        """Fields for which the library has handlers of its own: counters and histories, one entity at a time."""
        for entity, fields in edits:
            mine = by_handler(entity, fields)
            if not mine:
                continue
            for write in dict.fromkeys(h for f in mine if (h := handler(entity, f)) is not None):
                await write(self._store.connection, entity)
            done.applied.append(change_of(entity, mine, {}))
            mark_sent(entity, values(entity, mine))


def _has_place(chapter: GalleryChapter) -> bool:
    if not is_new(chapter):
        return True
    return isinstance(chapter.gallery, Gallery) and not is_new(chapter.gallery)


def _with_new_cover(edits: Iterable[tuple[Entity, Sequence[str]]]) -> list[Gallery]:
    found = [entity for entity, fields in edits if isinstance(entity, Gallery) and "cover" in fields]
    return [gallery for gallery in found if gallery.cover is not snapshot(gallery).get("cover")]
