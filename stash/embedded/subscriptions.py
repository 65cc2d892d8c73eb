"""WebSockets: the handshake that the client library wants, queries, and subscriptions to jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .app import EmbeddedStash
    from .service import Call, Reply

_TRANSPORT, _LEGACY = "graphql-transport-ws", "graphql-ws"
_NEXT = {_TRANSPORT: "next", _LEGACY: "data"}


async def talk(stash: EmbeddedStash, socket: WebSocket) -> None:
    """Serve one WebSocket until the client leaves. Either of the two sub-protocols, or none, will do."""
    if not stash.authorised(socket.headers, socket.query_params):
        await socket.send_denial_response(Response(status_code=401))
        return
    offered = socket.scope.get("subprotocols") or []
    chosen = next((name for name in offered if name in _NEXT), None)
    await socket.accept(subprotocol=chosen)
    conversation = _Conversation(stash, socket, chosen or _TRANSPORT)
    try:
        while True:
            conversation.take(await socket.receive_json())
    except WebSocketDisconnect:
        conversation.end()


class _Conversation:
    """Session of one socket: an answer, or a task that sends answers, for each message."""

    def __init__(self, stash: EmbeddedStash, socket: WebSocket, protocol: str) -> None:
        self._stash = stash
        self._socket = socket
        self._next = _NEXT[protocol]
        self._url = str(socket.base_url).replace("ws", "http", 1).rstrip("/")
        self._running: dict[str, asyncio.Task[None]] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Act on one message of the client."""
        kind, key = message.get("type"), str(message.get("id", ""))
        answers = {"connection_init": "connection_ack", "ping": "pong"}
        if kind in answers:
            self._start(kind, self._socket.send_json({"type": answers[kind]}))
        elif kind in ("subscribe", "start"):
            self._start(key, self._answer(key, message.get("payload") or {}))
        elif kind in ("complete", "stop") and key in self._running:
            self._running.pop(key).cancel()

    def end(self) -> None:
        """Stop all that is still being sent."""
        for task in self._running.values():
            task.cancel()

    def _start(self, key: str, work: Any) -> None:  # noqa: ANN401
        self._running[key] = asyncio.ensure_future(work)

    async def _answer(self, key: str, payload: dict[str, Any]) -> None:
        service = self._stash.service
        call = service.read(
            payload.get("query", ""), payload.get("variables") or {}, payload.get("operationName")
        )
        context = self._stash.context(self._url)
        if call.operation == "subscription":
            async for value in self._events(call):
                await self._send(key, service.event(call, context, value))
        else:
            await self._send(key, await service.execute(call, context))
        await self._socket.send_json({"id": key, "type": "complete"})

    async def _send(self, key: str, reply: Reply) -> None:
        await self._socket.send_json({"id": key, "type": self._next, "payload": reply.body()})

    async def _events(self, call: Call) -> AsyncIterator[Any]:
        with self._stash.jobs.listen() as queue:
            while True:
                update = await queue.get()
                scanned = update["type"] == "REMOVE" and update["job"]["description"].startswith("Scanning")
                if call.fields == ("jobsSubscribe",):
                    yield update
                elif (
                    call.fields == ("scanCompleteSubscribe",)
                    and scanned
                    and update["job"]["status"] == "FINISHED"
                ):
                    yield True
