"""Fault dials: make a Stash, embedded or real, fail at the request and in the way that a test asks for.

Kinds of faults:

- `500`, `502`, `503`, `504`, `429` (with Retry-After, in seconds: `429(2)`), `html` (a page, with 200),
  `null` (no data), `truncated` (half a reply)
- `refused`, `reset`, `timeout`: the connection fails; on a socket each of them is a reply that breaks off
- `partial(2,5)`: the 2nd and the 5th root field fail alone; `locked(2,5)`: likewise, as where Stash's database is
  locked, and `locked` all of them; `typename`: every type in the reply is a wrong one; `slow`: the reply comes in drips

The moment `before` means that nothing of the request was done (of a partial one, nothing of the failing fields),
`after` that it was done and only the reply is bad. `typename` and `slow` always do what was asked.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import Response, StreamingResponse

from tests.faults.trimming import aliases, without

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from stash.embedded import Call, EmbeddedStash, Reply
    from stash.embedded.app import Middleware, Proceed

    type Dial = Callable[[str], Fault | None]

TRANSIENT = ("500", "502", "503", "504", "429", "refused", "reset", "timeout")
"""Kinds that pass, and that another attempt may not meet."""

_KIND = re.compile(r"(\d{3}|[a-z]+)(?:\(([\d,]+)\))?")
_KINDS = frozenset({*TRANSIENT, "html", "null", "truncated", "partial", "locked", "typename", "slow"})
_PARTIAL = {"partial": "fault: partial", "locked": "database is locked"}
_LOST: dict[str, type[httpx.TransportError]] = {
    "refused": httpx.ConnectError,
    "reset": httpx.ReadError,
    "timeout": httpx.ReadTimeout,
}
_DRIPS = 16


@dataclass(frozen=True)
class Fault:
    """What goes wrong at the `at`-th GraphQL POST, counted from 1 over those that match."""

    at: int
    kind: str
    moment: str = "before"
    matching: Callable[[str], bool] = field(default=lambda _document: True, compare=False)

    def __post_init__(self) -> None:
        if self.name not in _KINDS or self.moment not in {"before", "after"}:
            raise ValueError(f"there is no fault {self.kind!r} {self.moment!r}")

    @property
    def name(self) -> str:
        """The kind without its numbers."""
        found = _KIND.fullmatch(self.kind)
        return found[1] if found else ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the kind: root fields, or seconds."""
        found = _KIND.fullmatch(self.kind)
        return tuple(map(int, found[2].split(","))) if found and found[2] else ()

    @property
    def is_executed(self) -> bool:
        """Tell whether the whole request is done all the same."""
        return self.moment == "after" or self.name in {"typename", "slow"}


class Faults:
    """Faults at requests that are counted; called with each document, answers the fault that it meets."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.requests = 0
        self.met: list[Fault] = []
        self._faults = list(faults)
        self._counts = [0] * len(self._faults)

    def __call__(self, document: str) -> Fault | None:
        """Count a request."""
        self.requests += 1
        found = None
        for place, fault in enumerate(self._faults):
            if fault.matching(document):
                self._counts[place] += 1
                if self._counts[place] == fault.at:
                    found = fault
        if found is not None:
            self.met.append(found)
        return found


class RandomFaults:
    """Transient faults at a share of all requests, the same ones for the same seed."""

    def __init__(self, seed: int, share: float, kinds: Sequence[str] = TRANSIENT) -> None:
        self.requests = 0
        self.met: list[Fault] = []
        self._random = random.Random(seed)
        self._share, self._kinds = share, kinds

    def __call__(self, _document: str) -> Fault | None:
        """Count a request."""
        self.requests += 1
        if self._random.random() >= self._share:
            return None
        kind = self._random.choice(self._kinds)
        # A connection that was refused, and a request that was put off, did nothing.
        is_sent = kind not in {"refused", "429"}
        fault = Fault(self.requests, kind, self._random.choice(("before", "after")) if is_sent else "before")
        self.met.append(fault)
        return fault


class FaultyTransport(httpx.AsyncBaseTransport):
    """A way to a Stash, real or embedded, on which requests fail."""

    def __init__(self, inner: httpx.AsyncBaseTransport, dial: Dial) -> None:
        self._inner = inner
        self._dial = dial

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, or fail."""
        given = json.loads(await request.aread()) if request.method == "POST" else {}
        fault = self._dial(given["query"]) if "query" in given else None
        if fault is None:
            return await self._inner.handle_async_request(request)
        body = b"{}"
        if fault.is_executed:
            body = await self._send(request, given["query"], given.get("variables") or {})
        elif fault.name in _PARTIAL:
            trimmed = without(given["query"], given.get("variables") or {}, _places(fault, given["query"]))
            body = await self._send(request, *trimmed) if trimmed else b'{"data": {}}'
        if fault.name in _LOST:
            raise _LOST[fault.name](f"fault: {fault.kind}", request=request)
        status, headers, content = spoiled(fault, body, given["query"])
        stream = _drips(content) if fault.name == "slow" else None
        return httpx.Response(status, headers=headers, content=stream or content, request=request)

    async def _send(self, request: httpx.Request, document: str, variables: dict[str, Any]) -> bytes:
        kept = {k: v for k, v in request.headers.items() if k.lower() not in {"content-length", "host"}}
        content = {"query": document, "variables": variables}
        again = httpx.Request("POST", request.url, headers=kept, json=content, extensions=request.extensions)
        response = await self._inner.handle_async_request(again)
        return await response.aread()

    async def aclose(self) -> None:
        """Close the way."""
        await self._inner.aclose()


