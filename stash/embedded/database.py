"""The state of the embedded Stash: one SQLite file, each mutation committed before its reply."""

from __future__ import annotations

import json
import sqlite3
import weakref
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .errors import ResolverError
from .matching import natural_key
from .regex import compile_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

type Clock = Callable[[], datetime]
type Row = tuple[Any, ...]


class Database:
    """A connection with Stash's functions; values are bound, names come from our own tables.

    Args:
        path: The SQLite file, made where missing; None keeps the state in memory.
        clock: Tells the time; what it returns is stored to the second, in the zone it carries.
    """

    def __init__(self, path: Path | None, clock: Clock | None = None) -> None:
        self.path = path
        self.clock: Clock = clock or (lambda: datetime.now(UTC))
        self._connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, timeout=10, check_same_thread=False
        )
        self._finalizer = weakref.finalize(self, self._connection.close)
        self._regex_error: ResolverError | None = None
        self._connection.create_function("regexp", 2, self._regexp, deterministic=True)
        self._connection.create_function("natural_key", 1, _sort_key, deterministic=True)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -65536",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction():
            if not self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'setting'"):
                for statement in _statements():
                    self._connection.execute(statement)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._finalizer()

    def now(self) -> str:
        """Return the current time as Stash stores it: RFC 3339, whole seconds."""
        return rfc3339(self.clock())

    def moment(self, timestamp: float) -> str:
        """Return a file's time as Stash stores it, in the zone of the clock."""
        return rfc3339(datetime.fromtimestamp(timestamp, self.clock().tzinfo))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, all of it or, where it raises, nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises:
            ResolverError: the query fails, for example for too many terms.
        """
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._refusal(sql, error) from error

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:  # noqa: ANN401
        """Return the first column of the first row; None where there is no row."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def values(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the first column of all rows."""
        return [row[0] for row in self.rows(sql, parameters)]

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute one statement and return the id of the row it inserted last."""
        try:
            return self._connection.execute(sql, parameters).lastrowid or 0
        except sqlite3.Error as error:
            raise self._refusal(sql, error) from error

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._refusal(sql, error) from error

    def _regexp(self, pattern: str, text: str | None) -> bool:
        return text is not None and compile_go(pattern).search(text) is not None

    @staticmethod
    def _refusal(sql: str, error: sqlite3.Error) -> ResolverError:
        return ResolverError(f"error executing `{sql}`: {error}")


def _sort_key(text: object) -> bytes | None:
    return None if text is None else natural_key(str(text))


def id_list(ids: Iterable[int]) -> str:
    """Return ids as the one parameter of `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(ids))


def rfc3339(moment: datetime) -> str:
    """Render a time to the second; UTC as Z, other zones by their offset."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _statements() -> list[str]:
    script = (files("stash.embedded") / "tables.sql").read_text("utf-8")
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return [statement for statement in "\n".join(lines).split(";\n") if statement.strip()]
