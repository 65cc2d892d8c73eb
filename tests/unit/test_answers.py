"""Answers over HTTP that are no reply of Stash: a table of statuses, bodies and headers, and Retry-After."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.errors import (
    AccessRefusedError,
    RefusedOnTheWayError,
    RequestRefusedError,
    SyncError,
    UnsuitableStashError,
)
from stash.transport import answers
from stash.transport.graphql import GraphQLTransport, TransportConfig
from stash.transport.judge import Judge, Reply
from stash.transport.retry import TransientError

URL = "http://stash.test:9999"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = b"<html><head><title>%d No &amp; way</title></head><body>secret</body></html>"
BODIES = {
    "page": PAGE,
    "nothing": b"",
    "text": b"no",
    "json": b'{"detail": "no"}',
    "list": b"[1]",
    "deep": b"[" * 100_000,
    "bytes": bytes(range(256)),
}
PASSING = [408, 425, 429, 500, 502, 503, 504, 507, 520, 599]
FINAL = [
    400,
    402,
    404,
    405,
    406,
    409,
    410,
    411,
    414,
    415,
    417,
    418,
    421,
    422,
    423,
    426,
    428,
    431,
    444,
    451,
    501,
    505,
    511,
]


def judged(
    status: int, body: bytes, headers: dict[str, str] | None = None, *, is_stash: bool = True
) -> object:
    """What an answer means: the reply, or the error."""
    request = httpx.Request("POST", f"{URL}/graphql")
    response = httpx.Response(status, headers=headers, content=body, request=request)
    try:
        return Judge(URL, URL).reply(response, is_stash=is_stash)
    except (SyncError, TransientError) as error:
        return error


def body_of(name: str, status: int) -> bytes:
    """A body of the table."""
    return BODIES[name] % status if name == "page" else BODIES[name]


@pytest.mark.parametrize(("status", "body", "is_stash"), list(product(PASSING, BODIES, (False, True))))
def test_what_passes(status: int, body: str, is_stash: bool) -> None:
    """Another attempt may be answered: 408, 425, 429 and 5xx, whatever their bodies hold."""
    error = judged(status, body_of(body, status), is_stash=is_stash)
    assert isinstance(error, TransientError)
    assert error.was_sent == (status not in {425, 429})


@pytest.mark.parametrize(("status", "body", "is_stash"), list(product(FINAL, BODIES, (False, True))))
def test_what_is_final(status: int, body: str, is_stash: bool) -> None:
    """Every other 4xx, 501, 505 and 511 is an answer: exit 10 with its words, no outage, and not the key."""
    error = judged(status, body_of(body, status), is_stash=is_stash)
    assert isinstance(error, UnsuitableStashError)
    assert error.exit_code == 10
    assert f"HTTP {status}" in str(error)
    assert "API key" not in str(error)
    assert "secret" not in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize("status", [*FINAL, 401, 403, 413])
def test_a_reply_of_graphql_is_one_by_any_final_status(status: int) -> None:
    """A 400 or 422 of gqlgen with a reply in it is taken as one."""
    found = judged(status, b'{"data": null, "errors": [{"message": "no such field"}]}')
    assert isinstance(found, Reply) == (status not in {401, 413})


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (401, b"", {"WWW-Authenticate": "FormBased"}),
        (401, b"", {}),
        (401, b"no", {}),
        (403, b"", {}),
        (302, b"", {"Location": "/login?returnURL=%2Fgraphql"}),
        (302, b"", {"Location": f"{URL}/stash/login"}),
        (200, b'{"data": null, "errors": [{"message": "not authorized"}]}', {}),
    ],
)
def test_what_is_the_key(status: int, body: bytes, headers: dict[str, str]) -> None:
    """A refusal of Stash itself is one of the key, 12."""
    error = judged(status, body, headers)
    assert isinstance(error, AccessRefusedError)
    assert "API key" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (401, b"", {"WWW-Authenticate": 'Basic realm="x"'}, "Basic"),
        (401, b"no", {"WWW-Authenticate": "Bearer"}, "Bearer"),
        (401, b"", {"WWW-Authenticate": "Digest x, Negotiate"}, "Digest"),
        (401, PAGE % 401, {}, "HTTP 401 No & way"),
        (403, PAGE % 403, {}, "HTTP 403 No & way"),
        (403, b'{"message": "Forbidden"}', {}, "HTTP 403"),
        (403, b"\x1f\x8bgarbage", {}, "HTTP 403"),
        (407, b"", {"Proxy-Authenticate": "Basic"}, "HTTP 407"),
        (302, b"", {"Location": "https://sso.test/login?token=hidden"}, "https://sso.test/login"),
        (302, b"", {"Location": "http://stash.test:8080/login"}, "http://stash.test:8080/login"),
    ],
)
@pytest.mark.parametrize("is_stash", [False, True])
def test_what_is_not_the_key(
    status: int, body: bytes, headers: dict[str, str], words: str, *, is_stash: bool
) -> None:
    """A login of a proxy, and what a WAF refuses, is named with its words, and is not called the key."""
    error = judged(status, body, headers, is_stash=is_stash)
    assert isinstance(error, RefusedOnTheWayError)
    assert words in str(error)
    assert "hidden" not in str(error)
    assert "API key" not in str(error)


def test_what_stash_says_of_the_internet() -> None:
    """A Stash that serves nobody, since it was reached from the internet without a login, is quoted."""
    words = (
        b"Stash is exposed to the public internet without authentication, and is not serving any more content"
    )
    error = judged(403, words, {"Content-Type": "text/plain; charset=utf-8"})
    assert isinstance(error, AccessRefusedError)
    assert "exposed to the public internet" in str(error)
    assert "API key" not in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, PAGE % 413),
        (413, b""),
        (413, b'{"errors": [{"message": "too large"}]}'),
        (400, b"<title>400 Request body is too large</title>"),
        (400, b'{"error": "http: request body too large"}'),
        (403, b"Payload too large"),
        (422, b"Content Too Large"),
    ],
)
def test_what_is_too_large(status: int, body: bytes) -> None:
    """413, and a refusal that says so, is of this request alone, with its words and the setting of nginx."""
    error = judged(status, body)
    assert isinstance(error, RequestRefusedError)
    assert error.is_too_large
    assert f"HTTP {status}" in str(error)
    assert "client_max_body_size" in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (414, b"<title>414 Request-URI Too Large</title>"),
        (431, b"Request Header Fields Too Large"),
        (400, b"<title>400 Request Header Or Cookie Too Large</title>"),
    ],
)
def test_what_is_too_large_in_another_way(status: int, body: bytes) -> None:
    """A header or an address that is too long stays so in smaller requests."""
    error = judged(status, body)
    assert isinstance(error, RefusedOnTheWayError)
    assert not (isinstance(error, RequestRefusedError) and error.is_too_large)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://stash.test/graphql", "https://stash.test "),
        ("/elsewhere/graphql", f"{URL}/elsewhere "),
        ("http://me:hidden@other.test/graphql?apikey=hidden#hidden", "http://other.test "),
        ("http://[::1", "without naming one"),
        ("http://stash.test:x/", "without naming one"),
        ("", "without naming one"),
        (None, "without naming one"),
    ],
)
def test_where_a_redirect_leads(status: int, location: str | None, named: str) -> None:
    """A redirect is final; its address is named without what it carries of secrets, and STASH_URL with it."""
    error = judged(status, b"", {} if location is None else {"Location": location})
    assert isinstance(error, RefusedOnTheWayError)
    assert named in str(error)
    assert "STASH_URL" in str(error)
    assert "hidden" not in str(error)


async def test_a_location_that_is_none_is_no_outage() -> None:
    """A Location that httpx refuses before anybody sees the answer is named all the same, at once."""
    for location in (
        "http://[::1",
        "http://stash.test:99999999/",
        "//",
        "\x7f",
        "javascript:alert(1)",
        "http://é.test/",
    ):
        asked: list[httpx.Request] = []

        def answer(
            request: httpx.Request, location: str = location, asked: list[httpx.Request] = asked
        ) -> httpx.Response:
            asked.append(request)
            return httpx.Response(308, headers={"Location": location.encode()})

        door = GraphQLTransport(TransportConfig(URL, patience=5, transport=httpx.MockTransport(answer)))
        with pytest.raises(RefusedOnTheWayError, match="HTTP 308"):
            await door.query("{ x }")
        with pytest.raises(RefusedOnTheWayError, match="HTTP 308"):
            await door.mutate("mutation { x }", {}, fields=1)
        assert len(asked) == 1, location
        await door.close()


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"[-+]?[0-9]*\.?[0-9]*(e[0-9]+)?"), st.integers().map(str))
)
def test_whatever_retry_after_says(text: str) -> None:
    """It is a positive number of seconds, or none; never an error."""
    wait = answers.wait_asked(text, NOW)
    assert wait is None or wait > 0


@given(st.integers(min_value=0, max_value=10**30))
def test_a_number_is_seconds(number: int) -> None:
    """A number is that many seconds; none is none."""
    assert answers.wait_asked(str(number), NOW) == (float(number) or None)


@given(st.timedeltas(timedelta(days=-10_000), timedelta(days=10_000)))
def test_a_date_is_until_then(ahead: timedelta) -> None:
    """A date is the time until then; one that is past is none."""
    wait = answers.wait_asked(format_datetime(NOW + ahead, usegmt=True), NOW)
    seconds = int(ahead.total_seconds() // 1)
    assert wait == (float(seconds) if seconds > 0 else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.5", 1.5), (" 7 ", 7.0), ("0", None), ("-5", None), ("+5", None), ("1e9", None), ("inf", None), ("nan", None),
        ("²", None), ("٣", None), ("soon", None), ("", None), ("5, 10", None), ("9" * 400, float("inf")),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None), ("Thu, 01 Jan 2026 00:01:00 -0000", 60.0),
        ("Thu, 01 Jan 2026 00:01:00 +9999", None),
    ],
)  # fmt: skip
def test_what_retry_after_may_be(text: str, seconds: float | None) -> None:
    """Numbers and dates are waits; what is neither, negative or past is none."""
    assert answers.wait_asked(text, NOW) == seconds


@given(st.integers(min_value=400, max_value=599), st.binary(max_size=300))
def test_words_are_a_line(status: int, content: bytes) -> None:
    """Whatever a page holds, its words are one short printable line that begins with the status."""
    words = answers.words_of(status, content)
    assert words.startswith(f"HTTP {status}")
    assert words.isprintable()
    assert len(words) < 120
    assert "<b>" not in words
