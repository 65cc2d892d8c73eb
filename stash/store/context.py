"""Opening a store: `connect` for scripts, notebooks and tests, `StashContext` for a run."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import stash_graphql_client

from stash.errors import UsageError
from stash.store.library_internals import live_store, parts_of, set_live_store, set_parts
from stash.store.store import StashStore
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LibraryContext = stash_graphql_client.StashContext

log = logging.getLogger(__name__)


class StashContext(LibraryContext):
    """The library's context with a `Connection` and a `StashStore` of this package.

    Args:
        conn: the downloader's settings: `scheme`, `host`, `port`, `apikey`, in any case.
        verify_ssl: whether the certificate of Stash is verified.
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
        self._config = config or replace(_config_of(self.conn), is_verified=self.verify_ssl)
        self._lender: LibraryContext | None = None

    @classmethod
    def adopt(cls, context: LibraryContext) -> StashContext:
        """Return a context of this package for one that the downloader keeps, and that may be the library's.

        Both have one connection and one store, so that the connection lasts as long as the downloader's hold.
        """
        if isinstance(context, StashContext):
            return context
        adopted = cls(context.conn, context.verify_ssl)
        adopted._lender = context
        return adopted

    def prepare(self, patience: float, ca_file: str | None = None) -> None:
        """Have a Stash that does not answer waited for so long, at first too. Each reason is logged once."""
        on_wait = cache(partial(_tell_of_waiting, self._config.url))
        self._config = replace(
            self._config, patience=patience, connect_patience=patience, ca_file=ca_file, on_wait=on_wait
        )

    async def get_client(self) -> Connection:
        """Connect at the first call.

        Raises:
            SyncError: its class tells the cause: no answer, key, certificate, not a Stash, too old.
            UsageError: a store is open in this process already.
        """
        if self._lender is not None:
            await self._take_from(self._lender)
        if self._client is None:
            if live_store() is not None:  # the library ties its types to one store a process
                raise UsageError(
                    "A store is open in this process already; close it before another is opened."
                )
            connection = Connection(self._config)
            await connection.initialize()
            self._client = connection
            self.renew_store()
        return self.client

    async def _take_from(self, lender: LibraryContext) -> None:
        """Take the connection that an earlier context of ours left there. The library's own one is closed."""
        client, store = parts_of(lender)
        if client is not None and not isinstance(client, Connection):
            await lender.close(force=True)
            client = store = None
        self._client, self._store = client, store

    def renew_store(self) -> None:
        """Begin with an empty store on the open connection: what a failed run left to be written is dropped."""
        self._store = StashStore(self.client)
        set_live_store(self._store)
        if self._lender is not None:
            set_parts(self._lender, self._client, self._store)

    @property
    def ref_count(self) -> int:
        """Return how many hold the connection."""
        return super().ref_count if self._lender is None else self._lender.ref_count

    async def close(self, force: bool = False, _internal: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
        """Close the connection. While somebody holds it, `force` is needed."""
        if self._lender is None:
            await super().close(force, _internal)
        else:
            await self._lender.close(force)
            self._client = self._store = None

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


def _tell_of_waiting(url: str, why: str) -> None:
    log.warning("stash.waits", extra={"sentence": f"Waiting for Stash at {url} ({why})."})


def _config_of(conn: Mapping[str, Any]) -> TransportConfig:
    scheme, host, port = conn.get("Scheme", "http"), conn.get("Host", "localhost"), conn.get("Port", 9999)
    return TransportConfig(url=f"{scheme}://{host}:{port}", api_key=conn.get("ApiKey") or None)


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
