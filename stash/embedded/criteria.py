"""Criteria: each builder returns a function from a criterion's input to a condition on a table's rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .errors import ResolverError
from .matching import search_words
from .regex import compile_go, exact_values
from .sql import IN_IDS, TRUE, Clause, either, every, select

if TYPE_CHECKING:
    from collections.abc import Callable

type Criterion = Callable[[Any], Clause]

_COMPARISONS = {"EQUALS": "=", "NOT_EQUALS": "!=", "GREATER_THAN": ">", "LESS_THAN": "<"}
_MANY_WORDS, _MOST_WORDS, _PATH_COSTS = 16, 998, 5
_RESOLUTIONS = {
    "VERY_LOW": (144, 239),
    "LOW": (240, 359),
    "R360P": (360, 479),
    "STANDARD": (480, 539),
    "WEB_HD": (540, 719),
    "STANDARD_HD": (720, 1079),
    "FULL_HD": (1080, 1439),
    "QUAD_HD": (1440, 1919),
    "VR_HD": (1920, 2159),
    "FOUR_K": (1920, 2559),
    "FIVE_K": (2560, 2999),
    "SIX_K": (3000, 3583),
    "SEVEN_K": (3584, 3839),
    "EIGHT_K": (3840, 6143),
    "HUGE": (6144, 9999),
}


def text_condition(column: str, given: dict[str, Any]) -> Clause:
    """Compare a text: EQUALS and INCLUDES are LIKE, a regex is Go's and case-sensitive.

    Raises:
        ResolverError: the regex is one that Go refuses, or the modifier does not go with texts.
    """
    value, modifier = given["value"], given["modifier"]
    if modifier in ("EQUALS", "NOT_EQUALS"):
        return Clause(f"{column} {'NOT ' * (modifier != 'EQUALS')}LIKE ?", (value,))
    if modifier in ("INCLUDES", "EXCLUDES"):
        includes = modifier == "INCLUDES"
        sql = f"{column} {'' if includes else 'NOT '}LIKE ?"
        patterns = [f"%{word}%" for word in search_words(value)]
        if len(patterns) > _MANY_WORDS:
            return _many_words(column, patterns, includes=includes)
        clauses = [Clause(sql, (pattern,)) for pattern in patterns]
        return either(clauses) if includes else every(clauses)
    if modifier in ("MATCHES_REGEX", "NOT_MATCHES_REGEX"):
        compile_go(value)
        exact = exact_values(value)
        found = (
            Clause(f"{column} REGEXP ?", (value,))
            if exact is None
            else Clause(f"{column} {IN_IDS}", (json.dumps(exact),))
        )
        if modifier == "MATCHES_REGEX":
            return Clause(f"{column} IS NOT NULL AND {found.sql}", found.parameters)
        return Clause(f"{column} IS NULL OR NOT ({found.sql})", found.parameters)
    if modifier in ("IS_NULL", "NOT_NULL"):
        blank = Clause(f"{column} IS NULL OR trim({column}) = ''")
        return blank if modifier == "IS_NULL" else ~blank
    raise ResolverError("unsupported string filter modifier")


def _many_words(column: str, patterns: list[str], *, includes: bool) -> Clause:
    """Compare with many patterns, up to as many as Stash's SQL takes."""
    most = _MOST_WORDS - _PATH_COSTS if column == "file.path" else _MOST_WORDS
    if len(patterns) > most:
        raise ResolverError("error executing query: Expression tree is too large (maximum depth 1000)")
    any_word = select("1", "json_each(?) AS word", f"{column} LIKE word.value")
    return Clause(f"{'' if includes else 'NOT '}EXISTS ({any_word})", (json.dumps(patterns),))


def comparison(column: str, given: dict[str, Any]) -> Clause:
    """Compare numbers, dates or times. Dates and times are compared as texts."""
    value, upper, modifier = given["value"], given.get("value2"), given["modifier"]
    if modifier in ("IS_NULL", "NOT_NULL"):
        return Clause(f"{column} IS {'NOT ' * (modifier == 'NOT_NULL')}NULL")
    if modifier in ("BETWEEN", "NOT_BETWEEN"):
        if upper is None:
            tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            upper = tomorrow if isinstance(value, str) else 0
        return Clause(f"{column} {modifier.replace('_', ' ')} ? AND ?", (value, upper))
    if modifier not in _COMPARISONS:
        raise ResolverError(f"unsupported modifier {modifier}")
    return Clause(f"{column} {_COMPARISONS[modifier]} ?", (value,))


def text(column: str) -> Criterion:
    """Build a criterion on a text of the row."""
    return lambda given: text_condition(column, given)


def number(column: str) -> Criterion:
    """Build a criterion on a number, a date or a time of the row."""
    return lambda given: comparison(column, given)


def partial_date(column: str) -> Criterion:
    """Build a criterion on a date. A partial one counts as its first day."""
    filled = f"substr({column} || '-01-01', 1, 10)"
    return lambda given: comparison(filled, given)


def flag(column: str) -> Criterion:
    """Build a criterion on a yes or no of the row."""
    return lambda given: Clause(f"{column} = ?", (int(given),))


def choice(column: str) -> Criterion:
    """Build a criterion on an enum of the row."""

    def condition(given: dict[str, Any]) -> Clause:
        values = given.get("value_list") or given.get("value") or []
        values = values if isinstance(values, list) else [values]
        modifier = given["modifier"]
        if modifier in ("IS_NULL", "NOT_NULL"):
            return text_condition(column, {"value": "", "modifier": modifier})
        negation = "NOT " if modifier in ("EXCLUDES", "NOT_EQUALS") else ""
        return Clause(f"{column} {negation}{IN_IDS}", (json.dumps(values),)) if values else TRUE

    return condition


