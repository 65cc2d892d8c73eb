"""A proxy on loopback that counts the GraphQL requests and mutations in front of a Stash."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import uvicorn
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request


@dataclass
class Counted:
    """The documents that went through; they are looked into only when asked, so that counting costs no time."""

    url: str
    documents: list[str] = field(default_factory=list)

    def take(self) -> dict[str, int]:
        """Requests and root fields of mutations since the last time."""
        taken, self.documents = self.documents, []
        operations = [_operation(document) for document in taken]
        mutations = [len(o.selection_set.selections) for o in operations if o.operation.value == "mutation"]
        return {"requests": len(taken), "mutations": sum(mutations)}


def _operation(document: str) -> OperationDefinitionNode:
    parsed = parse(document, no_location=True)
    return next(one for one in parsed.definitions if isinstance(one, OperationDefinitionNode))


@contextmanager
def counting(target: str) -> Iterator[Counted]:
    """Serve the proxy in a thread."""
    counted = Counted("")
    client: httpx.AsyncClient

    async def forward(request: Request) -> Response:
        body = await request.body()
        counted.documents.append(json.loads(body)["query"])
        reply = await client.post(
            f"{target}/graphql", content=body, headers={"content-type": "application/json"}
        )
        return Response(reply.content, reply.status_code, media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal client
        async with httpx.AsyncClient(timeout=600) as client:
            yield

    app = Starlette(routes=[Route("/graphql", forward, methods=["POST"])], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=asyncio.run, args=[server.serve()], daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    counted.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield counted
    finally:
        server.should_exit = True
        thread.join()
