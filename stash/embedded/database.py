"""The state of the embedded Stash: one SQLite file, each mutation committed before its reply."""

from __future__ import annotations

import json
import sqlite3
import weakref
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from stash.errors import StateError
from stash.files.paths import natural_key

from .errors import ResolverError
from .regex import compile_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_VERSION = 0x57A5_0001  # marks the file as ours

type Clock = Callable[[], datetime]
type Row = tuple[Any, ...]


class Database:
    """A connection with Stash's functions. Values are bound, names come from our own tables.

    Args:
        path: The SQLite file, made where missing; None keeps the state in memory.
        clock: Tells the time; what it returns is stored to the second, in the zone it carries.

    Raises:
        StateError: The file is something else, or cannot be opened.
    """

    def __init__(self, path: Path | None, clock: Clock | None = None) -> None:
        self.path = path
        self.clock: Clock = clock or (lambda: datetime.now(UTC))
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, timeout=10, check_same_thread=False
            )
            self._finalizer = weakref.finalize(self, self._connection.close)
            self._open()
        except sqlite3.DatabaseError as error:
            raise StateError(f"{path} cannot be opened as the embedded Stash's state: {error}") from error

    def _open(self) -> None:
        self._check_ours()
        self._connection.create_function("regexp", 2, _regexp, deterministic=True)
        self._connection.create_function("natural_key", 1, _sort_key, deterministic=True)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -65536",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction():
            if self._version() != _VERSION:
                for statement in _statements():
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _check_ours(self) -> None:
        empty = self._connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None
        if self._version() != _VERSION and not empty:
            self.close()
            raise StateError(
                f"{self.path} is not a state of this embedded Stash: name another file, or one to be made"
            )

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Close the file. Safe to call twice."""
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
        """Return the first column of the first row. None where there is no row."""
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

    @staticmethod
    def _refusal(sql: str, error: sqlite3.Error) -> ResolverError:
        return ResolverError(f"error executing `{sql}`: {error}")


def _regexp(pattern: str, text: str | None) -> bool:
    return text is not None and compile_go(pattern).search(text) is not None


def _sort_key(text: object) -> bytes | None:
    return None if text is None else natural_key(str(text))


def id_list(ids: Iterable[int]) -> str:
    """Return ids as the one parameter of `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(ids))


def rfc3339(moment: datetime) -> str:
    """Render a time to the second, with Z for UTC and the offset for other zones."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _statements() -> list[str]:
    script = (files("stash.embedded") / "tables.sql").read_text("utf-8")
    lines = (line for line in script.splitlines() if not line.startswith("--"))
    return [statement for statement in "\n".join(lines).split(";\n") if statement.strip()]
