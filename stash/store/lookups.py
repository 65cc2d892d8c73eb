"""Django-style lookups: the filters for Stash, and the exact check of the entities that it returns. Pure.

Stash's EQUALS is LIKE and its INCLUDES splits words. So text is asked for by an anchored, escaped regex, and bounds
a little too wide. Every returned value is compared again here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import batched
from typing import Any

from stash_graphql_client.types.unset import UNSET

from stash.errors import LookupRefusedError
from stash.store.entity_types import ENTITY_TYPES, Entity, EntityType
from stash.texts import fold

_FIELD_NAMES = {
    "urls": "url",
    "alias_list": "aliases",
    "studio": "studios",
    "parent_studio": "parents",
}
_TEXT_AT = {"url": ("urls",), "aliases": ("aliases", "alias_list")}

_TEXT = frozenset({"exact", "iexact", "contains", "icontains", "in", "regex", "null"})
_NUMBER = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "between", "null"})
_MEMBERS = frozenset({"exact", "in", "includes", "includes_all", "excludes", "null"})
_ALLOWED = {
    "StringCriterionInput": _TEXT,
    "IntCriterionInput": _NUMBER,
    "FloatCriterionInput": _NUMBER,
    "DateCriterionInput": _NUMBER,
    "TimestampCriterionInput": _NUMBER,
    "MultiCriterionInput": _MEMBERS,
    "HierarchicalMultiCriterionInput": _MEMBERS,
    "bool": frozenset({"exact"}),
    "str": frozenset({"exact"}),
}
_WIDEST = {"IntCriterionInput": (-(2**31), 2**31 - 1), "FloatCriterionInput": (-1e300, 1e300)}
VALUES = 1000
"""Values per request. One pattern of so many costs Stash a third of a second on 40,000 images."""

_ALL_DATES = ("0001-01-01", "9999-12-31")


@dataclass(frozen=True)
class Lookup:
    """One condition. `asks` names the criterion that Stash has for the field."""

    field: str
    operator: str
    value: Any
    asks: str


def parse(kind: EntityType, filters: Mapping[str, Any]) -> list[Lookup]:
    """Read `field__operator=value` arguments.

    Raises:
        LookupRefusedError: an unknown field or operator, or a value of the wrong type.
    """
    return [_lookup(kind, name, value) for name, value in filters.items()]


def _lookup(kind: EntityType, name: str, value: object) -> Lookup:
    field, _, operator = name.partition("__")
    field = _FIELD_NAMES.get(field, field)
    is_raw = isinstance(value, dict) and "modifier" in value
    asks = "id" if field == "id" and not is_raw else _criterion_of(kind.name, field)
    if asks.endswith("FilterType") or is_raw:
        return Lookup(field, "raw", value, asks)
    operator = operator or "exact"
    allowed = frozenset({"exact", "in"}) if asks == "id" else _ALLOWED.get(asks, frozenset())
    if operator not in allowed:
        raise LookupRefusedError(
            f"{kind.name}.{field} cannot be looked up by {operator!r}; allowed: {', '.join(sorted(allowed)) or 'none'}."
        )
    return Lookup(field, operator, _checked(kind, field, operator, asks, value), asks)


@cache
def _criterion_of(type_name: str, field: str) -> str:
    kind = ENTITY_TYPES[type_name]
    fields = kind.filter.model_fields if kind.filter else {}
    if field not in fields or field in {"AND", "OR", "NOT"}:
        known = ", ".join(sorted(f for f in fields if f.islower() and not f.endswith("_filter")))
        raise LookupRefusedError(f"{kind.name} cannot be looked up by {field!r}; allowed: {known}.")
    annotation = str(fields[field].annotation).split(" | ", 1)[0]
    return annotation.rsplit(".", 1)[-1].removeprefix("<class '").removesuffix("'>")


def _checked(kind: EntityType, field: str, operator: str, asks: str, value: Any) -> Any:
    where = f"{kind.name}.{field}__{operator}"
    if operator == "null":
        return _expect(where, value, bool)
    if asks in {"MultiCriterionInput", "HierarchicalMultiCriterionInput"}:
        many = value if isinstance(value, list | tuple | set | frozenset) else [value]
        return tuple(_identity(where, one) for one in many)
    if asks == "id":
        many = value if operator == "in" else [value]
        return tuple(str(_expect(where, one, str, int)) for one in many)
    one_of: Callable[[Any], Any] = lambda one: _scalar(where, asks, one)  # noqa: E731
    if operator == "in":
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise LookupRefusedError(f"{where} takes a list of values, not {value!r}.")
        return tuple(dict.fromkeys(one_of(one) for one in value))
    if operator == "between":
        if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004 - a pair
            raise LookupRefusedError(f"{where} takes a pair of bounds, not {value!r}.")
        return tuple(one_of(one) for one in value)
    return one_of(value)


def _scalar(where: str, asks: str, value: object) -> object:
    match asks:
        case "bool":
            return _expect(where, value, bool)
        case "IntCriterionInput":
            return _expect(where, value, int)
        case "FloatCriterionInput":
            return _expect(where, value, int, float)
        case "DateCriterionInput":
            return value.isoformat()[:10] if isinstance(value, date) else _expect(where, value, str)
        case "TimestampCriterionInput":
            return _instant(where, value)
        case _:
            return _expect(where, value, str)


def _instant(where: str, value: object) -> datetime:
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise LookupRefusedError(f"{where} takes an instant, not {value!r}.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _expect(where: str, value: object, *types: type) -> Any:
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        names = " or ".join(t.__name__ for t in types)
        raise LookupRefusedError(f"{where} takes a value of type {names}, not {value!r}.")
    return value


def _identity(where: str, value: object) -> str:
    if isinstance(value, Entity):
        if value.is_new():
            raise LookupRefusedError(f"{where} takes entities that Stash knows; save {value!r} first.")
        return value.id
    return str(_expect(where, value, str, int))


def criteria(lookups: Sequence[Lookup]) -> dict[str, Any]:
    """Build the filter for Stash. It may match more than the lookups, never less."""
    result: dict[str, Any] = {}
    for lookup in reversed(lookups):
        if lookup.asks == "id":
            continue
        criterion = lookup.value if lookup.operator == "raw" else _criterion(lookup)
        if lookup.field in result:
            result = {lookup.field: criterion, "AND": result}
        else:
            result[lookup.field] = criterion
    return result


def anchored(values: Sequence[str], *, ignoring_case: bool = False) -> str:
    """Build a pattern of Stash's dialect that matches exactly these values.

    The common start of addresses and paths stands in it once, which halves Stash's work.
    """
    tails: dict[str, list[str]] = {}
    for value in values:
        head, slash, tail = value.rpartition("/")
        tails.setdefault(re.escape(head + slash), []).append(re.escape(tail))
    alike = [f"{head}(?:{'|'.join(found)})" if head else "|".join(found) for head, found in tails.items()]
    return f"{'(?i)' if ignoring_case else ''}^(?:{'|'.join(alike)})$"


def _criterion(lookup: Lookup) -> Any:
    value, operator = lookup.value, lookup.operator
    if lookup.asks in {"bool", "str"}:
        return value
    if operator == "null":
        placeholder: Any = [] if "Multi" in lookup.asks else 0 if lookup.asks in _WIDEST else ""
        return {"value": placeholder, "modifier": "IS_NULL" if value else "NOT_NULL"}
    if "Multi" in lookup.asks:
        modifier = {"includes_all": "INCLUDES_ALL", "excludes": "EXCLUDES"}.get(operator, "INCLUDES")
        return {"value": list(value), "modifier": modifier}
    if lookup.asks == "StringCriterionInput":
        return {"value": _pattern(operator, value), "modifier": "MATCHES_REGEX"}
    low, high = _bounds(lookup)
    return {"value": low, "value2": high, "modifier": "BETWEEN"}


def _pattern(operator: str, value: Any) -> str:
    match operator:
        case "regex":
            return str(value)
        case "contains" | "icontains":
            return f"(?i){re.escape(value)}"
        case "in":
            return anchored(value)
        case _:
            return anchored([value], ignoring_case=operator == "iexact")


def _bounds(lookup: Lookup) -> tuple[Any, Any]:
    value = lookup.value
    match lookup.operator:
        case "in" | "between":
            low, high = (min(value), max(value)) if value else _widest(lookup.asks)
        case "gt" | "gte":
            low, high = value, _widest(lookup.asks)[1]
        case "lt" | "lte":
            low, high = _widest(lookup.asks)[0], value
        case _:
            low = high = value
    return _wide(low, -1), _wide(high, 1)


def _widest(asks: str) -> tuple[Any, Any]:
    return _WIDEST.get(asks, _ALL_DATES)


def _wide(bound: object, sign: int) -> object:
    """Widen an instant by two days, because Stash stores it as text in the server's time zone."""
    if isinstance(bound, datetime):
        return (bound + sign * timedelta(days=2)).strftime("%Y-%m-%d")
    return bound


