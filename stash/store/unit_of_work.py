"""The only writer: creates, then updates, then links, chapters and covers, a batch at a time.

Only what Stash confirmed is clean afterwards; everything else stays pending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter, Image
from stash_graphql_client.types.unset import UNSET

from stash.errors import UnansweredWriteError
from stash.store.changes import (
    SEPARATE,
    Change,
    Failure,
    before,
    edited_fields,
    mark_sent,
    related,
    sendable,
    to_input,
    values,
)
from stash.store.documents import Field
from stash.store.image_links import confirm, image_links, link_field
from stash.store.kinds import Entity, kind_of
from stash.store.sending import Operation, Sender

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.store.store import StashStore

BATCH = 500
"""Entities a request: batches of 100 to 1,000 cost the same time, so the fewest requests decide."""


@dataclass
class Flushed:
    """What a flush did: every change that Stash confirmed, and every entity that it refused."""

    applied: list[Change] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def failure_of(self, entity: Entity) -> Failure | None:
        """Why an entity was refused, if it was."""
        return next((f for f in self.failed if f.entity is entity), None)


class UnitOfWork:
    """What is pending in a store, and how it is written."""

    def __init__(self, store: StashStore) -> None:
        self._store = store
        self._sender = Sender(store)
        self.queued: dict[int, Entity] = {}
        self.attached: dict[int, tuple[Entity, dict[str, str]]] = {}

    def pending(self) -> list[Entity]:
        """Every entity with something to write, those that others need first."""
        edited = [e for e in self._store.edited() if not e.is_new()]
        attached = [entity for entity, _ in self.attached.values()]
        return self._with_needed([*self.queued.values(), *edited, *attached])

    def _with_needed(self, entities: Iterable[Entity]) -> list[Entity]:
        ordered: dict[int, Entity] = {}

        def visit(entity: Entity, path: tuple[int, ...]) -> None:
            if id(entity) in ordered or id(entity) in path:
                return
            for other in related(entity, entity.__tracked_fields__):
                if other.is_new():
                    visit(other, (*path, id(entity)))
            ordered[id(entity)] = entity

        for entity in entities:
            visit(entity, ())
        return list(ordered.values())

    def changes(self) -> list[Change]:
        """What a flush would do, field by field."""
        return [
            change
            for entity in self.pending()
            for change in _changes(entity, [*edited_fields(entity), *self._attachments(entity)])
        ]

    async def flush(self, only: Sequence[Entity] | None = None) -> Flushed:
        """Write what is pending, or these entities and what they need.

        Raises:
            RetriableError: Stash did not answer; what it did not confirm is still pending.
        """
        done = Flushed()
        await self._read_relations()
        entities = self.pending() if only is None else self._with_needed(only)
        new = [entity for entity in entities if entity.is_new()]
        for level in _levels([e for e in new if not isinstance(e, GalleryChapter)]):
            for batch in batched(level, BATCH):
                await self._create(batch, done)
        saved = [e for e in entities if not e.is_new() and not isinstance(e, GalleryChapter)]
        for batch in batched([e for e in saved if self._update_fields(e)], BATCH):
            await self._update(batch, done)
        await self._link_images([e for e in saved if isinstance(e, Image | Gallery)], done)
        await self._write_chapters([e for e in entities if isinstance(e, GalleryChapter)], done)
        await self._set_covers([e for e in saved if isinstance(e, Gallery)], done)
        await self._by_the_library(saved, done)
        return done

    async def _read_relations(self) -> None:
        unread = self._store.unread
        entities = [entity for entity in unread.entities() if not entity.is_new()]
        await self._store.read_fields(entities, unread.relations)
        for entity in entities:
            unread.replay(entity)

    def _attachments(self, entity: Entity) -> dict[str, str]:
        return self.attached[id(entity)][1] if id(entity) in self.attached else {}

    def _update_fields(self, entity: Entity) -> list[str]:
        edited = [f for f in edited_fields(entity) if not _is_separate(entity, f)]
        return sendable(entity, edited) + list(self._attachments(entity))

    async def _create(self, entities: Sequence[Entity], done: Flushed) -> None:
        operations = [self._creation(entity) for entity in entities]
        try:
            refused = await self._sender.aliases(operations)
        except UnansweredWriteError:
            made = await self._store.adopt_existing(entities)
            operations = [o for o in operations if id(o.entity) not in made]
            refused = await self._sender.aliases(operations) if operations else {}
        taken = await self._store.adopt_existing(
            [o.entity for o in operations if "already exists" in refused.get(id(o.entity), "")]
        )
        for operation in operations:
            if (message := refused.get(id(operation.entity))) is None:
                self.queued.pop(id(operation.entity), None)
                self._confirm(operation, done)
            elif id(operation.entity) in taken:
                self.queued.pop(id(operation.entity), None)
            else:
                done.failed.append(Failure(operation.entity, message))

    def _creation(self, entity: Entity) -> Operation:
        kind = kind_of(entity)
        fields = [f for f in edited_fields(entity) if not _is_separate(entity, f)]
        content = {**to_input(entity, fields), **self._attachments(entity)}
        return Operation(
            entity,
            Field(
                kind.operation("Create"), {"input": (f"{kind.name}CreateInput!", content)}, "id created_at"
            ),
            values(entity, fields),
            _changes(entity, [*fields, *self._attachments(entity)]),
        )

    async def _update(self, entities: Sequence[Entity], done: Flushed) -> None:
        operations = [self._updating(entity) for entity in entities]
        alone: list[Operation] = []
        for kind in {o.entity.__type_name__: kind_of(o.entity) for o in operations}.values():
            same = [o for o in operations if o.entity.__type_name__ == kind.name]
            if kind.list_update is None or len(same) == 1:
                alone += same
        listed = [o for o in operations if not any(o is single for single in alone)]
        refused = await self._sender.lists(listed, alone)
        for operation in operations:
            if (message := refused.get(id(operation.entity))) is None:
                self._confirm(operation, done)
            else:
                done.failed.append(Failure(operation.entity, message))

    def _updating(self, entity: Entity) -> Operation:
        kind = kind_of(entity)
        fields = [f for f in edited_fields(entity) if not _is_separate(entity, f)]
        content = {"id": entity.id, **to_input(entity, fields), **self._attachments(entity)}
        return Operation(
            entity,
            Field(kind.operation("Update"), {"input": (f"{kind.name}UpdateInput!", content)}, "id"),
            values(entity, fields),
            _changes(entity, [*fields, *self._attachments(entity)]),
        )

    def _confirm(self, operation: Operation, done: Flushed) -> None:
        mark_sent(operation.entity, operation.sent)
        self.attached.pop(id(operation.entity), None)
        done.applied += operation.changes

    async def _link_images(self, entities: Sequence[Image | Gallery], done: Flushed) -> None:
        added: dict[Gallery, list[Image]] = {}
        removed: dict[Gallery, list[Image]] = {}
        for image, gallery, present in image_links(entities):
            if not gallery.is_new():
                (added if present else removed).setdefault(gallery, []).append(image)
        confirmed: set[tuple[str, str, bool]] = set()
        for name, groups in (("addGalleryImages", added), ("removeGalleryImages", removed)):
            for batch in batched(groups.items(), BATCH):
                fields = [link_field(name, gallery, images) for gallery, images in batch]
                refused = await self._sender.verdicts(fields)
                for number, (gallery, images) in enumerate(batch):
                    if number in refused:
                        done.failed.append(Failure(gallery, refused[number]))
                        continue
                    confirmed |= {(i.id, gallery.id, name.startswith("add")) for i in images}
        confirm(entities, confirmed, done.applied)

    async def _write_chapters(self, chapters: Sequence[GalleryChapter], done: Flushed) -> None:
        ready = [
            c
            for c in chapters
            if isinstance(c.gallery, Gallery) and not c.gallery.is_new() and edited_fields(c)
        ]
        for batch in batched(ready, BATCH):
            operations = [self._creation(c) if c.is_new() else self._updating(c) for c in batch]
            refused = await self._sender.aliases(operations)
            for operation in operations:
                if (message := refused.get(id(operation.entity))) is None:
                    self.queued.pop(id(operation.entity), None)
                    self._confirm(operation, done)
                else:
                    done.failed.append(Failure(operation.entity, message))

    async def _set_covers(self, galleries: Sequence[Gallery], done: Flushed) -> None:
        changed = [g for g in galleries if "cover" in edited_fields(g)]
        for batch in batched(changed, BATCH):
            refused = await self._sender.verdicts([_cover(gallery) for gallery in batch])
            for number, gallery in enumerate(batch):
                if number in refused:
                    done.failed.append(Failure(gallery, refused[number]))
                else:
                    done.applied += _changes(gallery, ["cover"])
                    mark_sent(gallery, values(gallery, ["cover"]))

    async def _by_the_library(self, entities: Sequence[Entity], done: Flushed) -> None:
        """Fields for which the library has handlers of its own: counters and histories, one entity at a time."""
        for entity in entities:
            fields = [f for f in edited_fields(entity) if _is_separate(entity, f)]
            handlers = {id(h): h for f in fields if (h := _handler(entity, f)) is not None}
            for handler in handlers.values():
                await handler(self._store.connection, entity)
            mine = [f for f in fields if _handler(entity, f) is not None]
            done.applied += _changes(entity, mine)
            mark_sent(entity, values(entity, mine))


def _handler(entity: Entity, name: str) -> Any:
    if name == "custom_fields" or (entity.__type_name__, name) in SEPARATE:
        return None
    return entity.__side_mutations__.get(name)


def _is_separate(entity: Entity, name: str) -> bool:
    return (entity.__type_name__, name) in SEPARATE or _handler(entity, name) is not None


def _changes(entity: Entity, fields: Iterable[str]) -> list[Change]:
    action: Any = "create" if entity.is_new() else "update"
    return [Change(entity, action, f, before(entity, f), entity.__dict__.get(f, UNSET)) for f in fields]


def _levels(new: Sequence[Entity]) -> list[list[Entity]]:
    """Entities in groups, each needing only what the groups before it make."""
    depth: dict[int, int] = {}
    for entity in new:
        needed = [depth[id(o)] for o in related(entity, entity.__tracked_fields__) if id(o) in depth]
        depth[id(entity)] = max(needed, default=-1) + 1
    levels: list[list[Entity]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for entity in new:
        levels[depth[id(entity)]].append(entity)
    return levels


def _cover(gallery: Gallery) -> Field:
    if isinstance(gallery.cover, Image):
        content = {"gallery_id": gallery.id, "cover_image_id": gallery.cover.id}
        return Field("setGalleryCover", {"input": ("GallerySetCoverInput!", content)})
    return Field("resetGalleryCover", {"input": ("GalleryResetCoverInput!", {"gallery_id": gallery.id})})
