"""The HTTP door to Stash: reads are retried within a budget, a write is sent once, every POST is counted."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from pydantic_core import to_json

from stash import kill_points
from stash.encoding import json_in, key_header
from stash.errors import (
    AccessRefusedError,
    RetriableError,
    UnansweredWriteError,
    UnsuitableStashError,
    UsageError,
)
from stash.patience import Patience, TransientError
from stash.wire_failures import is_locked, is_refusal, not_verified, tls_failure, why_unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Requests:
    """What went over the wire: reads, writes and scan are POSTs, mutations are root fields."""

    reads: int = 0
    writes: int = 0
    mutations: int = 0
    scan: int = 0

    @property
    def total(self) -> int:
        """All POSTs but those of scan jobs."""
        return self.reads + self.writes


@dataclass(frozen=True)
class Wire:
    """How to reach Stash: times are in seconds, `timeout` that of one whole reply; `transport` is for tests."""

    url: str
    api_key: str | None = None
    ca_file: str | None = None
    patience: float = 300.0
    connect_patience: float = 3.0
    timeout: float = 120.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, compare=False)

    @property
    def endpoint(self) -> str:
        """The address of the GraphQL endpoint, whatever prefix Stash is served under."""
        return self.url.rstrip("/").removesuffix("/graphql") + "/graphql"


@dataclass(frozen=True)
class Reply:
    """A GraphQL reply: partial data and errors may stand side by side."""

    data: dict[str, Any]
    errors: tuple[dict[str, Any], ...] = ()

    def message_for(self, alias: str) -> str | None:
        """The error text of one root field, or of the whole reply where no field is named."""
        for error in self.errors:
            path = error.get("path")
            if not isinstance(path, list) or not path or path[0] in (alias, "variable"):
                return str(error.get("message", error))
        return None


class Door:
    """Sends GraphQL documents to one Stash; foreign errors become ours here and nowhere else."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.url = _checked(wire.url)
        self.requests = Requests()
        self.is_stash = False
        self.at_work = asyncio.Event()
        self._patience = Patience()
        self._is_refused = False
        self._under_way = 0
        self._reading = asyncio.Semaphore(4)
        # Stash writes one at a time, and the next is there when it is done; three at once would end together, and leave it idle.
        self._writing = asyncio.Semaphore(2)
        self._http = httpx.AsyncClient(
            headers=key_header(wire.api_key),
            timeout=wire.timeout,
            transport=wire.transport,
            verify=_verification(self.url, wire.ca_file),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        patience: float | None = None,
        is_scan: bool = False,
    ) -> Reply:
        """Send a read, again and again within `patience` seconds while Stash does not answer.

        Raises:
            RetriableError: when the budget is used up.
        """
        budget = self.wire.patience if patience is None else patience
        try:
            async for attempt in self._patience.attempts(budget, even_if_sent=True):
                with attempt:
                    async with self._reading:
                        self._count_read(is_scan=is_scan)
                        return _unlocked(await self._post(document, variables))
        except TransientError as error:
            raise RetriableError(
                f"Stash at {self.wire.url} does not answer ({error}); start it, or check STASH_URL, and run again."
            ) from error
        raise AssertionError("unreachable")

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, fields: int, is_scan: bool = False
    ) -> Reply:
        """Send a mutation of `fields` root fields: once, or again while it certainly did not reach Stash.

        Raises:
            RetriableError: it certainly did not reach Stash.
            UnansweredWriteError: it may have; look for its effect before it is repeated.
        """
        try:
            async for attempt in self._patience.attempts(self.wire.patience, even_if_sent=False):
                with attempt:
                    async with self._writing:
                        self._count_write(fields, is_scan=is_scan)
                        return await self._post(document, variables)
        except TransientError as error:
            kind = UnansweredWriteError if error.was_sent else RetriableError
            raise kind(
                f"Stash at {self.wire.url} did not answer a write ({error}); run again, it goes on from there."
            ) from error
        raise AssertionError("unreachable")

    async def picture(self, noun: str, entity_id: str) -> bytes | None:
        """The picture of a performer, studio or tag as Stash has it; None where it does not say."""
        address = f"{self.wire.endpoint.removesuffix('/graphql')}/{noun}/{entity_id}/image"
        self._count_read(is_scan=False)
        try:
            async with asyncio.timeout(self.wire.timeout):
                response = await self._http.get(address)
        except (httpx.TransportError, TimeoutError):
            return None
        return response.content if response.status_code == httpx.codes.OK else None

    def _count_read(self, *, is_scan: bool) -> None:
        if is_scan:
            self.requests.scan += 1
        else:
            self.requests.reads += 1

    def _count_write(self, fields: int, *, is_scan: bool) -> None:
        if is_scan:
            self.requests.scan += 1
        else:
            self.requests.writes += 1
            self.requests.mutations += fields

    async def _post(self, document: str, variables: Mapping[str, Any] | None) -> Reply:
        if self._is_refused:
            raise self._refused()
        content = to_json({"query": document, "variables": variables or {}})
        kill_points.reached("before-send")
        self._under_way += 1
        self.at_work.set()
        try:
            # httpx counts from each part that comes; a reply that only drips has to end too.
            async with asyncio.timeout(self.wire.timeout):
                response = await self._http.post(self.wire.endpoint, content=content, headers=_JSON)
            # Its own one names it, so that all it said would be kept until garbage is looked for.
            response.stream = _READ
        except TimeoutError as error:
            raise TransientError("no whole reply in time", was_sent=True) from error
        except httpx.TransportError as error:
            if (reason := tls_failure(error)) is not None:
                raise not_verified(self.wire.url, reason) from error
            was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            raise TransientError(why_unanswered(error), was_sent=was_sent) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.at_work.clear()
        kill_points.reached("after-reply")
        reply = self._read(response)
        self._patience.was_answered()
        return reply

    def _read(self, response: httpx.Response) -> Reply:
        status = response.status_code
        if status in {401, 403} or "/login" in response.headers.get("location", ""):
            raise self._refused()
        is_down = status >= httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.NOT_IMPLEMENTED
        if status == httpx.codes.TOO_MANY_REQUESTS or is_down:
            wait = response.headers.get("retry-after", "")
            raise TransientError(
                f"HTTP {status}",
                was_sent=status != httpx.codes.TOO_MANY_REQUESTS,
                wait=float(wait) if wait.isdigit() else None,
            )
        try:
            body = json_in(response.content)
        except ValueError as error:
            return self._not_a_reply(f"HTTP {status} without JSON", error)
        if not isinstance(body, dict) or not ("data" in body or "errors" in body):
            return self._not_a_reply(f"HTTP {status} with other JSON", None)
        data, errors = body.get("data"), body.get("errors")
        if not data and isinstance(errors, list) and any(map(is_refusal, errors)):
            raise self._refused()
        return Reply(
            data if isinstance(data, dict) else {},
            tuple(e for e in errors if isinstance(e, dict)) if isinstance(errors, list) else (),
        )

    def _refused(self) -> AccessRefusedError:
        self._is_refused = True
        return AccessRefusedError(
            f"Stash at {self.wire.url} refuses the API key; copy it from Settings, Security, into STASH_API_KEY."
        )

    def _not_a_reply(self, what: str, cause: Exception | None) -> Reply:
        if not self.is_stash:
            raise UnsuitableStashError(
                f"{self.wire.url} answers, but not as a Stash does ({what}); check STASH_URL."
            ) from cause
        raise TransientError(what, was_sent=True) from cause


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        is_usable = parsed.scheme in {"http", "https"} and bool(parsed.host)
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(
            f"{url!r} is no address; set STASH_URL to one like http://localhost:9999."
        ) from error
    if not is_usable or (parsed.port is not None and parsed.port not in _PORTS):
        raise UsageError(f"{url!r} is no address; set STASH_URL to one like http://localhost:9999.")
    return parsed


def _verification(url: httpx.URL, ca_file: str | None) -> ssl.SSLContext | bool:
    if url.scheme == "http":
        return False  # nothing to verify, and building a context costs 20 ms
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"The ca_file {ca_file!r} holds no certificate that can be read ({error})."
        ) from error


def _unlocked(reply: Reply) -> Reply:
    """The reply to a read; one that Stash could not do, because it was writing itself, is sent again."""
    if is_locked(reply.errors):
        raise TransientError("its database is locked", was_sent=False)
    return reply


_PORTS = range(1, 65536)
_JSON = {"Content-Type": "application/json"}
_READ = httpx.ByteStream(b"")
