"""Send GraphQL over HTTP. Reads are retried within a budget, a write is sent once, every POST is counted."""

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
"""Seconds after which an attempt to connect is given up and repeated."""

GREETING = 15.0
"""Seconds after which the first query is repeated, which is cheap for Stash."""


@dataclass
class Requests:
    """Counts of requests. Reads, writes and scan count POSTs, mutations count root fields."""

    reads: int = 0
    writes: int = 0
    mutations: int = 0
    scan: int = 0

    @property
    def total(self) -> int:
        """The number of POSTs, without those of scan jobs."""
        return self.reads + self.writes


@dataclass(frozen=True)
class TransportConfig:
    """The address of a Stash, its secrets, and limits in seconds. `timeout` limits one whole reply.

    `connect_patience` is the time for the first answer. `on_wait` is called once when Stash lets the client wait.
    `transport` is for tests.
    `is_verified` says that the certificate of Stash is verified.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    is_verified: bool = True
    patience: float = 300.0
    connect_patience: float = 3.0
    timeout: float = 120.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, compare=False)
    on_wait: Callable[[str], object] = field(default=lambda _: None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Take the secrets out of the address, so that no message contains them."""
        address = StashAddress(self.url)
        object.__setattr__(self, "url", address)
        object.__setattr__(self, "api_key", self.api_key or address.api_key)

    @property
    def endpoint(self) -> str:
        """The address of the GraphQL endpoint, with the prefix under which Stash is served."""
        return f"{self.url}/graphql"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry the API key, and the user and password of the address."""
        return StashAddress(self.url).headers(self.api_key)


class RequestsInFlight(asyncio.Event):
    """An event that is set while a request is under way. Each request enters it as a context."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def __enter__(self) -> None:
        self._count += 1
        self.set()

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self.clear()


class GraphQLTransport:
    """Sends GraphQL documents to one Stash. Only this class turns errors of httpx into errors of stash-sync."""

    def __init__(self, config: TransportConfig) -> None:
        self.config = config
        self.url = _checked(config.url)
        self.requests = Requests()
        self.is_stash = False
        self.requests_in_flight = RequestsInFlight()
        self.proxy = None if config.transport is not None else proxy_to(self.url)
        self.address = (
            config.url if self.proxy is None else f"{config.url}, through the proxy {self.proxy.name},"
        )
        self._budget = RetryBudget()
        self._judge = Judge(config.url, self.address)
        self._read_slots = asyncio.Semaphore(4)
        # Stash does one write at a time. The second waits there, so that Stash is never idle. Three would end together.
        self._write_slots = asyncio.Semaphore(2)
        self._http = httpx.AsyncClient(
            headers=config.headers,
            timeout=config.timeout,
            transport=config.transport,
            verify=config.is_verified and verification(self.url, config.ca_file),
            proxy=None if self.proxy is None else httpx.Proxy(self.proxy.url),
            trust_env=False,
            event_hooks={"response": [self._judge.refuse_to_move]},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def greet(self, document: str) -> Reply:
        """Send the first read. Wait up to `connect_patience` for a Stash that is starting.

        Raises:
            RetriableError: Stash did not answer.
        """
        attempts = self._budget.attempts(
            self.config.connect_patience, even_if_sent=True, on_wait=self.config.on_wait
        )
        return await self._read(attempts, document, None, seconds=GREETING, is_scan=False)

    async def query(
        self, document: str, variables: Mapping[str, Any] | None = None, *, is_scan: bool = False
    ) -> Reply:
        """Send a read, and repeat it while Stash does not answer.

        Raises:
            RetriableError: Stash did not answer within the patience.
        """
        attempts = self._budget.attempts(self.config.patience, even_if_sent=True)
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
                    async with self._read_slots:
                        self._count_read(is_scan=is_scan)
                        left = min(seconds, self._budget.left(self.config.patience, attempt.retry_state))
                        return _unlocked(await self._post(document, variables, left))
        except TransientError as error:
            raise RetriableError(
                f"Stash at {self.address} does not answer ({error}); start it, or check STASH_URL, and run again."
            ) from error
        raise AssertionError("unreachable")

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, fields: int, is_scan: bool = False
    ) -> Reply:
        """Send a mutation of `fields` root fields once. Repeat it only while it certainly did not reach Stash.

        Raises:
            RetriableError: the mutation certainly did not reach Stash.
            UnansweredWriteError: the mutation may have reached Stash. The caller checks its effect before a repetition.
            RequestRefusedError: a server in front of Stash refuses this mutation.
        """
        patience = self.config.patience
        try:
            async for attempt in self._budget.attempts(patience, even_if_sent=False):
                with attempt:
                    async with self._write_slots:
                        self._count_write(fields, is_scan=is_scan)
                        left = min(self.config.timeout, self._budget.left(patience, attempt.retry_state))
                        return await self._post(document, variables, left)
        except TransientError as error:
            error_type = UnansweredWriteError if error.was_sent else RetriableError
            raise error_type(
                f"Stash at {self.address} did not answer a write ({error}); run again, it goes on from there."
            ) from error
        raise AssertionError("unreachable")

    async def picture(self, noun: str, entity_id: str) -> bytes | None:
        """Return the picture of a performer, studio or tag from Stash. None if Stash does not send it."""
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
        try:
            # httpx limits the wait for each part, so that a slow stream of parts would never end.
            with self.requests_in_flight:
                async with asyncio.timeout(seconds):
                    response = await self._answer(content, seconds)
        except TimeoutError as error:
            raise TransientError("no whole reply in time", was_sent=True) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._judge.unanswered(error) from error
        kill_points.reached("after-reply")
        reply = self._judge.reply(response, is_stash=self.is_stash)
        self._budget.was_answered()
        return reply

    async def _answer(self, content: bytes, seconds: float) -> httpx.Response:
        """Return the whole answer to a request. An answer that cannot be decoded keeps its status only."""
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
        # httpx's stream refers back to the response. Without that cycle the body is freed at once.
        response.stream = _EMPTY
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
    """Return an answer with the status of one that cannot be decoded, and a placeholder as its content."""
    kept = {name: text for name, text in response.headers.items() if name in _HEADERS}
    return httpx.Response(response.status_code, headers=kept, content=b"<damaged>", request=response.request)


def _unlocked(reply: Reply) -> Reply:
    """Return the reply to a read. Raise TransientError if the database of Stash was locked."""
    if is_locked(reply.errors):
        raise TransientError("its database is locked", was_sent=False)
    return reply


_PORTS = range(1, 65536)
_HEADERS = {"content-type", "retry-after", "www-authenticate"}
_JSON = {"Content-Type": "application/json"}
_EMPTY = httpx.ByteStream(b"")

__all__ = ["GraphQLTransport", "Reply", "Requests", "TransportConfig"]
