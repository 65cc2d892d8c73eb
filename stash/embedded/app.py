"""The embedded Stash as others use it: an object with an ASGI application, and ways to serve it."""

from __future__ import annotations

import asyncio
import hmac
import socket
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from .context import Context
from .database import Clock, Database
from .jobs import Jobs
from .service import Call, Reply, Service
from .transport import build_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from starlette.applications import Starlette
    from starlette.responses import Response

    type Proceed = Callable[[], Awaitable[Reply | Response]]
    type Middleware = Callable[[Call, Proceed], Awaitable[Reply | Response]]

LOOPBACK = "127.0.0.1"
_IPV6 = 6


class EmbeddedStash:
    """A small Stash of appSchema 75. It keeps its state in one SQLite file and scans real folders.

    Close it when done, or use it as a context manager.

    Args:
        library: Existing folders that may be scanned; their files are only read.
        own: A folder that is made here, must not exist before, and joins the library; its files alone may be
            deleted and moved.
        state: The SQLite file, made where missing; None keeps everything in memory.
        api_key: If given, requests need it.
        clock: Tells the time; UTC by default.

    Attributes:
        middleware: Called around each GraphQL request with its `Call` and a function that executes it and
            returns its `Reply`, the first of the list outermost. It may count, wait, raise, or answer instead,
            with a `Reply` or any HTTP response, before the request is executed or after it was committed.
        scans: The input of each metadataScan so far, as it was sent, oldest first.
    """

    def __init__(
        self,
        library: Sequence[Path],
        *,
        own: Path | None = None,
        state: Path | None = None,
        api_key: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.own = None if own is None else _made(own)
        self.library = tuple(Path(folder).absolute() for folder in (*library, *filter(None, [own])))
        self.api_key = api_key
        self.middleware: list[Middleware] = []
        self.database = Database(state, clock)
        self.jobs = Jobs(self.database.clock)
        self.service = Service()
        self.scans: list[dict[str, Any]] = []

    @cached_property
    def app(self) -> Starlette:
        """The ASGI application, for `httpx.ASGITransport` or any ASGI server."""
        return build_app(self)

    def context(self, url: str = "") -> Context:
        """Return what resolvers work with.

        Args:
            url: The server's address as the client wrote it.
        """
        return Context(self.database, self.jobs, self.library, url, self.scans, self.own)

    def authorised(self, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Tell whether a request brings the key, in the header ApiKey or the parameter apikey. Where no key is set, every request does."""
        if self.api_key is None:
            return True
        given = headers.get("apikey") or query.get("apikey") or ""
        return hmac.compare_digest(given.encode(), self.api_key.encode())

    def close(self) -> None:
        """Stop the jobs and close the state. Safe to call twice."""
        self.jobs.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the process's signal handlers alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.ready.set()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Install nothing."""
        return nullcontext()


@asynccontextmanager
async def serve(embedded: EmbeddedStash, port: int = 0, host: str = LOOPBACK) -> AsyncIterator[str]:
    """Serve over HTTP within the running event loop and yield the address, `http://127.0.0.1:PORT`.

    Args:
        embedded: What to serve; it is left open afterwards.
        port: 0 takes a free one.
        host: A loopback address; other web pages, and names that only resolve to it, are refused.

    Raises:
        ValueError: the host is not this machine's loopback.
        OSError: the port is taken.
    """
    with _listen(host, port) as listener:
        address = listener.getsockname()
        config = uvicorn.Config(
            embedded.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.ready.wait()
            shown = f"[{address[0]}]" if ":" in address[0] else address[0]
            yield f"http://{shown}:{address[1]}"
        finally:
            server.should_exit = True
            await serving


def run(
    embedded: EmbeddedStash, port: int, host: str = LOOPBACK, ready: Callable[[str], None] | None = None
) -> None:
    """Serve until interrupted (Ctrl+C raises KeyboardInterrupt), then close the state.

    Args:
        embedded: What to serve.
        port: 0 takes a free one.
        host: A loopback address.
        ready: Is given the address as soon as requests are answered.

    Raises:
        ValueError: the host is not this machine's loopback.
        OSError: the port is taken.
    """
    with embedded:
        asyncio.run(serve_forever(embedded, port, host, ready))


async def serve_forever(
    embedded: EmbeddedStash, port: int, host: str = LOOPBACK, ready: Callable[[str], None] | None = None
) -> None:
    """Serve until cancelled, and leave the state open. See `run`."""
    async with serve(embedded, port, host) as url:
        if ready is not None:
            ready(url)
        await asyncio.Event().wait()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder.resolve()


def _listen(host: str, port: int) -> socket.socket:
    address = ip_address(LOOPBACK if host == "localhost" else host)
    if not address.is_loopback:
        raise ValueError(f"the embedded Stash serves this machine only: {host} is not a loopback address")
    family = socket.AF_INET6 if address.version == _IPV6 else socket.AF_INET
    # named as TCP so that asyncio turns Nagle's algorithm off: it would cost 40 ms a request
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
