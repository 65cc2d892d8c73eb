"""Making new entities. However many callers ask, there is one per natural key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.errors import LookupRefusedError, RejectedError
from stash.store.dataloader import DataLoader
from stash.texts import normalize_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.store.entity_types import Entity, EntityType
    from stash.store.natural_keys import NaturalKeys
    from stash.store.pending import PendingByKey, PendingChanges
    from stash.store.reading import StashReader
    from stash.store.unit_of_work import UnitOfWork

_IGNORED_FIELDS = {"Studio": ("performers",)}
"""Fields that the guide's examples give, although Stash's type lacks them."""


class EntityFactory:
    """Makes new entities. In a session they wait for its flush, else they are created at once."""

    def __init__(
        self,
        reader: StashReader,
        keys: NaturalKeys,
        pending_keys: PendingByKey,
        pending: PendingChanges,
        unit_of_work: UnitOfWork,
    ) -> None:
        self._reader = reader
        self._keys = keys
        self._pending_keys = pending_keys
        self._pending = pending
        self._unit_of_work = unit_of_work
        self._creating: DataLoader[Entity, Entity] = DataLoader(self._create_all)

    def build(self, kind: EntityType, fields: Mapping[str, Any]) -> Entity:
        """Make a new entity that no flush creates yet.

        Raises:
            LookupRefusedError: the type has no such field.
        """
        check_fields(kind, fields)
        known = {name: value for name, value in fields.items() if name in kind.fields}
        return self._reader.hydrator.fresh(kind, known)

    async def create(self, kind: EntityType, fields: Mapping[str, Any]) -> Entity:
        """Create an entity at once. See `StashStore.create`."""
        entity = self.build(kind, fields)
        self._pending.queue(entity)
        return await self._creating.ask(entity)

    async def get_or_create(self, kind: EntityType, fields: Mapping[str, Any], *, may_create: bool) -> Entity:
        """Find an entity by its natural key, or create it. See `StashStore.get_or_create`."""
        key = normalize_text(fields.get(kind.key or "", ""))
        if kind.key is None or not key:
            raise LookupRefusedError(f"get_or_create({kind.name}) needs a {kind.key or 'natural key'}.")
        check_fields(kind, fields)
        if found := await self._keys.named(kind.entity, key):
            return found[0]
        if not may_create:
            raise LookupRefusedError(f"Stash has no {kind.name} with the {kind.key} {key!r}.")
        return await self.make_first(kind, fields)

    async def make_first(self, kind: EntityType, fields: Mapping[str, Any]) -> Entity:
        """Make the new entity of a natural key, or return the one that another caller has begun."""
        key = normalize_text(fields[kind.key or ""])
        entity = self._pending_keys.get(kind, key)
        if entity is None:
            entity = self._pending_keys.begin(kind, key, self.build(kind, fields))
            self._pending.queue(entity)
        return entity if self._reader.caches.is_in_session else await self._creating.ask(entity)

    async def _create_all(self, queued: Sequence[Entity]) -> dict[Entity, Entity | BaseException]:
        done = await self._unit_of_work.flush(only=queued)
        answers: dict[Entity, Entity | BaseException] = {}
        for entity in queued:
            failure = done.failure_of(entity)
            if failure is None:
                answers[entity] = self._reader.registry.restore(entity)
            else:
                self._pending.discard(entity)
                answers[entity] = rejection(entity, failure.message)
        return answers


def check_fields(kind: EntityType, fields: Mapping[str, Any]) -> None:
    """Refuse fields that a type does not have.

    Raises:
        LookupRefusedError: the type has no such field.
    """
    unknown = [n for n in fields if n not in kind.fields and n not in _IGNORED_FIELDS.get(kind.name, ())]
    if unknown:
        raise LookupRefusedError(f"{kind.name} has no field {unknown[0]!r}.")


def rejection(entity: Entity, message: str) -> RejectedError:
    """Return the error of an entity that Stash refused."""
    name = entity.__dict__.get("name") or entity.__dict__.get("title") or entity.id
    return RejectedError(f"Stash refused {entity.__type_name__} {name!r}: {message[:300]}")
