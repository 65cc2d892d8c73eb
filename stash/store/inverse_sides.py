"""The bounded inverse sides of relations, which are kept in step without a request."""

from __future__ import annotations

from stash_graphql_client.types.unset import UNSET

from stash.store.entity_types import Entity
from stash.store.library_internals import snapshot

IN_STEP = frozenset(
    {
        ("Gallery", "scenes"),
        ("Scene", "galleries"),
        ("Gallery", "chapters"),
        ("GalleryChapter", "gallery"),
        ("Studio", "parent_studio"),
        ("Studio", "child_studios"),
        ("Tag", "parents"),
        ("Tag", "children"),
    }
)
"""The relations of which both sides are bounded, by type and field."""


def mirror(holder: Entity, member: Entity, field: str, *, present: bool) -> None:
    """Show a link on its other side too, without making that side edited."""
    inverse = member.__relationships__[field].inverse_query_field
    if inverse is None or (holder.__type_name__, inverse) not in IN_STEP:
        return
    for values in (holder.__dict__, snapshot(holder)):
        current = values.get(inverse, UNSET)
        if isinstance(current, list):
            if not present:
                drop(current, member)
            elif member not in current:
                current.append(member)
        elif current is not UNSET:
            values[inverse] = member if present else None


def members(value: object) -> list[Entity]:
    """Return the entities that the value of a relation holds."""
    if isinstance(value, list):
        return list(value)
    return [value] if isinstance(value, Entity) else []


def drop(members: list[Entity], other: Entity) -> None:
    """Remove an object from a list."""
    members[:] = [member for member in members if member is not other]
