"""Criteria on related tags, performers, studios and galleries, with or without their descendants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import ResolverError
from .sql import Clause, every, select
from .values import to_int

if TYPE_CHECKING:
    from .criteria import Criterion
    from .entities import Link


def linked(noun: str, link: Link, hierarchy: tuple[str, str, str] | None = None) -> Criterion:
    """Build a criterion on the members that the entity is tied to.

    Args:
        noun: the entity.
        link: what ties it to its members.
        hierarchy: table, parent column and child column by which members have descendants.
    """
    tied = select(link.owner, link.table)
    owned = select("count(*)", link.table, f"{link.owner} = {noun}.id")

    def having(values: list[str], depth: int) -> Clause:
        family = _family(values, depth, hierarchy)
        return Clause(f"{noun}.id IN ({tied} WHERE {link.member} IN ({family.sql}))", family.parameters)

    def condition(given: dict[str, Any]) -> Clause:
        modifier, depth = given["modifier"], given.get("depth") or 0
        if modifier in ("IS_NULL", "NOT_NULL"):
            return Clause(f"{noun}.id {'NOT ' * (modifier == 'IS_NULL')}IN ({tied})")
        values, excluded = _given(given, ("EXCLUDES",))
        clauses = [~having(excluded, depth)] if excluded else []
        if values and modifier == "NOT_EQUALS":
            raise ResolverError("not equals modifier is not supported for multi criterion input")
        if values and modifier == "INCLUDES":
            clauses.append(having(values, depth))
        elif values:
            clauses += [having([value], depth) for value in values]
        if values and modifier == "EQUALS":
            clauses.append(Clause(f"({owned}) = ?", (len(values),)))
        return every(clauses)

    return condition


def reference(column: str, hierarchy: tuple[str, str, str] | None = None) -> Criterion:
    """Build a criterion on the one other entity that a column names."""

    def condition(given: dict[str, Any]) -> Clause:
        modifier, depth = given["modifier"], given.get("depth") or 0
        if modifier in ("IS_NULL", "NOT_NULL"):
            return Clause(f"{column} IS {'NOT ' * (modifier == 'NOT_NULL')}NULL")
        values, excluded = _given(given, ("EXCLUDES", "NOT_EQUALS"))
        clauses = []
        if values:
            family = _family(values, depth, hierarchy)
            clauses.append(Clause(f"{column} IN ({family.sql})", family.parameters))
        if len(values) > 1 and modifier != "INCLUDES":
            clauses.append(Clause("0"))
        if excluded:
            family = _family(excluded, depth, hierarchy)
            clauses.append(Clause(f"{column} NOT IN ({family.sql}) OR {column} IS NULL", family.parameters))
        return every(clauses)

    return condition


def _given(given: dict[str, Any], negations: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the values that must be there and those that must not. A negating modifier forbids all."""
    values, excluded = given.get("value") or [], given.get("excludes") or []
    return ([], [*excluded, *values]) if given["modifier"] in negations else (values, excluded)


def _family(values: list[str], depth: int, hierarchy: tuple[str, str, str] | None) -> Clause:
    """Return the ids of the values and, to some depth (-1: all), of their descendants."""
    ids = json.dumps([to_int(value, "converting ids") for value in values])
    if not depth or hierarchy is None:
        return Clause("SELECT value FROM json_each(?)", (ids,))
    table, parent, child = hierarchy
    step = select(f"{table}.{child}, level + 1", f"{table} JOIN family ON {table}.{parent} = member")
    if depth > 0:
        step += f" WHERE level < {int(depth)}"
    start = select("value, 0", "json_each(?)")
    return Clause(
        f"WITH RECURSIVE family (member, level) AS ({start} UNION {step}) {select('member', 'family')}",
        (ids,),
    )
