"""What every mixin stands on: the store, the run's memory, and the one way to assign."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from metadata.items import Creator
from stash.processing.wishes import Applied, Wish, apply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stash_graphql_client.types import Performer, Studio

    from metadata.items import Item
    from stash.files import Files
    from stash.journal import Journal, Memory, SourceKey
    from stash.report import Report
    from stash.store import StashStore
    from stash.store.kinds import Entity

log = logging.getLogger(__name__)


class HasStore(Protocol):
    """Anything that leads to the store of a Stash: the library's context is one."""

    @property
    def store(self) -> StashStore:
        """The store."""
        ...


@dataclass
class Run:
    """One execution: what the mixins share of it."""

    report: Report
    files: Files
    journal: Journal | None = None
    is_dry: bool = False
    overwrite: Collection[str] = ()
    memories: dict[tuple[str, SourceKey], Memory] = field(default_factory=dict)
    applied: dict[int, Applied] = field(default_factory=dict)
    stamps: list[tuple[str, int, Entity]] = field(default_factory=list)
    people: dict[SourceKey, Performer] = field(default_factory=dict)
    studios: dict[int, Studio] = field(default_factory=dict)
    matched: set[int] = field(default_factory=set)
    counted: set[int] = field(default_factory=set)
    planned: set[tuple[int, str]] = field(default_factory=set)

    def memory(self, type_name: str, key: SourceKey) -> Memory | None:
        """What an earlier run left of an entity."""
        return self.memories.get((type_name, key))

    async def recall(self, type_name: str, keys: Iterable[SourceKey]) -> None:
        """Read what earlier runs left of these entities."""
        if self.journal is not None:
            found = await self.journal.recall(type_name, keys)
            self.memories |= {(type_name, key): memory for key, memory in found.items()}


class StashProcessingBase:
    """Holds the store and the run; mixins have no state of their own."""

    context: HasStore
    run: Run

    @property
    def store(self) -> StashStore:
        """The store, the same as `context.store`."""
        return self.context.store

    def _apply(self, entity: Entity, key: SourceKey, wish: Wish) -> Applied:
        """Bring an entity to what the source asks for, without overwriting what the user edited."""
        memory = self.run.memory(entity.__type_name__, key)
        applied = apply(entity, key, wish, memory, self.run.overwrite)
        self.run.applied[id(entity)] = applied
        return applied

    def _apply_more(self, entity: Entity, wish: Wish) -> None:
        """Add to what was decided for an entity already."""
        earlier = self.run.applied[id(entity)]
        more = apply(
            entity, earlier.key, wish, self.run.memory(entity.__type_name__, earlier.key), self.run.overwrite
        )
        more.digest = earlier.digest
        self.run.applied[id(entity)] = earlier.joined(more)


def people_of(item: Item) -> list[Creator]:
    """Everybody mentioned in an item, each once."""
    found = {
        m.handle.casefold(): m.account or Creator(m.accountId or 0, m.handle) for m in item.accountMentions
    }
    return list(found.values())