def listed_text(noun: str, column: str) -> Criterion:
    """Build a criterion that any one of an entity's urls or aliases is to meet."""
    table = f"{noun}_{column}"

    def condition(given: dict[str, Any]) -> Clause:
        if given["modifier"] == "EXCLUDES":
            return Clause(
                f"{noun}.id NOT IN ({select(f'{noun}_id', table, f'{column} LIKE ?')})",
                (f"%{given['value']}%",),
            )
        return of_rows(noun, table, f"{noun}_id", text_condition(f"{table}.{column}", given), given)

    return condition


def of_rows(noun: str, tables: str, owner: str, condition: Clause, given: dict[str, Any]) -> Clause:
    """Ask for entities with a row that meets a condition. Modifiers that take null ask for entities without a row."""
    found = Clause(f"{noun}.id IN ({select(owner, tables, condition.sql)})", condition.parameters)
    if given["modifier"] in ("IS_NULL", "NOT_MATCHES_REGEX"):
        return either([found, Clause(f"{noun}.id NOT IN ({select(owner, tables)})")])
    return found


def of_files(noun: str, build: Callable[[dict[str, Any]], Clause]) -> Criterion:
    """Build a criterion that any one of an entity's files is to meet."""
    tables = f"{noun}_file JOIN file ON file.id = {noun}_file.file_id"
    return lambda given: of_rows(noun, tables, f"{noun}_id", build(given), given)


def of_fingerprint(noun: str, kind: str) -> Criterion:
    """Build a criterion on a fingerprint of an entity's files."""
    tables = f"{noun}_file JOIN fingerprint ON fingerprint.file_id = {noun}_file.file_id"

    def condition(given: dict[str, Any]) -> Clause:
        value = text_condition("fingerprint.value", given)
        return of_rows(
            noun, tables, f"{noun}_id", every([Clause("fingerprint.type = ?", (kind,)), value]), given
        )

    return condition


def resolution(given: dict[str, Any]) -> Clause:
    """Compare the shorter side of a file with a named resolution."""
    low, high = _RESOLUTIONS[given["value"]]
    side, modifier = "min(file.width, file.height)", given["modifier"]
    if modifier in ("EQUALS", "NOT_EQUALS"):
        return Clause(f"{side} {'NOT ' * (modifier != 'EQUALS')}BETWEEN ? AND ?", (low, high))
    return Clause(f"{side} {_COMPARISONS[modifier]} ?", (low if modifier == "LESS_THAN" else high,))


def orientation(given: dict[str, Any]) -> Clause:
    """Compare the sides of a file."""
    signs = {"PORTRAIT": "<", "LANDSCAPE": ">", "SQUARE": "="}
    return either([Clause(f"file.width {signs[value]} file.height") for value in given["value"]])


def count(noun: str, table: str, owner: str = "") -> Criterion:
    """Build a criterion on how many rows of a table belong to the entity."""
    counted = f"({select('count(*)', table, f'{table}.{owner or noun + "_id"} = {noun}.id')})"
    return lambda given: comparison(counted, given)


def stash_id(noun: str) -> Criterion:
    """Build a criterion on the ids that an entity has at stash-box instances."""
    table = f"{noun}_stash_id"

    def condition(given: dict[str, Any]) -> Clause:
        value = text_condition(
            "stash_id", {"value": given.get("stash_id") or "", "modifier": given["modifier"]}
        )
        endpoint = given.get("endpoint")
        at = Clause("endpoint = ?", (endpoint,)) if endpoint else TRUE
        if given["modifier"] == "IS_NULL":
            return Clause(f"{noun}.id NOT IN ({select(f'{noun}_id', table, at.sql)})", at.parameters)
        both = every([at, value])
        return Clause(f"{noun}.id IN ({select(f'{noun}_id', table, both.sql)})", both.parameters)

    return condition


def custom_fields(noun: str) -> Criterion:
    """Build a criterion on an entity's custom fields, all of those given."""
    table = f"{noun}_custom_field"

    def one(given: dict[str, Any]) -> Clause:
        values, modifier = given.get("value") or [], given["modifier"]
        field = Clause("field = ?", (given["field"].strip(),))
        if modifier in ("IS_NULL", "NOT_NULL"):
            sql = f"{noun}.id {'NOT ' * (modifier == 'IS_NULL')}IN ({select(f'{noun}_id', table, field.sql)})"
            return Clause(sql, field.parameters)
        each = [
            _custom_value(modifier, value)
            for value in values[: None if "CLUDES" in modifier or "EQ" in modifier else 1]
        ]
        if modifier in ("BETWEEN", "NOT_BETWEEN"):
            each = [comparison("value", {"value": values[0], "value2": values[1], "modifier": modifier})]
        found = every([field, either(each) if each else TRUE])
        negated = modifier in ("EXCLUDES", "NOT_EQUALS", "NOT_MATCHES_REGEX")
        sql = f"{noun}.id {'NOT ' * negated}IN ({select(f'{noun}_id', table, found.sql)})"
        return Clause(sql, found.parameters)

    return lambda given: every([one(criterion) for criterion in given])


def _custom_value(modifier: str, value: Any) -> Clause:  # noqa: ANN401
    if modifier in ("EQUALS", "NOT_EQUALS"):
        return Clause("value = ?", (value,))
    if modifier in ("INCLUDES", "EXCLUDES"):
        return Clause("value LIKE ?", (f"%{value}%",))
    if modifier in ("MATCHES_REGEX", "NOT_MATCHES_REGEX"):
        return text_condition("value", {"value": str(value), "modifier": "MATCHES_REGEX"})
    return comparison("value", {"value": value, "modifier": modifier})
