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
    to_input,
    values,
)
from stash.store.documents import Field, document
from stash.store.entities import link, unlink
from stash.store.kinds import KINDS, Entity, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stash.connection import Reply
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


@dataclass
class _Operation:
    """One mutation: what it sends of an entity, as copied at the time of sending."""

    entity: Entity
    field: Field
    sent: dict[str, Any]
    changes: list[Change]


class UnreadLinks:
    """Links set on relations that were not read yet; they join what Stash has when they are written."""

    def __init__(self) -> None:
        self._links: dict[int, tuple[Entity, dict[str, list[tuple[Entity, bool]]]]] = {}

    def add(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be added."""
        self._note(entity, relation, other, present=True)

    def remove(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be taken out."""
        self._note(entity, relation, other, present=False)

    def _note(self, entity: Entity, relation: str, other: Entity, *, present: bool) -> None:
        links = self._links.setdefault(id(entity), (entity, {}))[1].setdefault(relation, [])
        links[:] = [(member, is_in) for member, is_in in links if member is not other]
        links.append((other, present))

    def entities(self) -> list[Entity]:
        """Who has such links."""
        return [entity for entity, _ in self._links.values()]

    def relations(self, entity: Entity) -> list[str]:
        """Which relations of an entity have to be read."""
        return list(self._links[id(entity)][1]) if id(entity) in self._links else []

    def replay(self, entity: Entity) -> None:
        """Set the links, now that the relations were read."""
        _, relations = self._links.pop(id(entity))
        for relation, links in relations.items():
            for other, present in links:
                (link if present else unlink)(entity, relation, other)


class UnitOfWork:
    """What is pending in a store, and how it is written."""

    def __init__(self, store: StashStore) -> None:
        self._store = store
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
            for batch in batched(level, BATCH, strict=False):
                await self._create(batch, done)
        saved = [e for e in entities if not e.is_new() and not isinstance(e, GalleryChapter)]
        for batch in batched([e for e in saved if self._update_fields(e)], BATCH, strict=False):
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
        return [f for f in edited_fields(entity) if not _is_separate(entity, f)] + list(
            self._attachments(entity)
        )

    async def _create(self, entities: Sequence[Entity], done: Flushed) -> None:
        operations = [self._creation(entity) for entity in entities]
        try:
            refused = await self._send(operations)
        except UnansweredWriteError:
            made = await self._store.adopt_existing(entities)
            operations = [o for o in operations if id(o.entity) not in made]
            refused = await self._send(operations) if operations else {}
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

    def _creation(self, entity: Entity) -> _Operation:
        kind = kind_of(entity)
        fields = [f for f in edited_fields(entity) if not _is_separate(entity, f)]
        content = {**to_input(entity, fields), **self._attachments(entity)}
        return _Operation(
            entity,
            Field(
                kind.operation("Create"), {"input": (f"{kind.name}CreateInput!", content)}, "id created_at"
            ),
            values(entity, fields),
            _changes(entity, [*fields, *self._attachments(entity)]),
        )

    async def _update(self, entities: Sequence[Entity], done: Flushed) -> None:
        operations = [self._updating(entity) for entity in entities]
        alone: list[_Operation] = []
        for kind in {o.entity.__type_name__: kind_of(o.entity) for o in operations}.values():
            same = [o for o in operations if o.entity.__type_name__ == kind.name]
            if kind.list_update is None or len(same) == 1:
                alone += same
        listed = [o for o in operations if not any(o is single for single in alone)]
        refused = await self._send_lists(listed, alone)
        for operation in operations:
            if (message := refused.get(id(operation.entity))) is None:
                self._confirm(operation, done)
            else:
                done.failed.append(Failure(operation.entity, message))

    async def _send_lists(self, listed: list[_Operation], alone: list[_Operation]) -> dict[int, str]:
        """List mutations are a third of the cost and atomic: what fails as a list is sent one by one."""
        groups = {
            name: [o for o in listed if o.entity.__type_name__ == name]
            for name in ("Image", "Scene", "Gallery")
        }
        groups = {name: group for name, group in groups.items() if group}
        fields = [
            Field(
                str(KINDS[name].list_update),
                {"input": (f"[{name}UpdateInput!]!", [o.field.arguments["input"][1] for o in group])},
                "id",
            )
            for name, group in groups.items()
        ]
        retry = list(alone)
        if fields:
            reply = await self._mutate(fields)
            for number, group in enumerate(groups.values()):
                answer = reply.data.get(f"f{number}")
                if not isinstance(answer, list) or [a and a.get("id") for a in answer] != [
                    o.entity.id for o in group
                ]:
                    retry += group
        return await self._send(retry) if retry else {}

    def _updating(self, entity: Entity) -> _Operation:
        kind = kind_of(entity)
        fields = [f for f in edited_fields(entity) if not _is_separate(entity, f)]
        content = {"id": entity.id, **to_input(entity, fields), **self._attachments(entity)}
        return _Operation(
            entity,
            Field(kind.operation("Update"), {"input": (f"{kind.name}UpdateInput!", content)}, "id"),
            values(entity, fields),
            _changes(entity, [*fields, *self._attachments(entity)]),
        )

    def _confirm(self, operation: _Operation, done: Flushed) -> None:
        mark_sent(operation.entity, operation.sent)
        self.attached.pop(id(operation.entity), None)
        done.applied += operation.changes

    async def _send(self, operations: Sequence[_Operation]) -> dict[int, str]:
        """Send each as an alias, a transaction of its own; answers who was refused, and why."""
        if not operations:
            return {}
        reply = await self._mutate([operation.field for operation in operations])
        if not reply.data and len(operations) > 1:
            half = len(operations) // 2
            return {**await self._send(operations[:half]), **await self._send(operations[half:])}
        refused: dict[int, str] = {}
        for number, operation in enumerate(operations):
            answer = reply.data.get(f"f{number}")
            if not isinstance(answer, dict) or not answer.get("id"):
                refused[id(operation.entity)] = reply.message_for(f"f{number}") or "Stash gave no answer"
            elif operation.entity.is_new():
                self._store.name(operation.entity, answer)
        return refused

    async def _mutate(self, fields: Sequence[Field]) -> Reply:
        text, variables = document("mutation", fields)
        return await self._store.connection.mutate(text, variables, fields=len(fields))

    async def _link_images(self, entities: Sequence[Image | Gallery], done: Flushed) -> None:
        added: dict[Entity, list[Image]] = {}
        removed: dict[Entity, list[Image]] = {}
        for image, gallery, present in _image_links(entities):
            if not gallery.is_new():
                (added if present else removed).setdefault(gallery, []).append(image)
        confirmed: set[tuple[str, str, bool]] = set()
        for name, groups in (("addGalleryImages", added), ("removeGalleryImages", removed)):
            for batch in batched(groups.items(), BATCH, strict=False):
                fields = [_image_link(name, gallery, images) for gallery, images in batch]
                refused = await self._send_verdicts(fields)
                for number, (gallery, images) in enumerate(batch):
                    if number in refused:
                        done.failed.append(Failure(gallery, refused[number]))
                        continue
                    confirmed |= {(i.id, gallery.id, name.startswith("add")) for i in images}
        _confirm_image_links(entities, confirmed, done)

    async def _send_verdicts(self, fields: Sequence[Field]) -> dict[int, str]:
        """Send mutations that answer true or fail; one failure hides the other answers, so those are asked again."""
        refused: dict[int, str] = {}
        left = list(range(len(fields)))
        while left:
            reply = await self._mutate([fields[number] for number in left])
            answers = {number: reply.data.get(f"f{place}") for place, number in enumerate(left)}
            failed = {
                number: message
                for place, number in enumerate(left)
                if answers[number] is not True and (message := reply.message_for(f"f{place}")) is not None
            }
            if not failed:
                refused |= {n: "Stash gave no answer" for n in left if answers[n] is not True}
                break
            refused |= failed
            left = [number for number in left if number not in failed and answers[number] is not True]
        return refused

    async def _write_chapters(self, chapters: Sequence[GalleryChapter], done: Flushed) -> None:
        ready = [
            c
            for c in chapters
            if isinstance(c.gallery, Gallery) and not c.gallery.is_new() and edited_fields(c)
        ]
        for batch in batched(ready, BATCH, strict=False):
            operations = [self._creation(c) if c.is_new() else self._updating(c) for c in batch]
            refused = await self._send(operations)
            for operation in operations:
                if (message := refused.get(id(operation.entity))) is None:
                    self.queued.pop(id(operation.entity), None)
                    self._confirm(operation, done)
                else:
                    done.failed.append(Failure(operation.entity, message))

    async def _set_covers(self, galleries: Sequence[Gallery], done: Flushed) -> None:
        changed = [g for g in galleries if "cover" in edited_fields(g)]
        for batch in batched(changed, BATCH, strict=False):
            refused = await self._send_verdicts([_cover(gallery) for gallery in batch])
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


def _handler(entity: Entity, name: str) -> Any:  # noqa: ANN401 - the library's own callables
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


def _image_links(entities: Sequence[Image | Gallery]) -> Iterable[tuple[Image, Gallery, bool]]:
    for entity in entities:
        name = "galleries" if isinstance(entity, Image) else "images"
        if name not in edited_fields(entity):
            continue
        now, known = entity.__dict__[name] or [], before(entity, name) or []
        for one, present in [(o, True) for o in now if o not in known] + [
            (o, False) for o in known if o not in now
        ]:
            yield (entity, one, present) if isinstance(entity, Image) else (one, entity, present)


def _confirm_image_links(
    entities: Sequence[Image | Gallery], confirmed: set[tuple[str, str, bool]], done: Flushed
) -> None:
    links = list(_image_links(entities))
    refused = {id(i) for i, g, p in links if (i.id, g.id, p) not in confirmed}
    refused |= {id(g) for i, g, p in links if (i.id, g.id, p) not in confirmed}
    for entity in entities:
        name = "galleries" if isinstance(entity, Image) else "images"
        if name in edited_fields(entity) and id(entity) not in refused:
            done.applied.append(
                Change(entity, "link", name, before(entity, name), list(entity.__dict__[name] or []))
            )
            mark_sent(entity, values(entity, [name]))


def _image_link(name: str, gallery: Entity, images: Sequence[Image]) -> Field:
    content = {"gallery_id": gallery.id, "image_ids": [image.id for image in images]}
    kind = "GalleryAddInput!" if name.startswith("add") else "GalleryRemoveInput!"
    return Field(name, {"input": (kind, content)})


def _cover(gallery: Gallery) -> Field:
    if isinstance(gallery.cover, Image):
        content = {"gallery_id": gallery.id, "cover_image_id": gallery.cover.id}
        return Field("setGalleryCover", {"input": ("GallerySetCoverInput!", content)})
    return Field("resetGalleryCover", {"input": ("GalleryResetCoverInput!", {"gallery_id": gallery.id})})
