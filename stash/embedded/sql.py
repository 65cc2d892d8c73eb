"""Statements put together from the names of our own tables. Values are always parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

IN_IDS = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition and the values of its question marks.

    Attributes:
        parts: what was joined by `word`; joined again by the same word it needs no brackets, and so no depth.
    """

    sql: str
    parameters: tuple[Any, ...] = ()
    word: str = ""
    parts: tuple[Clause, ...] = ()

    def __invert__(self) -> Clause:
        return Clause(f"NOT ({self.sql})", self.parameters)


TRUE = Clause("1")


def every(clauses: Sequence[Clause]) -> Clause:
    """Join conditions that are all to hold. None at all always holds."""
    return _joined(" AND ", [clause for clause in clauses if clause is not TRUE])


def either(clauses: Sequence[Clause]) -> Clause:
    """Join conditions of which one is to hold."""
    return _joined(" OR ", clauses)


def _joined(word: str, clauses: Sequence[Clause]) -> Clause:
    if not clauses:
        return TRUE
    if len(clauses) == 1:
        return clauses[0]
    parts = [part for clause in clauses for part in (clause.parts if clause.word == word else (clause,))]
    return Clause(
        word.join(f"({part.sql})" for part in parts),
        tuple(parameter for part in parts for parameter in part.parameters),
        word,
        tuple(parts),
    )


def select(columns: str, table: str, where: str = "", order: str = "") -> str:
    """Build a query. `table` may hold joins."""
    sql = f"SELECT {columns} FROM {table}"  # noqa: S608
    if where:
        sql += f" WHERE {where}"
    return f"{sql} ORDER BY {order}" if order else sql


def insert(table: str, *columns: str, verb: str = "INSERT") -> str:
    """Build an insertion of one row."""
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def update(table: str, columns: Sequence[str], where: str = "id = ?") -> str:
    """Build an update of the named columns."""
    assignments = ", ".join(f"{column} = ?" for column in columns)
    return f"UPDATE {table} SET {assignments} WHERE {where}"  # noqa: S608


def delete(table: str, where: str) -> str:
    """Build a deletion."""
    return f"DELETE FROM {table} WHERE {where}"  # noqa: S608
