"""Classify the HTTP answers that hold no GraphQL reply: passing, final, or a refusal. Pure.

| answer | meaning |
|---|---|
| 408, 425, 429 and 5xx, except 501, 505 and 511 | passing: the request is repeated within the patience |
| 401 and 403 of Stash itself: no page, and no challenge but its own `FormBased` | the key is refused |
| 413, or a refusal that says so | this request is too large |
| 3xx | final; its Location is named and never followed |
| every other 4xx, 501, 505, 511 | final, unless it holds a GraphQL reply |
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from stash.errors import AccessRefusedError, RefusedOnTheWayError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash.errors import SyncError

IN_FRONT = "in front of Stash"
"""A part of every message about a refusal by a proxy or server on the way."""

PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that another attempt may avoid."""

FINAL = frozenset({501, 505, 511})
"""Statuses above 500 that every attempt meets."""

UNDONE = frozenset({425, 429})
"""Passing statuses that prove that Stash did nothing of the request."""

OF_CONTENT = frozenset({400, 403, 406, 413, 415, 422})
"""Statuses that may concern the content of one request."""

OF_WHO_ASKS = frozenset({402, 403, 451})
"""Statuses that concern the client, even before a Stash was recognised."""

_TOO_LARGE = re.compile(
    r"\b(body|content|entity|payload|request)( is)? too (large|big|long)\b", re.IGNORECASE
)
_NO_TEXT = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>|[\x00-\x20\x7f-\xa0\u2028\u2029]+", re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def is_passing(status: int) -> bool:
    """Tell whether another attempt may get another status."""
    return status in PASSING or (status >= httpx.codes.INTERNAL_SERVER_ERROR and status not in FINAL)


def wait_asked(text: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After asks for. None for zero, for the past and for a malformed value."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text) or None
    try:
        until = parsedate_to_datetime(text)
        seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if seconds > 0 else None


def words_of(status: int, content: bytes) -> str:
    """Return a status with the title of its page, or with the first words of the page, as plain text."""
    text = content[:4000].decode("utf-8", "replace")
    titled = _TITLE.search(text)
    said = " ".join(html.unescape(_NO_TEXT.sub(" ", titled[1] if titled else text)).split())
    said = "".join(letter for letter in said if letter.isprintable())[:100].strip()
    said = said or httpx.codes.get_reason_phrase(status)
    return f"HTTP {said}" if said.startswith(str(status)) else f"HTTP {status} {said}".rstrip()


def refusal(address: str, status: int, headers: Mapping[str, str], content: bytes) -> SyncError | None:
    """Return the error of an answer that refuses the client or this request, whatever its body holds."""
    words = words_of(status, content)
    if status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
        return RefusedOnTheWayError(
            f"A proxy {IN_FRONT} at {address} asks for a name and a password ({words}); write them into the address of "
            "the proxy, or name the host of Stash in NO_PROXY."
        )
    if status == httpx.codes.UNAUTHORIZED:
        return _unauthorised(address, words, headers.get("www-authenticate", ""), content)
    if status == httpx.codes.FORBIDDEN and not content.strip():
        return key_refused(address)
    if status == httpx.codes.FORBIDDEN and headers.get("content-type", "").startswith("text/plain"):
        said = content[:300].decode("utf-8", "replace").strip()
        if said.startswith(("Stash is exposed", "You have attempted to access Stash")):
            return AccessRefusedError(
                f"Stash at {address} serves nobody (HTTP 403): {words.removeprefix('HTTP 403 ')}"
            )
    is_too_large = status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    if is_too_large or (status in OF_CONTENT and _TOO_LARGE.search(words)):
        return too_large(address, words)
    return None


def key_refused(address: str) -> AccessRefusedError:
    """Return the error of a key that Stash refuses."""
    return AccessRefusedError(
        f"Stash at {address} refuses the API key; copy it from Settings, Security, into STASH_API_KEY."
    )


def too_large(address: str, words: str) -> RequestRefusedError:
    """Return the error of a request that is too large for a server in front of Stash."""
    return RequestRefusedError(
        f"A request is too large for what stands {IN_FRONT} at {address} ({words}); raise its limit, which nginx calls "
        "client_max_body_size.",
        is_too_large=True,
    )


def final(address: str, status: int, content: bytes) -> RefusedOnTheWayError:
    """Return the error of an answer that is final and holds no GraphQL reply."""
    words = words_of(status, content)
    sentence = (
        f"Something {IN_FRONT} at {address} refuses us ({words}); have it let through what stash-sync sends."
    )
    if status in OF_CONTENT:
        return RequestRefusedError(sentence, is_too_large=False)
    return RefusedOnTheWayError(sentence)


def moved(url: str, status: int, location: str) -> SyncError:
    """Return the error of a redirect. A redirect to the login page of Stash means that the key is refused."""
    here = httpx.URL(url)
    try:
        target = here.join(location) if location else None
    except (httpx.InvalidURL, ValueError):
        target = None
    if target is None:
        return RefusedOnTheWayError(
            f"{url} sends us on to another address without naming one (HTTP {status}); set STASH_URL to that of Stash."
        )
    if target.netloc == here.netloc and target.path.endswith("/login"):
        return key_refused(url)
    plain = str(target.copy_with(username=None, password=None, query=None, fragment=None))
    shown = "".join(letter for letter in plain if letter.isprintable())[:200].removesuffix("/graphql")
    return RefusedOnTheWayError(
        f"{url} sends us on to {shown} (HTTP {status}), and a redirect is not followed; if Stash is there, set "
        "STASH_URL to that address."
    )


def _unauthorised(address: str, words: str, challenge: str, content: bytes) -> SyncError:
    is_page = content.lstrip()[:1] == b"<"
    if "formbased" in challenge.casefold() or not (challenge or is_page):
        return key_refused(address)
    scheme = challenge.strip().partition(" ")[0]
    asked = "".join(letter for letter in scheme if letter.isprintable())[:40]
    return RefusedOnTheWayError(
        f"A proxy {IN_FRONT} at {address} asks for a login of its own ({words}{asked and ', '}{asked}), which is no matter of the key; "
        "write its name and password into STASH_URL as http://name:password@host, or have it let stash-sync past."
    )
