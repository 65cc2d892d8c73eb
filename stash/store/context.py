"""Opening a store: `connect` for scripts, notebooks and tests, `StashContext` for the pipeline."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import stash_graphql_client

from stash.errors import UsageError
from stash.store.library_internals import live_store, set_live_store
from stash.store.store import StashStore
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from stash_graphql_client.store import StashEntityStore

log = logging.getLogger(__name__)


class StashContext(stash_graphql_client.StashContext):
    """The library's context with a `Connection` and a `StashStore` of this package.

    Args:
        conn: the downloader's settings: `scheme`, `host`, `port`, `apikey`, in any case.
        verify_ssl: whether the certificate is verified, a truth or its text.
        config: how to reach Stash, if `conn` does not tell everything.
    """

    def __init__(
        self,
        conn: Mapping[str, Any] | None = None,
        verify_ssl: bool | str = True,  # noqa: FBT001, FBT002 - the library's signature
        *,
        config: TransportConfig | None = None,
    ) -> None:
        super().__init__(dict(conn or {}), verify_ssl)
        self._config = config or _config_of(self.conn, verify_ssl=self.verify_ssl)
        self._suspended: StashEntityStore | None = None

    def wait(self, seconds: float) -> None:
        """Have a Stash that does not answer waited for so long, at first too. Each reason is logged once."""
        self._config = replace(
            self._config, patience=seconds, connect_patience=seconds, on_wait=cache(_tell_of_waiting)
        )

    async def get_client(self) -> Connection:
        """Connect at the first call.

        Raises:
            SyncError: its class tells the cause: no answer, key, certificate, not a Stash, too old.
            UsageError: a store is open in this process already.
        """
        if self._client is None:
            # The library ties its types to one store a process. A store of its own, which the downloader's daemon
            # holds open, is set aside meanwhile.
            if isinstance(live_store(), StashStore):
                raise UsageError(
                    "A store is open in this process already; close it before another is opened."
                )
            connection = Connection(self._config)
            await connection.initialize()
            self._client = connection
            self._store = StashStore(connection)
            self._suspended = live_store()
            set_live_store(self._store)
        return self.client

    @property
    def is_open(self) -> bool:
        """Tell whether the client is connected."""
        return self._client is not None

    async def close(self, force: bool = False, _internal: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
        """Close the connection. The library's store that was set aside is the live one again."""
        await super().close(force, _internal)
        if self._client is None and self._suspended is not None:
            set_live_store(self._suspended)
            self._suspended = None

    @property
    def client(self) -> Connection:
        """Return the open connection."""
        client = super().client
        assert isinstance(client, Connection)  # noqa: S101 - get_client makes no other
        return client

    @property
    def store(self) -> StashStore:
        """Return the open store.

        The library's own property formats a log line each time, thousands of times a run.
        """
        store = self._store
        return store if isinstance(store, StashStore) else super().store  # type: ignore[return-value]  # which raises


def _tell_of_waiting(why: str) -> None:
    log.warning("stash.waits", extra={"reason": why})


def _config_of(conn: Mapping[str, Any], *, verify_ssl: bool) -> TransportConfig:
    scheme, host, port = conn.get("Scheme", "http"), conn.get("Host", "localhost"), conn.get("Port", 9999)
    return TransportConfig(
        url=f"{scheme}://{host}:{port}", api_key=conn.get("ApiKey") or None, verify_ssl=verify_ssl
    )


@asynccontextmanager
async def connect(url: str, api_key: str | None = None, **options: Any) -> AsyncIterator[StashStore]:
    """Open the store of a Stash for the length of a block.

    Args:
        url: as in the browser, for example `http://localhost:9999`.
        api_key: from Settings, Security; None if Stash asks for none.
        options: further fields of `stash.transport.graphql.TransportConfig`.

    Raises:
        SyncError: named by what is wrong: no answer, key, certificate, not a Stash, too old.
    """
    context = StashContext(config=TransportConfig(url=url, api_key=api_key, **options))
    await context.get_client()
    try:
        yield context.store
    finally:
        await context.close(force=True)
