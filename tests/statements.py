"""What a database is asked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.source.database import Database


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """What is executed within it."""
    statements: list[str] = []
    listener = lambda *args: statements.append(args[2])  # noqa: E731 - as the event is given
    event.listen(database.engine.sync_engine, "before_cursor_execute", listener)
    yield statements
    event.remove(database.engine.sync_engine, "before_cursor_execute", listener)
