"""Requests that a web page of somebody else's has a browser send are refused at every route, by HTTP and WebSocket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_OWN_SITES = {"same-origin", "none"}


class Guard:
    """An ASGI application before another one, which answers 403 to what does not come from its own address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        reason = refusal(scope.get("server"), Headers(scope=scope))
        if reason is None:
            await self._app(scope, receive, send)
            return
        response = PlainTextResponse(f"{reason}\n", status_code=403)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)


def refusal(server: tuple[str, int | None] | None, headers: Headers) -> str | None:
    """Say why a request is refused. None for one that the own address, or no web page, has sent.

    A name of somebody else's that resolves to this machine is a foreign host, so the Host has to be a known one.

    Args:
        server: the address and port that the connection has reached.
        headers: those of the request or the handshake.
    """
    hosts = [host.lower() for host in headers.getlist("host")]
    if len(hosts) != 1 or _name_of(hosts[0]) not in _own_names(server):
        return "This server answers under its own address alone; the Host of this request is another one."
    own = [f"http://{hosts[0]}"]
    if [origin.lower() for origin in headers.getlist("origin")] not in ([], own):
        return "This server answers its own pages alone; the Origin of this request is another one."
    if not _OWN_SITES.issuperset(headers.getlist("sec-fetch-site")):
        return "Another web page asks for this; open the address by typing it."
    return None


def _own_names(server: tuple[str, int | None] | None) -> set[str]:
    """Return the host names of the loopback, and the address that was reached."""
    address = (server or (_LOOPBACK[0], None))[0].lower()
    return {*_LOOPBACK, f"[{address}]" if ":" in address else address}


def _name_of(host: str) -> str | None:
    """Return the name in a Host header, whatever its port: a proxy on this machine has a port of its own."""
    found = _HOST.fullmatch(host)
    return found[1] if found is not None else None


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/?#\s]+)(?::\d{1,5})?")
