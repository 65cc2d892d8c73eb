"""GraphQL documents: aliased fields in one request, their arguments always as variables. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.store.entity_types import EntityType


class Field(NamedTuple):
    """One root field. `arguments` maps a name to its GraphQL type and value."""

    name: str
    arguments: dict[str, tuple[str, Any]]
    selection: str = ""


def document(operation: str, fields: Sequence[Field]) -> tuple[str, dict[str, Any]]:
    """Return the text and the variables of an operation. Its fields are aliased `f0`, `f1`, …."""
    shape = tuple((f.name, tuple((n, t) for n, (t, _) in f.arguments.items()), f.selection) for f in fields)
    variables = {
        f"{name}{number}": value
        for number, field in enumerate(fields)
        for name, (_, value) in field.arguments.items()
    }
    return _text(operation, shape), variables


@lru_cache(maxsize=32)
def _text(operation: str, shape: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...]) -> str:
    declared = ", ".join(
        f"${argument}{number}: {gql_type}"
        for number, (_, arguments, _) in enumerate(shape)
        for argument, gql_type in arguments
    )
    body = "\n".join(
        f"  f{number}: {name}{_arguments(number, arguments)}{f' {{ {selection} }}' if selection else ''}"
        for number, (name, arguments, selection) in enumerate(shape)
    )
    return f"{operation}{f'({declared})' if declared else ''} {{\n{body}\n}}"


def _arguments(number: int, arguments: tuple[tuple[str, str], ...]) -> str:
    return f"({', '.join(f'{name}: ${name}{number}' for name, _ in arguments)})" if arguments else ""


def find(
    kind: EntityType, where: dict[str, Any], selection: str, *, page: int = 1, per_page: int = -1
) -> Field:
    """Ask for a page of the entities that meet a filter."""
    arguments: dict[str, tuple[str, Any]] = {
        "filter": ("FindFilterType", {"page": page, "per_page": per_page, "sort": "id", "direction": "ASC"})
    }
    if where:
        arguments[kind.filter_argument] = (f"{kind.name}FilterType", where)
    return Field(kind.find_many, arguments, f"count {kind.plural} {{ {selection} }}")


def newest(kind: EntityType) -> Field:
    """Ask for the entity of the highest id."""
    last = {"per_page": 1, "sort": "id", "direction": "DESC"}
    return Field(kind.find_many, {"filter": ("FindFilterType", last)}, f"count {kind.plural} {{ id }}")


def by_ids(kind: EntityType, ids: Sequence[str], selection: str) -> Field:
    """Ask for entities by ids that exist. One missing id fails the whole field."""
    return Field(kind.find_many, {"ids": ("[ID!]", list(ids))}, f"{kind.plural} {{ {selection} }}")


def among(kind: EntityType, ids: Sequence[str], selection: str) -> Field:
    """Ask for entities by ids that existed once.

    Ids that lie close together are asked for by their range, because Stash reads a range several times as fast.
    The reply then holds the ids between them too, and lacks the missing ones.
    """
    within = _range(kind, ids)
    return by_ids(kind, ids, selection) if within is None else find(kind, {"id": within}, selection)


def unlinked_among(kind: EntityType, ids: Sequence[str]) -> Field | None:
    """Ask for the scalar fields of the entities in a range whose lists are all empty. None without a range."""
    within = _range(kind, ids)
    return (
        find(kind, {"id": within, **_UNLINKED}, kind.scalar_fields)
        if within is not None and kind.scalar_fields
        else None
    )


_UNLINKED = {
    "performer_count": {"value": 0, "modifier": "EQUALS"},
    "tag_count": {"value": 0, "modifier": "EQUALS"},
    "galleries": {"value": [], "modifier": "IS_NULL"},
    "url": {"value": "", "modifier": "IS_NULL"},
}


def _range(kind: EntityType, ids: Sequence[str]) -> dict[str, Any] | None:
    numbers = sorted(map(int, ids)) if kind.has_ranges and all(map(str.isdecimal, ids)) else []
    if len(numbers) < CLOSE or numbers[-1] - numbers[0] >= DENSE * len(numbers):
        return None
    return {"value": numbers[0], "value2": numbers[-1], "modifier": "BETWEEN"}


CLOSE = 20
"""A range of ids is asked for from this many ids on."""


DENSE = 1.5
"""A range may be this many times as long as the list of ids. The unwanted rows of a longer one cost too much."""


def by_id(kind: EntityType, entity_id: str, selection: str) -> Field:
    """Ask for one entity. The reply is null if Stash lacks it."""
    return Field(kind.find_one, {"id": ("ID!", entity_id)}, selection)
