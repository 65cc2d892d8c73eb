"""The door for scripts, notebooks and tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.base import StashObject

from stash.connection import Connection, Wire
from stash.errors import UsageError
from stash.store.store import StashStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def connect(url: str, api_key: str | None = None, **options: Any) -> AsyncIterator[StashStore]:  # noqa: ANN401
    """Open the store of a Stash, for the length of a block.

    Args:
        url: as in the browser, for example `http://localhost:9999`.
        api_key: from Settings, Security; None where Stash asks for none.
        options: further fields of `stash.connection.Wire`.

    Raises:
        SyncError: named by what is wrong: no answer, key, certificate, not a Stash, too old.
    """
    if StashObject._store is not None:  # noqa: SLF001 - the library ties its types to one store a process
        raise UsageError("A store is open in this process already; close it before another is opened.")
    connection = Connection(Wire(url=url, api_key=api_key, **options))
    try:
        await connection.initialize()
        store = StashStore(connection)
        StashObject._store = store  # noqa: SLF001
        yield store
    finally:
        StashObject._store = None  # noqa: SLF001
        await connection.close()
