"""Validate values of rows. A usable value is returned, an unusable one is reported with its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.source.items import Problem
from stash.source.values import parse_creation, parse_flag, parse_integer, parse_text, repair_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class RowValidator:
    """Collects problems, one for each row, however often the row is read. `named` are rows reported before."""

    def __init__(self, named: set[tuple[str, str]] | None = None) -> None:
        self._seen = set() if named is None else named
        self._problems: list[Problem] = []

    def take(self) -> tuple[Problem, ...]:
        """Return the problems since the last call."""
        taken, self._problems = tuple(self._problems), []
        return taken

    def report(self, table: str, key: object, reason: str, *, is_malformed: bool = True) -> None:
        """Report a row, with the reason."""
        name = repair_text(key)
        if (table, name) not in self._seen:
            self._seen.add((table, name))
            self._problems.append(Problem(table, name, reason, is_malformed))

    def row(self, table: str, key: object) -> RowView:
        """Return a view of one row. `key` names the row."""
        return RowView(self, table, key)

    def key(self, table: str, value: Any, column: str = "id") -> int | None:  # noqa: ANN401
        """Return the row's own id, without which the row is unusable."""
        if type(value) is int:
            return value
        number = self.row(table, value).integer(column, value)
        if number is None:
            self.report(table, value, f"{column} is empty")
        return number


class RowView:
    """The values of one row. An unusable value is None, and the row is reported."""

    __slots__ = ("_key", "_table", "_validator")

    def __init__(self, validator: RowValidator, table: str, key: object) -> None:
        self._validator, self._table, self._key = validator, table, key

    def reject(self, reason: str, *, is_malformed: bool = True) -> None:
        """Report this row."""
        self._validator.report(self._table, self._key, reason, is_malformed=is_malformed)

    def integer(self, column: str, value: Any) -> int | None:  # noqa: ANN401
        """Return a whole number."""
        return value if type(value) is int else self._parsed(parse_integer, column, value)

    def flag(self, column: str, value: Any) -> bool | None:  # noqa: ANN401
        """Return True or False."""
        return self._parsed(parse_flag, column, value)

    def instant(self, column: str, value: Any) -> datetime | None:  # noqa: ANN401
        """Return an instant in UTC."""
        return self._parsed(parse_creation, column, value)

    def text(self, column: str, value: Any) -> str | None:  # noqa: ANN401
        """Return a text. Bytes outside UTF-8 become U+FFFD, and are reported."""
        if value is None or (type(value) is str and value.isascii()):
            return value
        try:
            text = parse_text(value)
            if text is not None:
                text.encode()
        except ValueError:
            self.reject(f"{column} is not text in UTF-8")
            return repair_text(value)
        return text

    def _parsed[T](self, parse: Callable[[object], T | None], column: str, value: object) -> T | None:
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError:
            self.reject(f"{column} is not usable: {_shown(value)}")
            return None


_SHOWN = 40


def _shown(value: object) -> str:
    text = repair_text(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
