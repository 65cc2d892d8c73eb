"""The filters of the find queries: criteria, combined by AND, OR and NOT."""

from __future__ import annotations

from typing import Any

from .catalogue import CRITERIA, RELATED
from .errors import ResolverError
from .sql import TRUE, Clause, either, every, select

_WEIGHTS = {
    "INCLUDES": 1,
    "EXCLUDES": 1,
    "MATCHES_REGEX": 1,
    "NOT_MATCHES_REGEX": 1,
    "IS_NULL": 2,
    "NOT_NULL": 2,
}
_PATH_WEIGHTS = {**_WEIGHTS, "INCLUDES": 1, "EXCLUDES": 1, "MATCHES_REGEX": 2, "NOT_MATCHES_REGEX": 2}


def depth(given: dict[str, Any] | None) -> int:
    """Return how deeply a filter is nested, counted as Stash's SQL for it is: some criteria count for more."""
    deepest, level = 0, 0
    while given:
        level += 1
        below = None
        for name, value in given.items():
            if name in ("AND", "OR", "NOT"):
                below = below or value
            elif isinstance(value, dict) and "modifier" in value:
                modifier = value["modifier"]
                extra = _PATH_WEIGHTS if name == "path" else _WEIGHTS
                deepest = max(deepest, level + extra.get(modifier, name == "path"))
        given = below
    return max(deepest, level)


def condition(noun: str, given: dict[str, Any] | None) -> Clause:
    """Turn the filter of one type of entity into a condition on its table.

    Raises:
        ResolverError: Stash would refuse it: AND beside OR, a bad regex; or it is a criterion that is missing here.
    """
    clauses = []
    combined = [(word, given[word]) for word in ("AND", "OR", "NOT") if given and given.get(word) is not None]
    if len(combined) > 1:
        raise ResolverError(f"cannot have {combined[0][0]} and {combined[1][0]} in the same filter")
    for name, value in (given or {}).items():
        if value is None or name in ("AND", "OR", "NOT"):
            continue
        clauses.append(_criterion(noun, name, value))
    own = every(clauses)
    if not combined:
        return own
    word, below = combined[0]
    inner = condition(noun, below)
    if word == "OR":
        return either([own, inner]) if clauses else inner
    return every([own, inner if word == "AND" else ~inner])


def _criterion(noun: str, name: str, value: Any) -> Clause:  # noqa: ANN401
    if name in (related := RELATED.get(noun, {})):
        other, sql = related[name]
        inner = condition(other, value)
        return TRUE if inner is TRUE else Clause(sql.format(select("id", other, inner.sql)), inner.parameters)
    known = CRITERIA[noun].get(name)
    if known is None:
        raise ResolverError(f"not supported by the embedded Stash: criterion {name} of {noun}")
    return known(value)
