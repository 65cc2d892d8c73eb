"""Refused keys, unsuitable servers and certificates."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.errors import (
    AccessRefusedError,
    CertificateError,
    RetriableError,
    UnsuitableStashError,
    UsageError,
)
from stash.store import connect
from stash.transport.client import Connection
from stash.transport.failures import not_verified
from stash.transport.graphql import TransportConfig
from tests.unit.answering import URL, answers

if TYPE_CHECKING:
    import respx


@pytest.mark.parametrize(
    "refusal",
    [httpx.Response(401), httpx.Response(403), httpx.Response(302, headers={"location": "/login?x"})],
)
async def test_a_refused_key_ends_at_once(stash: respx.MockRouter, refusal: httpx.Response) -> None:
    """A wrong key is one request, no retry, and its text holds no key."""
    route = stash.post("/graphql").mock(return_value=refusal)
    with pytest.raises(AccessRefusedError) as caught:
        async with connect(URL, "secret"):
            pass
    assert route.call_count == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx.Response(200, text="<html>router</html>"), "not as a Stash does"),
        (httpx.Response(404, json={"detail": "no"}), "not as a Stash does"),
        (httpx.Response(501, text="Unsupported method ('POST')"), "not as a Stash does"),
        (httpx.Response(200, json={"data": {"hello": 1}}), "not as a Stash does"),
        (httpx.Response(200, json={"data": {"systemStatus": {"appSchema": 74, "status": "OK"}}}), "too old"),
        (
            httpx.Response(200, json={"data": {"systemStatus": {"appSchema": 75, "status": "SETUP"}}}),
            "not set up",
        ),
        (httpx.Response(400, json={"errors": [{"message": "unknown field"}]}), "not as a Stash does"),
    ],
)
async def test_what_is_no_fit_stash_is_said(
    stash: respx.MockRouter, reply: httpx.Response, words: str
) -> None:
    """Something else at that address, a Stash that is too old or not set up: each is named."""
    stash.post("/graphql").mock(return_value=reply)
    with pytest.raises(UnsuitableStashError, match=words):
        async with connect(URL):
            pass


class Untrusted(httpx.AsyncBaseTransport):
    """A server whose certificate cannot be verified."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail as httpx does."""
        del request
        raise httpx.ConnectError("tls") from ssl.SSLCertVerificationError(1, "self-signed certificate")


async def test_an_unverified_certificate_is_refused() -> None:
    """A certificate that cannot be verified is named as such, and is not retried."""
    with pytest.raises(CertificateError, match="could not be verified"):
        async with connect(URL, transport=Untrusted()):
            pass


async def test_plain_http_where_tls_was_expected_is_said() -> None:
    """An https:// address of a Stash without TLS is told apart from a certificate that is not trusted; the step is http://."""
    plain = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    assert "write http:// in STASH_URL" in str(not_verified("https://stash.test", str(plain)))
    assert "STASH_SYNC_CA_FILE" in str(not_verified("https://stash.test", "certificate has expired"))


async def test_a_locked_database_of_stash_is_waited_for(stash: respx.MockRouter) -> None:
    """A read that Stash could not do while it wrote itself is sent again, and is no damaged reply."""
    locked = {"data": None, "errors": [{"message": "stats beginning transaction: database is locked"}]}
    answers(stash, locked, {"data": {"stats": {"scene_count": 1}}})
    async with connect(URL) as store:
        reply = await store.connection.query("{ stats { scene_count } }")
        assert reply.data == {"stats": {"scene_count": 1}}


async def test_no_connection_is_told_in_words(stash: respx.MockRouter) -> None:
    """The sentence about a connection that cannot be made has what the system said of it."""
    answers(stash, *[httpx.ConnectError("Name or service not known")] * 20)
    async with connect(URL, patience=0.2) as store:
        with pytest.raises(RetriableError, match="no connection: Name or service not known"):
            await store.connection.query("{ x }")


@pytest.mark.parametrize("url", ["", "stash:9999", "ftp://stash", "http://", "http://[::1"])
async def test_what_is_no_address_is_said(url: str) -> None:
    """A text that is no HTTP address is a usage error."""
    with pytest.raises(UsageError, match="no address"):
        async with connect(url):
            pass


def test_a_missing_authority_is_said() -> None:
    """A ca_file that cannot be read is a usage error."""
    with pytest.raises(UsageError, match="ca_file"):
        Connection(TransportConfig("https://stash.test", ca_file="/nowhere.pem"))


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://a:9999", "http://a:9999/graphql"),
        ("https://a/stash/", "https://a/stash/graphql"),
        ("http://a:9999/graphql", "http://a:9999/graphql"),
    ],
)
def test_the_endpoint_follows_the_address(url: str, endpoint: str) -> None:
    """The address is the browser's, with or without a prefix."""
    assert TransportConfig(url).endpoint == endpoint
