"""What is remembered of an entity, and what a run makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.engine.run import Working
from stash.engine.wishes import Applied, Wish, apply, is_remembered

if TYPE_CHECKING:
    from collections.abc import Collection

    from stash.journal import Memory, SourceKey
    from stash.store.kinds import Entity


TAKEN_BACK = "it was taken back by undo; --redo brings it again"


class Applying(Working):
    """Brings entities to what the source asks for. What a user made of them stays."""

    def _memory(self, entity: Entity, key: SourceKey) -> Memory | None:
        """Return what an earlier run left of this very entity, or a killed one was about to make of it.

        What was left of another entity with the same key says nothing of this one.
        """
        memory = self.run.memory(entity.__type_name__, key)
        if memory is not None and is_remembered(entity, memory):
            return memory
        return self.run.unsettled.get((entity.__type_name__, key))

    async def _others_memories(self, entity: Entity, own: Collection[SourceKey]) -> list[Memory]:
        """Return what is remembered of an entity as another one's than these keys say."""
        if self.run.journal is None:
            return []
        recorded = await self.run.journal.memories_of(entity.__type_name__, entity.id)
        return [memory for memory in recorded if is_remembered(entity, memory) and memory.key not in own]

    async def _is_deleted(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether what an earlier sync recorded was deleted in Stash since, so that it is not to be made again."""
        memory = self.run.memory(entity_type.__type_name__, key)
        if memory is None or (self.run.recreate and not memory.is_taken_back):
            return False
        return await self.store.get(entity_type, memory.stash_id) is None

    def _is_taken_back(self, entity_type: type[Entity], key: SourceKey) -> bool:
        """Tell whether what is deleted was taken back by undo: then another one of its name takes no part in a sync either."""
        memory = self.run.memory(entity_type.__type_name__, key)
        return memory is not None and memory.is_taken_back

    def _left_out(self, entity_type: type[Entity], key: SourceKey) -> None:
        is_taken_back = self._is_taken_back(entity_type, key)
        reason = TAKEN_BACK if is_taken_back else "it was deleted in Stash; --recreate makes it again"
        self.run.report.skip(key.kind, key.id, reason)

    def _apply(self, entity: Entity, key: SourceKey, wish: Wish) -> Applied:
        """Bring an entity to what the source asks for, without overwriting what the user edited."""
        applied = apply(entity, key, wish, self._memory(entity, key), self.run.overwrite)
        if applied.declined:
            self.run.report.skip(key.kind, key.id, TAKEN_BACK)
        return self._note(applied)

    def _note(self, applied: Applied) -> Applied:
        entity, unwritten = applied.entity, self.run.unwritten
        before = unwritten.get(entity)
        if before is not None and before.key != applied.key:
            unwritten[before] = before  # one entity may be several at the source
        self.run.applied[entity] = unwritten[entity] = applied
        return applied

    def _leave(self, entity: Entity, key: SourceKey, why: str) -> None:
        """Leave an entity as it is. What is remembered of it stays as well."""
        self._note(Applied(entity, key, kept=[why], is_left=True))
        self.run.report.keep(entity.__type_name__, entity.id, why)
