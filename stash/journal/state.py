"""The state database: a database for the `sync_` tables apart from the metadata database."""

from __future__ import annotations

from stash.journal.models import sync_entity
from stash.source.database import BUSY_SECONDS, Database
from stash.source.errors import UnknownDatabaseError


async def open_state(
    url: str, *, create: bool = False, read_only: bool = False, busy_timeout: float = BUSY_SECONDS
) -> Database:
    """Open the database of `STASH_SYNC_STATE_URL`. With `create` a missing file is created.

    `busy_timeout` is in seconds.

    Raises:
        MissingDatabaseError: there is no such file.
        UnknownDatabaseError: it holds tables of another program.
        DatabaseUnusableError: it is no database, locked, full or damaged, or its server does not answer.
    """
    state = await Database.open_any(url, create=create, read_only=read_only, busy_timeout=busy_timeout)
    if state.is_empty or state.has_table(sync_entity.name) or state.has_table("accounts"):
        return state
    await state.close()
    raise UnknownDatabaseError(
        f"The database {state.name} holds tables of another program; name a new one for STASH_SYNC_STATE_URL."
    )
