"""Every private name of the client library that the store relies on.

The library's version is pinned. tests/unit/test_library_internals.py holds each name to the installed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.base import StashObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash_graphql_client import StashClient, StashContext
    from stash_graphql_client.store import CacheEntry, StashEntityStore

    from stash.store.entity_types import Entity


def snapshot(entity: Entity) -> dict[str, Any]:
    """Return the values that Stash has, as far as they are known. The library compares edits with them."""
    # `entity._snapshot` goes through pydantic's `__getattr__`, which is slow
    known: dict[str, Any] = entity.__pydantic_private__["_snapshot"]  # type: ignore[index]  # every entity has it
    return known


def is_new(entity: Entity) -> bool:
    """Tell whether Stash has no such entity yet."""
    new: bool = entity.__pydantic_private__["_is_new"]  # type: ignore[index]  # every entity has it
    return new


def received(entity: Entity) -> frozenset[str]:
    """Return the fields of an entity that replies held so far."""
    fields = entity.__pydantic_private__["_received_fields"]  # type: ignore[index]  # every entity has it
    return frozenset(fields or ())


def set_received(entity: Entity, fields: frozenset[str]) -> None:
    """Set the fields of an entity that replies held so far."""
    entity.__pydantic_private__["_received_fields"] = fields  # type: ignore[index]  # every entity has it


def mark_new(entity: Entity) -> None:
    """Have a save create the entity."""
    entity.__pydantic_private__["_is_new"] = True  # type: ignore[index]  # every entity has it


def mark_created(entity: Entity) -> None:
    """Have a save update the entity. Stash's values are unknown until a reply is read."""
    # the library's snapshot of a new entity holds the values that it was made with
    entity.__pydantic_private__.update(_is_new=False, _snapshot={})  # type: ignore[union-attr]  # every entity has it


def copy_state(source: Entity, target: Entity) -> None:
    """Give one entity the state that the library keeps of another one."""
    target.__pydantic_private__.update(source.__pydantic_private__)  # type: ignore[union-attr, arg-type]  # every entity has it


def assigned_fields(entity: Entity) -> set[str]:
    """Return the fields that were assigned, by the program or by the library's own parsing."""
    return entity.__pydantic_fields_set__


def assign_unchecked(entity: Entity, name: str, value: Any) -> None:
    """Assign a field as pydantic does, without its validation."""
    # pydantic may put another dictionary in the place of this one, so it is looked up each time
    entity.__dict__[name] = value
    entity.__pydantic_fields_set__.add(name)


def blank(cls: type[Entity], defaults: Mapping[str, Any], entity_id: str) -> Entity:
    """Make an entity of which only the id is known, without pydantic's validation."""
    entity = cls.__new__(cls)
    object.__setattr__(entity, "__dict__", {**defaults, "id": entity_id})
    object.__setattr__(entity, "__pydantic_fields_set__", {"id"})
    object.__setattr__(entity, "__pydantic_extra__", {})
    kept: dict[str, Any] = {
        "_snapshot": {},
        "_is_new": False,
        "_received_fields": frozenset({"id"}),
        "_pending_side_ops": [],
    }
    object.__setattr__(entity, "__pydantic_private__", kept)
    return entity


def custom_fields_diff(entity: Entity) -> Any:
    """Return the library's input for the custom fields that were edited, None without an edit."""
    return entity._diff_custom_fields(entity)  # noqa: SLF001 - see the module's docstring


def entries_of(store: StashEntityStore) -> dict[tuple[str, str], CacheEntry[Any]]:
    """Return the library's identity map: the entry of each type and id."""
    return store._cache  # noqa: SLF001 - see the module's docstring


def ids_by_type(store: StashEntityStore) -> dict[str, set[str]]:
    """Return the library's index of its identity map: the ids of each type."""
    return store._type_index  # noqa: SLF001 - see the module's docstring


def live_store(entity_type: type[Entity] = StashObject) -> StashEntityStore | None:
    """Return the store that the library's types are tied to."""
    return entity_type._store  # noqa: SLF001 - see the module's docstring


def set_live_store(store: StashEntityStore) -> None:
    """Tie the library's types to a store. There is one a process."""
    StashObject._store = store  # noqa: SLF001 - see the module's docstring


def parts_of(context: StashContext) -> tuple[StashClient | None, StashEntityStore | None]:
    """Return the client and the store of a context of the library, None where it is not open."""
    return context._client, context._store  # noqa: SLF001 - see the module's docstring


def set_parts(context: StashContext, client: StashClient | None, store: StashEntityStore | None) -> None:
    """Give a context of the library a client and a store. It closes them when nobody holds it any more."""
    context._client, context._store = client, store  # noqa: SLF001 - see the module's docstring
