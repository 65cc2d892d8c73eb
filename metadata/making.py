"""A metadata database of stash-sync's own: made where there is none, with every table of the models."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert

from metadata.models import Base, Origin
from stash.source.database import BUSY_SECONDS, FACTS, Database

if TYPE_CHECKING:
    from sqlalchemy import Executable


async def open_or_make(url: str, *, busy_timeout: float = BUSY_SECONDS) -> Database:
    """Open a metadata database. Make a missing or empty one, and mark it as made by stash-sync.

    A database of the downloader is opened unchanged. An older one of stash-sync gets the tables that it lacks.

    Raises:
        UnknownDatabaseError: it has tables, and none of the known schemas.
        DatabaseUnusableError: it is no database, locked, full or damaged, or its server does not answer.
    """
    async with AsyncExitStack() as on_failure:
        database = await Database.open_any(url, create=True, busy_timeout=busy_timeout)
        on_failure.push_async_callback(database.close)
        if database.is_empty:
            await _make_tables(
                database, insert(Origin).values(madeBy="stash-sync", createdAt=datetime.now(UTC))
            )
        elif database.is_ours and not database.has_table(FACTS):
            await _make_tables(database)
        await database.check()
        on_failure.pop_all()
    return database


async def _make_tables(database: Database, *marks: Executable) -> None:
    async with database.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for mark in marks:
            await connection.execute(mark)
    await database.look()
