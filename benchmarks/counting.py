"""A proxy on loopback that counts the GraphQL requests and mutations in front of a Stash."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h11
import httpx
from anyio import BrokenResourceError, connect_tcp, create_task_group, create_tcp_listener
from anyio.abc import SocketAttribute
from anyio.from_thread import start_blocking_portal
from graphql import OperationDefinitionNode, parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from anyio.abc import ByteStream, SocketStream


@dataclass
class Counted:
    """What went through, a connection each; it is looked into only when asked, so that counting costs no time."""

    url: str
    sent: list[bytearray] = field(default_factory=list)
    received: int = 0

    def take(self) -> dict[str, int]:
        """Requests, root fields of mutations and received bytes since the last time; no connection is open meanwhile."""
        taken, self.sent = self.sent, []
        received, self.received = self.received, 0
        operations = [_operation(json.loads(body)["query"]) for sent in taken for body in _bodies(sent)]
        mutations = [len(o.selection_set.selections) for o in operations if o.operation.value == "mutation"]
        return {"requests": len(operations), "mutations": sum(mutations), "received": received}


def _bodies(sent: bytearray) -> Iterator[bytes]:
    """The bodies of the requests of a connection."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(bytes(sent))
    body = bytearray()
    while isinstance(event := connection.next_event(), h11.Request | h11.Data | h11.EndOfMessage):
        if isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            yield bytes(body)
            body.clear()
            connection.send(h11.Response(status_code=204, headers=[]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()


def _operation(document: str) -> OperationDefinitionNode:
    parsed = parse(document, no_location=True)
    return next(one for one in parsed.definitions if isinstance(one, OperationDefinitionNode))


@contextmanager
def counting(target: str) -> Iterator[Counted]:
    """Serve the proxy in a thread."""
    counted = Counted("")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_proxy(counted, target)):
        yield counted


@asynccontextmanager
async def _proxy(counted: Counted, target: str) -> AsyncIterator[None]:
    """Pass bytes on as they come, and keep those that are sent."""
    stash = httpx.URL(target)
    is_tls = stash.scheme == "https"

    def receive(data: bytes) -> None:
        counted.received += len(data)

    async def forward(client: SocketStream) -> None:
        port = stash.port or (443 if is_tls else 80)
        sent = bytearray()
        counted.sent.append(sent)
        upstream = await connect_tcp(stash.host, port, tls=is_tls)
        async with client, upstream, create_task_group() as both:
            both.start_soon(_pass_on, upstream, client, receive)
            await _pass_on(client, upstream, sent.extend)
            both.cancel_scope.cancel()

    async with await create_tcp_listener(local_host="127.0.0.1") as listener, create_task_group() as tasks:
        port = listener.extra_attributes[SocketAttribute.local_port]()
        counted.url = f"http://127.0.0.1:{port}"
        tasks.start_soon(listener.serve, forward)
        yield
        tasks.cancel_scope.cancel()


async def _pass_on(source: ByteStream, sink: ByteStream, note: Callable[[bytes], object]) -> None:
    """Until one side hangs up."""
    try:
        async for data in source:
            note(data)
            await sink.send(data)
    except BrokenResourceError:
        await sink.aclose()
