"""The HTTP door to Stash: reads are retried within a budget, a write is sent once, every POST is counted."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from pydantic_core import to_json

from stash import kill_points
from stash.errors import (
    AccessRefusedError,
    RefusedOnTheWayError,
    RetriableError,
    UnansweredWriteError,
    UsageError,
)
from stash.transport.addresses import StashAddress
from stash.transport.certificates import verification
from stash.transport.failures import is_locked
from stash.transport.judge import Judge, Reply
from stash.transport.proxies import proxy_to
from stash.transport.retry import RetryBudget, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import AsyncRetrying

CONNECTING = 10.0
"""Seconds after which a connection that is not made is tried again."""

GREETING = 15.0
"""Seconds after which the first question, which costs Stash nothing, is put again."""


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
class TransportConfig:
    """How to reach Stash: times are in seconds, `timeout` that of one whole reply. `transport` is for tests.

    `connect_patience` is how long a Stash is waited for that does not answer at first; `on_wait` is told of it, once.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    verify_ssl: bool = True
    patience: float = 300.0
    connect_patience: float = 3.0
    timeout: float = 120.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, compare=False)
    on_wait: Callable[[str], object] = field(default=lambda _: None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the secrets out of the address: no sentence may name them."""
        address = StashAddress(self.url)
        object.__setattr__(self, "url", address)
        object.__setattr__(self, "api_key", self.api_key or address.api_key)

    @property
    def endpoint(self) -> str:
        """The address of the GraphQL endpoint, whatever prefix Stash is served under."""
        return f"{self.url}/graphql"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry the API key, and the user and password of the address."""
        return StashAddress(self.url).headers(self.api_key)


class GraphQLTransport:
    """Sends GraphQL documents to one Stash. Foreign errors become ours here and nowhere else."""

    def __init__(self, config: TransportConfig) -> None:
        self.config = config
        self.url = _checked(config.url)
        self.requests = Requests()
        self.is_stash = False
        self.request_in_flight = asyncio.Event()
        self.proxy = None if config.transport is not None else proxy_to(self.url)
        self.place = (
            config.url if self.proxy is None else f"{config.url}, through the proxy {self.proxy.name},"
        )
        self._patience = RetryBudget()
        self._judge = Judge(config.url, self.place)
        self._under_way = 0
        self._reading = asyncio.Semaphore(4)
        # Stash writes one at a time, and the next is there when it is done; three at once would end together, and leave it idle.
        self._writing = asyncio.Semaphore(2)
        self._http = httpx.AsyncClient(
            headers=config.headers,
            timeout=config.timeout,
            transport=config.transport,
            verify=verification(self.url, config.ca_file) if config.verify_ssl else False,
            proxy=None if self.proxy is None else httpx.Proxy(self.proxy.url),
            trust_env=False,
            event_hooks={"response": [self._judge.refuse_to_move]},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def greet(self, document: str) -> Reply:
        """Send the first read: a Stash that starts just now is waited for within the `connect_patience`.

        Raises:
            RetriableError: it did not answer.
        """
        attempts = self._patience.attempts(
            self.config.connect_patience, even_if_sent=True, on_wait=self.config.on_wait
        )
        return await self._read(attempts, document, None, seconds=GREETING, is_scan=False)

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, is_scan: bool = False
    ) -> Reply:
        """Send a read, again and again while Stash does not answer.

        Raises:
            RetriableError: the patience is at its end.
        """
        attempts = self._patience.attempts(self.config.patience, even_if_sent=True)
        return await self._read(attempts, document, variables, seconds=self.config.timeout, is_scan=is_scan)

    async def _read(
        self,
        attempts: AsyncRetrying,
        document: str,
        variables: Mapping[str, Any] | None,
        *,
        seconds: float,
        is_scan: bool,
    ) -> Reply:
        try:
            async for attempt in attempts:
                with attempt:
                    async with self._reading:
                        self._count_read(is_scan=is_scan)
                        left = min(seconds, self._patience.left(self.config.patience, attempt.retry_state))
                        return _unlocked(await self._post(document, variables, left))
        except TransientError as error:
            raise RetriableError(
                f"Stash at {self.place} does not answer ({error}); start it, or check STASH_URL, and run again."
            ) from error
        raise AssertionError("unreachable")

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, fields: int, is_scan: bool = False
    ) -> Reply:
        """Send a mutation of `fields` root fields: once, or again while it certainly did not reach Stash.

        Raises:
            RetriableError: it certainly did not reach Stash.
            UnansweredWriteError: it may have; look for its effect before it is repeated.
            RequestRefusedError: something in front of Stash refuses this one.
        """
        patience = self.config.patience
        try:
            async for attempt in self._patience.attempts(patience, even_if_sent=False):
                with attempt:
                    async with self._writing:
                        self._count_write(fields, is_scan=is_scan)
                        left = min(self.config.timeout, self._patience.left(patience, attempt.retry_state))
                        return await self._post(document, variables, left)
        except TransientError as error:
            kind = UnansweredWriteError if error.was_sent else RetriableError
            raise kind(
                f"Stash at {self.place} did not answer a write ({error}); run again, it goes on from there."
            ) from error
        raise AssertionError("unreachable")

    async def picture(self, noun: str, entity_id: str) -> bytes | None:
        """The picture of a performer, studio or tag as Stash has it. None where it does not say."""
        address = f"{self.config.endpoint.removesuffix('/graphql')}/{noun}/{entity_id}/image"
        self._count_read(is_scan=False)
        try:
            async with asyncio.timeout(min(self.config.timeout, self.config.patience)):
                response = await self._http.get(address)
        except (httpx.HTTPError, RefusedOnTheWayError, AccessRefusedError, TimeoutError):
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

    async def _post(self, document: str, variables: Mapping[str, Any] | None, seconds: float) -> Reply:
        if self._judge.refusal is not None:
            raise self._judge.refusal
        content = to_json({"query": document, "variables": variables or {}})
        kill_points.reached("before-send")
        self._under_way += 1
        self.request_in_flight.set()
        try:
            # httpx counts from each part that comes; a reply that only drips has to end too.
            async with asyncio.timeout(seconds):
                response = await self._answer(content, seconds)
        except TimeoutError as error:
            raise TransientError("no whole reply in time", was_sent=True) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._judge.unanswered(error) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.request_in_flight.clear()
        kill_points.reached("after-reply")
        reply = self._judge.reply(response, is_stash=self.is_stash)
        self._patience.was_answered()
        return reply

    async def _answer(self, content: bytes, seconds: float) -> httpx.Response:
        """The whole answer to a request. One that cannot be decoded has its status, and no content."""
        request = self._http.build_request(
            "POST",
            self.config.endpoint,
            content=content,
            headers=_JSON,
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECTING)),
        )
        response = await self._http.send(request, stream=True)
        try:
            await response.aread()
        except httpx.DecodingError:
            response = _undecoded(response)
        finally:
            await response.aclose()
        # Its own one names it, so that all it said would be kept until garbage is looked for.
        response.stream = _READ
        return response