def matches(entity: Entity, lookups: Sequence[Lookup]) -> bool:
    """Tell whether an entity meets the conditions. A field that was not received counts as met."""
    return all(_meets(entity, lookup) for lookup in lookups)


def _meets(entity: Entity, lookup: Lookup) -> bool:
    if lookup.operator in {"raw", "regex"} or "Multi" in lookup.asks or lookup.asks == "str":
        return True
    values = values_of(entity, lookup.field)
    if values is None:
        return True
    if lookup.operator == "null":
        return bool(lookup.value) != any(value not in {None, ""} for value in values)
    test = _TESTS[lookup.operator]
    return any(value is not None and test(value, lookup.value) for value in values)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda value, wanted: bool(value == wanted),
    "iexact": lambda value, wanted: bool(fold(value) == fold(wanted)),
    "contains": lambda value, wanted: fold(wanted) in fold(value),
    "icontains": lambda value, wanted: fold(wanted) in fold(value),
    "in": lambda value, wanted: value in wanted,
    "gt": lambda value, wanted: bool(value > wanted),
    "gte": lambda value, wanted: bool(value >= wanted),
    "lt": lambda value, wanted: bool(value < wanted),
    "lte": lambda value, wanted: bool(value <= wanted),
    "between": lambda value, wanted: bool(wanted[0] <= value <= wanted[1]),
}


def values_of(entity: Entity, field: str) -> list[Any] | None:
    """Return the values of an entity for a field of a filter, or None if it was not received."""
    data = entity.__dict__
    if field == "path":
        files = data.get("visual_files", data.get("files", UNSET))
        return None if files is UNSET else [file.path for file in files]
    for name in _TEXT_AT.get(field, (field,)):
        value = data.get(name, UNSET)
        if value is not UNSET:
            return list(value) if isinstance(value, list) else [value]
    return None


def split(lookups: list[Lookup]) -> list[list[Lookup]]:
    """Split lookups of more values than a request takes. The results of all parts are the answer."""
    for place, lookup in enumerate(lookups):
        if lookup.operator == "in" and lookup.asks == "StringCriterionInput" and len(lookup.value) > VALUES:
            return [
                [*lookups[:place], Lookup(lookup.field, "in", part, lookup.asks), *lookups[place + 1 :]]
                for part in batched(lookup.value, VALUES)
            ]
        if lookup.operator == "in" and not lookup.value:
            return []
    return [list(lookups)]
