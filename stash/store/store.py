"""`StashStore`: the library's `StashEntityStore`, made to keep its word."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from stash_graphql_client.client.batch import BatchOperation, BatchResult

from stash.errors import LookupRefusedError, RejectedError
from stash.store.adoption import AdoptingStore
from stash.store.dataloader import DataLoader
from stash.store.documents import Field, document
from stash.store.entity_types import Entity, EntityType, kind_of
from stash.store.lookup_cache import LookupCache
from stash.store.unit_of_work import Flushed, FlushListener, UnitOfWork
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Sequence

    from stash.store.changes import Change
    from stash.transport.client import Connection

T = TypeVar("T", bound=Entity)


class StashStore(AdoptingStore):
    """The identity map of one Stash: lookups that ask little, and one writer.

    Outside of a `window` every find asks Stash and every `get_or_create` is saved at once; inside, lookups are
    served from what `preload` read, and what is made or changed waits for `flush`.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._unit = UnitOfWork(self)
        self._creating: DataLoader[Entity, Entity] = DataLoader(self._create_all)

    @asynccontextmanager
    async def window(self) -> AsyncIterator[StashStore]:
        """Work on a bounded part: lookups are served from what is preloaded, writing waits for `flush`.

        Windows nest: what the outer one knows, the inner one knows too. At its end the inner one's images, scenes
        and galleries leave memory, unless they are still to be written.
        """
        known = set(self._cache)
        self._lookup_caches.append(LookupCache())
        try:
            yield self
        finally:
            self._lookup_caches.pop()
            if not self.is_in_window:
                self._gone.clear()
            self._release(set(self._cache) - known)

    def _release(self, keys: set[tuple[str, str]]) -> None:
        kept = set(self._unit.pending())
        for type_name, entity_id in keys:
            if type_name not in {"Tag", "Performer", "Studio"}:
                entity = self._cache[type_name, entity_id].entity
                if entity not in kept:
                    self.forget(entity)

    async def get_or_create(
        self,
        entity_type: type[T],
        create_if_missing: bool = True,  # noqa: FBT001, FBT002 - the guide's signature
        **fields: Any,
    ) -> T:
        """Find by the natural key alone, else create with the other fields, saved (or queued in a window).

        Raises:
            LookupRefusedError: the natural key is not given, a field is unknown, or nothing is to be created.
            RejectedError: Stash refused to create it.
        """
        kind = kind_of(entity_type)
        key = normalize_text(fields.get(kind.key or "", ""))
        if kind.key is None or not key:
            raise LookupRefusedError(f"get_or_create({kind.name}) needs a {kind.key or 'natural key'}.")
        _check_fields(kind, fields)
        found = await self.named(entity_type, key)
        entity: Entity | None = found[0] if found else None
        if entity is None:
            if not create_if_missing:
                raise LookupRefusedError(f"Stash has no {kind.name} with the {kind.key} {key!r}.")
            entity = await self.make_first(entity_type, **fields)
        return entity  # type: ignore[return-value]  # kept by type

    async def make_first(self, entity_type: type[T], **fields: Any) -> T:
        """The one new entity of a natural key that nobody carries, whoever asks for it first.

        Raises:
            RejectedError: Stash refused to create it.
        """
        kind = kind_of(entity_type)
        key = normalize_text(fields[kind.key or ""])
        entity = self._births.get(kind, key)
        if entity is None:
            entity = self._births.begin(kind, key, self._built(kind, fields))
            self.queue(entity)
        return entity if self.is_in_window else await self._creating.ask(entity)  # type: ignore[return-value]

    async def create(self, entity_type: type[T], **fields: Any) -> T:
        """Create at once. Where Stash has one of that natural key already, that one is returned.

        Raises:
            RejectedError: Stash refused it for another reason.
        """
        kind = kind_of(entity_type)
        _check_fields(kind, fields)
        entity = self._built(kind, fields)
        self.queue(entity)
        return await self._creating.ask(entity)  # type: ignore[return-value]

    def _built(self, kind: EntityType, fields: dict[str, Any]) -> Entity:
        known = {name: value for name, value in fields.items() if name in kind.fields}
        return self._hydrator.fresh(kind, known)

    async def _create_all(self, queued: Sequence[Entity]) -> dict[Entity, Entity | BaseException]:
        done = await self._unit.flush(only=queued)
        answers: dict[Entity, Entity | BaseException] = {}
        for entity in queued:
            failure = done.failure_of(entity)
            if failure is None:
                answers[entity] = self.entry(entity.__type_name__, entity.id) or entity
            else:
                self._discard(entity)
                answers[entity] = _rejection(entity, failure.message)
        return answers

    def _discard(self, entity: Entity) -> None:
        self._unit.queued.pop(entity, None)
        self._births.end(entity)
        self.forget(entity)

    def rollback(self, among: Iterable[Entity] | None = None, *, keeping: Collection[str] = ()) -> None:
        """Forget every entity with something pending, or those among these, but not of the types to keep."""
        wanted = None if among is None else set(among)
        for entity in self._unit.pending():
            if entity.__type_name__ not in keeping and (wanted is None or entity in wanted):
                self._unit.attached.pop(entity, None)
                self._discard(entity)

    def queue(self, entity: Entity) -> None:
        """Have a new entity created by the next flush, and found by lookups of this window."""
        self._cache_entity(entity)
        self._unit.queued[entity] = None
        for cache in self._lookup_caches:
            cache.index(kind_of(entity), [entity])

    def add(self, obj: Entity) -> None:
        """Enter an object. A new one is created by the next flush."""
        if obj.is_new():
            self.queue(obj)
        else:
            self._cache_entity(obj)

    def new(self, entity_type: type[T], **fields: Any) -> T:
        """A new entity of the store, not yet pending. An assignment's checks are a constructor's, and far cheaper.

        Raises:
            LookupRefusedError: it has no such field.
        """
        kind = kind_of(entity_type)
        _check_fields(kind, fields)
        return self._built(kind, fields)  # type: ignore[return-value]  # built by type

    async def make(self, entity: T) -> T:
        """Have a new entity created: at once, or in a window by its flush.

        Raises:
            RejectedError: Stash refused it.
        """
        self.queue(entity)
        return entity if self.is_in_window else await self.save(entity)

    def attach(self, entity: Entity, **content: str | None) -> None:
        """Have a write-only field sent with the next write: an `image` or `cover_image` as data URL, None for none."""
        self.own(entity)
        self._unit.attached[entity] = content

    async def split_scene(self, scene_id: str, path: str) -> str:
        """Give a further file of a scene a scene of its own, at once. Return that scene's id.

        Raises:
            RejectedError: Stash refused it, or the scene has no such file.
        """
        question = Field("findScene", {"id": ("ID!", scene_id)}, "files { id path }")
        scene = (await self._ask(document("query", [question]))).data["f0"] or {"files": []}
        ids = [file["id"] for file in scene["files"] if file["path"] == path]
        if not ids:
            raise RejectedError(f"Stash has no file {path!r} in the scene {scene_id}.")
        creation = Field("sceneCreate", {"input": ("SceneCreateInput!", {"file_ids": ids})}, "id")
        text, variables = document("mutation", [creation])
        reply = await self.connection.mutate(text, variables, fields=1)
        if not reply.data.get("f0"):
            raise RejectedError(f"Stash did not give {path!r} a scene of its own: {reply.message_for('f0')}")
        return str(reply.data["f0"]["id"])

    def record_with(self, recorder: FlushListener | None) -> None:
        """Tell somebody of every batch, before it is sent and after."""
        self._unit.recorder = recorder

    # --- writing ----------------------------------------------------------------------------------------------

    def pending(self) -> list[Change]:
        """Return what a flush would write, mutation by mutation."""
        return self._unit.changes()

    async def flush(self, only: Sequence[Entity] | None = None, *, with_names: bool = False) -> Flushed:
        """Write everything that is pending, or these entities and what they need.

        Args:
            only: these entities.
            with_names: and create every tag, performer and studio that is queued.

        Raises:
            RetriableError: Stash did not answer; what it did not confirm is still pending.
            AccessRefusedError: the key was refused.
        """
        return await self._unit.flush(only, with_names=with_names)

    async def save(self, obj: T, _cascade_depth: int = 0) -> T:  # type: ignore[override]  # the guide's: it answers the object
        """Write one entity and what it needs.

        Raises:
            RejectedError: Stash refused it.
        """
        self.own(obj)
        done = await self._unit.flush(only=[obj])
        if done.failed:
            failure = done.failure_of(obj) or done.failed[0]
            raise _rejection(failure.entity, failure.message)
        return obj

    async def save_batch(self, objects: Sequence[Entity], **_options: Any) -> BatchResult:
        """Write these entities. What was refused carries its error and stays pending."""
        done = await self._unit.flush(only=objects)
        operations = [BatchOperation(mutation_name="save", input_type_name="", variables={}) for _ in objects]
        for operation, entity in zip(operations, objects, strict=True):
            failure = done.failure_of(entity)
            operation.result = {"id": entity.id}
            operation.error = None if failure is None else _rejection(entity, failure.message)
        return BatchResult(operations=operations, raw_response=None)

    async def save_all(self, **_options: Any) -> BatchResult:
        """Write everything that is pending."""
        return await self.save_batch(self._unit.pending())


def _check_fields(kind: EntityType, fields: dict[str, Any]) -> None:
    unknown = [n for n in fields if n not in kind.fields and n not in _WITHOUT_PLACE.get(kind.name, ())]
    if unknown:
        raise LookupRefusedError(f"{kind.name} has no field {unknown[0]!r}.")


_WITHOUT_PLACE = {"Studio": ("performers",)}
"""Fields that callers written after the guide give, and that Stash has no place for."""


def _rejection(entity: Entity, message: str) -> RejectedError:
    name = entity.__dict__.get("name") or entity.__dict__.get("title") or entity.id
    return RejectedError(f"Stash refused {entity.__type_name__} {name!r}: {message[:300]}")
