"""Links set on relations that were not read yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.store.entities import link, unlink

if TYPE_CHECKING:
    from stash.store.entity_types import Entity


class DeferredLinks:
    """Links set on relations that were not read yet. They join what Stash has when they are written."""

    def __init__(self) -> None:
        self._links: dict[Entity, dict[str, list[tuple[Entity, bool]]]] = {}

    def add(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be added."""
        self._note(entity, relation, other, present=True)

    def remove(self, entity: Entity, relation: str, other: Entity) -> None:
        """Note a link to be taken out."""
        self._note(entity, relation, other, present=False)

    def _note(self, entity: Entity, relation: str, other: Entity, *, present: bool) -> None:
        links = self._links.setdefault(entity, {}).setdefault(relation, [])
        links[:] = [(member, is_in) for member, is_in in links if member is not other]
        links.append((other, present))

    def entities(self) -> list[Entity]:
        """Tell who has such links."""
        return list(self._links)

    def relations(self, entity: Entity) -> list[str]:
        """Tell which relations of an entity have to be read."""
        return list(self._links.get(entity, ()))

    def replay(self, entity: Entity) -> None:
        """Set the links, now that the relations were read."""
        for relation, links in self._links.pop(entity).items():
            for other, present in links:
                (link if present else unlink)(entity, relation, other)
