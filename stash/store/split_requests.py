"""Splitting requests that are too large in two, and joining the replies. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stash.store.documents import Field
from stash.store.lookups import Lookup
from stash.transport.graphql import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence


def halved(field: Field) -> tuple[list[Field], list[Field]] | None:
    """Split a field of several ids in two. None if it has fewer than two."""
    kind, ids = field.arguments.get("ids", ("", ()))
    if len(ids) < 2:  # noqa: PLR2004 - the fewest that can be parted
        return None
    half = len(ids) // 2
    first, second = ({"ids": (kind, part)} for part in (ids[:half], ids[half:]))
    return [Field(field.name, first, field.selection)], [Field(field.name, second, field.selection)]


def in_two(lookups: Sequence[Lookup]) -> list[list[Lookup]]:
    """Split lookups of several values in two. The results of both parts are the answer. Empty if none has two values."""
    many = [p for p, one in enumerate(lookups) if one.operator == "in" and one.asks == "StringCriterionInput"]
    place = max(many, key=lambda place: len(lookups[place].value), default=None)
    if place is None or len(lookups[place].value) < 2:  # noqa: PLR2004 - the fewest that can be parted
        return []
    one, half = lookups[place], len(lookups[place].value) // 2
    return [
        [*lookups[:place], Lookup(one.field, one.operator, part, one.asks), *lookups[place + 1 :]]
        for part in (one.value[:half], one.value[half:])
    ]


def joined(first: Reply, second: Reply, shift: int) -> Reply:
    """Join the replies to the first fields of a request and to those from the `shift`-th on."""
    data = first.data | {_moved(name, shift): value for name, value in second.data.items()}
    moved = [
        {**e, "path": [_moved(p, shift) for p in e["path"]]} if "path" in e else e for e in second.errors
    ]
    return Reply(data, (*first.errors, *moved))


def _moved(name: Any, shift: int) -> Any:
    return f"f{int(name[1:]) + shift}" if isinstance(name, str) and _ALIAS.fullmatch(name) else name


def merged(first: Reply, second: Reply) -> Reply:
    """Join the replies to the two halves of a field of many ids."""
    one, other = first.data.get("f0"), second.data.get("f0")
    page = None
    if isinstance(one, dict) and isinstance(other, dict):
        page = {name: rows + other[name] for name, rows in one.items() if name in other}
    return Reply({"f0": page}, (*first.errors, *second.errors))


_ALIAS = re.compile(r"f\d+", re.ASCII)
