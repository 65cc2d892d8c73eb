"""The client library's `StashClient`, sending through `GraphQLTransport`. Only a subscription opens a WebSocket."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, overload

from gql import Client
from gql.transport.websockets import WebsocketsTransport
from stash_graphql_client.capabilities import CAPABILITY_DETECTION_QUERY, detect_capabilities
from stash_graphql_client.client import StashClient
from stash_graphql_client.client.batch import BatchOperation, BatchResult, build_batch_document
from stash_graphql_client.errors import StashBatchError, StashGraphQLError
from stash_graphql_client.fragments import fragment_store

from stash.errors import UnsuitableStashError
from stash.transport.graphql import GraphQLTransport, Reply, TransportConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from gql.client import AsyncClientSession, ReconnectingAsyncClientSession

T = TypeVar("T")

_PROBE = (
    CAPABILITY_DETECTION_QUERY.rstrip().removesuffix("}") + "configuration { general { databasePath } } }"
)
"""The library's query about capabilities, extended by the path of the database of Stash."""

OLDEST_SCHEMA = 75
"""The appSchema of Stash v0.30.0, the oldest that the client library supports."""

PAUSE = 1.0
"""Seconds between two queries whether Stash is ready."""

_MIGRATING = "NEEDS_MIGRATION"

log = logging.getLogger(__name__)


