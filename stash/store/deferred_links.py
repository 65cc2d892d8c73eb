"""Links set on relations that were not read yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.store.entity_types import Entity


class DeferredLinks:
    """Links that wait until their relation is read. Then they join the links that Stash has."""

    def __init__(self) -> None:
        self._links: dict[Entity, dict[str, list[tuple[Entity, bool]]]] = {}

    def add(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be added."""
        self._note(entity, relation, other, present=True)

    def remove(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be removed."""
        self._note(entity, relation, other, present=False)

    def _note(self, entity: Entity, relation: str, other: Entity, *, present: bool) -> None:
        links = self._links.setdefault(entity, {}).setdefault(relation, [])
        links[:] = [(member, is_in) for member, is_in in links if member is not other]
        links.append((other, present))

    def entities(self) -> list[Entity]:
        """Return the entities that have such links."""
        return list(self._links)

    def relations(self, entity: Entity) -> list[str]:
        """Return the relations of an entity that have to be read."""
        return list(self._links.get(entity, ()))

    def pop(self, entity: Entity) -> Iterator[tuple[str, Entity, bool]]:
        """Give out the links of an entity: relation, the other entity, and True for a link to be added."""
        for relation, links in self._links.pop(entity).items():
            for other, present in links:
                yield relation, other, present