def _checked(url: str) -> httpx.URL:
    address = StashAddress(url)
    parsed = None
    if not address.problem:
        with suppress(httpx.InvalidURL, ValueError):
            found = httpx.URL(address)
            if found.scheme in {"http", "https"} and found.host and found.port in {None, *_PORTS}:
                parsed = found
    if parsed is None:
        step = address.problem or "set STASH_URL to one like http://localhost:9999"
        raise UsageError(f"{str(address)!r} is no address; {step}.")
    return parsed


def _undecoded(response: httpx.Response) -> httpx.Response:
    """An answer whose content is not encoded as it says: with a page that says nothing in its place."""
    kept = {name: text for name, text in response.headers.items() if name in _HEADERS}
    return httpx.Response(response.status_code, headers=kept, content=b"<damaged>", request=response.request)


def _unlocked(reply: Reply) -> Reply:
    """The reply to a read. One that Stash could not do, because it was writing itself, is sent again."""
    if is_locked(reply.errors):
        raise TransientError("its database is locked", was_sent=False)
    return reply


_PORTS = range(1, 65536)
_HEADERS = {"content-type", "retry-after", "www-authenticate"}
_JSON = {"Content-Type": "application/json"}
_READ = httpx.ByteStream(b"")

__all__ = ["GraphQLTransport", "Reply", "Requests", "TransportConfig"]