class Connection(StashClient):
    """The client library's client, sending through one `GraphQLTransport`.

    Four private methods of the library are overridden. `_raw_execute` and `_subscription_client` open connections that
    are neither counted nor retried. `_decode_result` and `_parse_result_to_type` replace edited objects without a guard.
    """

    _session: AsyncClientSession | ReconnectingAsyncClientSession | None
    _ws_session: AsyncClientSession | ReconnectingAsyncClientSession | None

    def __init__(self, config: TransportConfig) -> None:
        """Prepare the connection, without touching the network."""
        self.transport = GraphQLTransport(config)
        url = self.transport.url
        super().__init__({"Scheme": url.scheme, "Host": url.host, "Port": url.port or 9999})
        self.config = config
        self.requests = self.transport.requests
        self.database_path = ""
        self.guard: Callable[[], AbstractContextManager[None]] = nullcontext

    async def initialize(self) -> None:
        """Reach Stash, detect its capabilities, and fit the library's queries to them.

        Raises:
            SyncError: Stash gives no answer, refuses the key or the certificate, is too old, or is no Stash.
        """
        if self._initialized:
            return
        self.url = self.config.endpoint
        self.schema = None
        self._session = self._ws_session = self.gql_client = self.gql_ws_client = None
        self.transport_config = {"url": self.url, "headers": None, "ssl": True, "timeout": None}
        probe = await self._probe()
        try:
            general = (probe.get("configuration") or {}).get("general") or {}
            self.database_path = str(general.get("databasePath") or "")
            self._capabilities = await detect_capabilities(_replaying(probe), self.log)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._no_stash() from error
        fragment_store.rebuild(self._capabilities)
        self._initialized = True

    async def _probe(self) -> dict[str, Any]:
        reply = await self._greeted()
        status = reply.data.get("systemStatus")
        schema = status.get("appSchema") if isinstance(status, dict) else None
        if not isinstance(status, dict) or not isinstance(schema, int):
            raise self._no_stash()
        if status.get("status") not in {"OK", None}:
            raise UnsuitableStashError(
                f"The Stash at {self.config.url} is not set up yet ({status['status']}); "
                "open it in a browser and finish there first."
            )
        if schema < OLDEST_SCHEMA:
            raise UnsuitableStashError(
                f"The Stash at {self.config.url} is too old (schema {schema}); upgrade it to v0.30.0 or newer."
            )
        self.transport.is_stash = True
        return reply.data

    async def _greeted(self) -> Reply:
        """Return the first reply. Wait for a Stash whose database is to be migrated."""
        deadline = time.monotonic() + self.config.connect_patience
        while True:
            reply = await self.transport.greet(_PROBE)
            status = reply.data.get("systemStatus")
            said = status.get("status") if isinstance(status, dict) else None
            if said != _MIGRATING or time.monotonic() + PAUSE > deadline:
                return reply
            self.config.on_wait(_MIGRATING)
            await asyncio.sleep(PAUSE)

    def _no_stash(self) -> UnsuitableStashError:
        return UnsuitableStashError(f"{self.config.url} answers, but not as a Stash does; check STASH_URL.")

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, is_scan: bool = False
    ) -> Reply:
        """Send a read, and repeat it while Stash does not answer. See `GraphQLTransport.query`."""
        return await self.transport.query(document, variables, is_scan=is_scan)

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, fields: int, is_scan: bool = False
    ) -> Reply:
        """Send a mutation of `fields` root fields, once. See `GraphQLTransport.mutate`."""
        return await self.transport.mutate(document, variables, fields=fields, is_scan=is_scan)

    async def picture(self, noun: str, entity_id: str) -> bytes | None:
        """Return the picture of a performer, studio or tag. See `GraphQLTransport.picture`."""
        return await self.transport.picture(noun, entity_id)

    def _decode_result(self, type_: type[T], data: Any) -> Any:
        with self.guard():
            return super()._decode_result(type_, data)

    def _parse_result_to_type(self, result_dict: dict[str, Any], result_type: type[T]) -> T:
        with self.guard():
            return super()._parse_result_to_type(result_dict, result_type)

    async def _raw_execute(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        return (await self.query(query, variables)).data

    @overload
    async def execute(
        self, query: str, variables: dict[str, Any] | None = None, result_type: None = None
    ) -> dict[str, Any]: ...
    @overload
    async def execute(
        self, query: str, variables: dict[str, Any] | None = None, result_type: type[T] = ...
    ) -> T: ...
    async def execute(
        self, query: str, variables: dict[str, Any] | None = None, result_type: type[T] | None = None
    ) -> dict[str, Any] | T:
        """Send one of the library's own documents.

        Raises:
            StashGraphQLError: the reply holds errors.
        """
        values = self._convert_datetime(variables or {})
        if query.lstrip().startswith("mutation"):
            reply = await self.mutate(query, values, fields=1)
        else:
            reply = await self.query(query, values)
        if reply.errors:
            raise StashGraphQLError("; ".join(str(e.get("message", e)) for e in reply.errors))
        return reply.data if result_type is None else self._parse_result_to_type(reply.data, result_type)

    async def execute_batch(
        self, operations: list[BatchOperation], *, max_batch_size: int = 250
    ) -> BatchResult:
        """Send aliased mutations. Name each mutation that Stash refused by its alias.

        Raises:
            StashBatchError: Stash refused some mutations. The `batch_result` of the error has the rest.
        """
        for start in range(0, len(operations), max_batch_size):
            chunk = operations[start : start + max_batch_size]
            for operation in chunk:
                operation.variables = self._convert_datetime(operation.variables)
            document, variables = build_batch_document(chunk)
            reply = await self.mutate(document, variables, fields=len(chunk))
            for number, operation in enumerate(chunk):
                operation.result = reply.data.get(f"op{number}")
                if operation.result is None:
                    operation.error = StashGraphQLError(reply.message_for(f"op{number}") or "no answer")
        result = BatchResult(operations=operations, raw_response=None)
        if not result.all_succeeded:
            raise StashBatchError(f"{len(result.failed)} of {len(operations)} mutations failed", result)
        return result

    @asynccontextmanager
    async def _subscription_client(
        self,
    ) -> AsyncIterator[AsyncClientSession | ReconnectingAsyncClientSession]:
        if self._ws_session is None:
            address = self.url.replace("http", "ws", 1)
            # Without an argument the library takes the proxy of the environment, for loopback too.
            proxy = None if self.transport.proxy is None else str(self.transport.proxy.url)
            transport = WebsocketsTransport(
                url=address, headers=self.config.headers, connect_args={"proxy": proxy}
            )
            self.gql_ws_client = Client(transport=transport)
            self._ws_session = await self.gql_ws_client.connect_async(  # type: ignore[no-untyped-call]  # gql types it not
                reconnecting=False
            )
        yield self._ws_session

    async def close(self) -> None:
        """Close the WebSocket and the HTTP connections."""
        if self.gql_ws_client is not None:
            await self.gql_ws_client.close_async()  # type: ignore[no-untyped-call]  # likewise
        await self.transport.close()
        self._initialized = False


def _replaying(data: dict[str, Any]) -> Any:
    async def execute(_document: str, _variables: Sequence[Any] | None = None) -> dict[str, Any]:
        return data

    return execute