def failing(stash: EmbeddedStash, dial: Dial) -> Middleware:
    """Middleware that makes requests to an embedded Stash fail, for clients on a socket."""

    async def around(call: Call, proceed: Proceed) -> Reply | Response:
        fault = dial(call.document)
        if fault is None:
            return await proceed()
        body = b"{}"
        if fault.is_executed:
            body = _body(await proceed())
        elif fault.name in _PARTIAL:
            trimmed = without(call.document, call.variables, _places(fault, call.document))
            body = b'{"data": {}}'
            if trimmed:
                part = replace(call, document=trimmed[0], variables=trimmed[1])
                body = _body(await stash.service.execute(part, stash.context()))
        if fault.name in {*_LOST, "truncated"}:
            # Less is sent than was promised, so the server hangs up.
            return Response(body[: len(body) // 2], headers={"Content-Length": str(len(body) + 1)})
        status, headers, content = spoiled(fault, body, call.document)
        if fault.name == "slow":
            return StreamingResponse(_drips(content), status, headers)
        return Response(content, status, headers)

    return around


def _body(reply: Reply | Response) -> bytes:
    return bytes(reply.body) if isinstance(reply, Response) else json.dumps(reply.body()).encode()


def spoiled(fault: Fault, body: bytes, document: str) -> tuple[int, dict[str, str], bytes]:
    """Return what comes instead of a good reply: status, headers and content."""
    if fault.name.isdigit():
        seconds = str(fault.numbers[0]) if fault.numbers else "0"
        return int(fault.name), {"Retry-After": seconds} if fault.name == "429" else {}, b""
    if fault.name == "html":
        return 200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Stash</title>"
    if fault.name == "null":
        body = b'{"data": null}'
    elif fault.name == "truncated":
        body = body[: len(body) // 2]
    elif fault.name == "typename":
        body = json.dumps(_mistyped(json.loads(body))).encode()
    elif fault.name in _PARTIAL:
        body = json.dumps(_partly(json.loads(body), document, fault)).encode()
    return 200, {"Content-Type": "application/json"}, body


def _mistyped(value: Any) -> Any:
    if isinstance(value, list):
        return [_mistyped(one) for one in value]
    if isinstance(value, dict):
        return {name: "Nonsense" if name == "__typename" else _mistyped(one) for name, one in value.items()}
    return value


def _places(fault: Fault, document: str) -> Sequence[int]:
    """Tell which root fields fail alone, counted from 1."""
    return fault.numbers or range(1, len(aliases(document)) + 1)


def _partly(reply: dict[str, Any], document: str, fault: Fault) -> dict[str, Any]:
    failing = _places(fault, document)
    names = [name for place, name in enumerate(aliases(document), 1) if place in failing]
    errors = [{"message": _PARTIAL[fault.name], "path": [name]} for name in names]
    data = (reply.get("data") or {}) | dict.fromkeys(names)
    return {"data": data, "errors": [*reply.get("errors", ()), *errors]}


async def _drips(content: bytes) -> AsyncIterator[bytes]:
    step = max(1, len(content) // _DRIPS)
    for start in range(0, len(content), step):
        await asyncio.sleep(0)
        yield content[start : start + step]
