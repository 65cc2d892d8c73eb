"""HTTP answers that are no reply of Stash's GraphQL: which pass, which are final, and what refuses us. Pure.

| answer | what it is |
|---|---|
| 408, 425, 429 and 5xx, but for 501, 505 and 511 | passing: it is asked again, within the patience |
| 401 and 403 of Stash itself: no page, and no challenge but its own `FormBased` | the key is refused |
| 413, or a refusal that says so | this request is too large |
| 3xx | final; its Location is named and never followed |
| every other 4xx, 501, 505, 511 | final, unless it holds a reply of GraphQL |
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
"""What every refusal says that came from something on the way."""

PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that another attempt may not meet."""

FINAL = frozenset({501, 505, 511})
"""Statuses above 500 that every attempt meets."""

UNDONE = frozenset({425, 429})
"""Passing statuses of a request of which nothing was done."""

OF_CONTENT = frozenset({400, 403, 406, 413, 415, 422})
"""Statuses that may be about one request, and not about us."""

OF_WHO_ASKS = frozenset({402, 403, 451})
"""Statuses that are about us, also where it is not known yet whether a Stash is there."""

_TOO_LARGE = re.compile(
    r"\b(body|content|entity|payload|request)( is)? too (large|big|long)\b", re.IGNORECASE
)
_NO_TEXT = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>|[\x00-\x20\x7f-\xa0\u2028\u2029]+", re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def is_passing(status: int) -> bool:
    """Tell whether another attempt may be answered otherwise."""
    return status in PASSING or (status >= httpx.codes.INTERNAL_SERVER_ERROR and status not in FINAL)


def wait_asked(text: str, now: datetime) -> float | None:
    """The seconds that a Retry-After asks for. None where it asks for none, or is no number and no date."""
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
    """A status with what its page says: its title, or its first words, as plain text."""
    text = content[:4000].decode("utf-8", "replace")
    titled = _TITLE.search(text)
    said = " ".join(html.unescape(_NO_TEXT.sub(" ", titled[1] if titled else text)).split())
    said = "".join(letter for letter in said if letter.isprintable())[:100].strip()
    said = said or httpx.codes.get_reason_phrase(status)
    return f"HTTP {said}" if said.startswith(str(status)) else f"HTTP {status} {said}".rstrip()


def refusal(place: str, status: int, headers: Mapping[str, str], content: bytes) -> SyncError | None:
    """The error of an answer that refuses us, or this request, whatever else its body holds."""
    words = words_of(status, content)
    if status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
        return RefusedOnTheWayError(
            f"A proxy {IN_FRONT} at {place} asks for a name and a password ({words}); write them into the address of "
            "the proxy, or name the host of Stash in NO_PROXY."
        )
    if status == httpx.codes.UNAUTHORIZED:
        return _unauthorised(place, words, headers.get("www-authenticate", ""), content)
    if status == httpx.codes.FORBIDDEN and not content.strip():
        return key_refused(place)
    if status == httpx.codes.FORBIDDEN and headers.get("content-type", "").startswith("text/plain"):
        said = content[:300].decode("utf-8", "replace").strip()
        if said.startswith(("Stash is exposed", "You have attempted to access Stash")):
            return AccessRefusedError(
                f"Stash at {place} serves nobody (HTTP 403): {words.removeprefix('HTTP 403 ')}"
            )
    is_too_large = status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    if is_too_large or (status in OF_CONTENT and _TOO_LARGE.search(words)):
        return too_large(place, words)
    return None


def key_refused(place: str) -> AccessRefusedError:
    """The error of a key that Stash refuses."""
    return AccessRefusedError(
        f"Stash at {place} refuses the API key; copy it from Settings, Security, into STASH_API_KEY."
    )


def too_large(place: str, words: str) -> RequestRefusedError:
    """The error of a request that is too large for what stands in front of Stash."""
    return RequestRefusedError(
        f"A request is too large for what stands {IN_FRONT} at {place} ({words}); raise its limit, which nginx calls "
        "client_max_body_size.",
        is_too_large=True,
    )


def final(place: str, status: int, content: bytes) -> RefusedOnTheWayError:
    """The error of an answer that is no reply of GraphQL, and stays so."""
    words = words_of(status, content)
    sentence = (
        f"Something {IN_FRONT} at {place} refuses us ({words}); have it let through what stash-sync sends."
    )
    if status in OF_CONTENT:
        return RequestRefusedError(sentence, is_too_large=False)
    return RefusedOnTheWayError(sentence)


def moved(url: str, status: int, location: str) -> SyncError:
    """The error of a redirect. That to Stash's own page for logging in means the key."""
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
    named = "".join(letter for letter in plain if letter.isprintable())[:200].removesuffix("/graphql")
    return RefusedOnTheWayError(
        f"{url} sends us on to {named} (HTTP {status}), and a redirect is not followed; if Stash is there, set "
        "STASH_URL to that address."
    )


def _unauthorised(place: str, words: str, challenge: str, content: bytes) -> SyncError:
    is_page = content.lstrip()[:1] == b"<"
    if "formbased" in challenge.casefold() or not (challenge or is_page):
        return key_refused(place)
    scheme = challenge.strip().partition(" ")[0]
    asked = "".join(letter for letter in scheme if letter.isprintable())[:40]
    return RefusedOnTheWayError(
        f"A proxy {IN_FRONT} at {place} asks for a login of its own ({words}{asked and ', '}{asked}), which is no matter of the key; "
        "write its name and password into STASH_URL as http://name:password@host, or have it let stash-sync past."
    )
