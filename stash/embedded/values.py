"""Input values: ids, texts and dates as Stash takes and keeps them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from stash.texts import GO_SPACE

from .errors import ResolverError
from .matching import parse_date

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DATA_URL = re.compile(r"data:.+/(.+);base64,(.*)", re.DOTALL)


def to_int(text: str, doing: str = "") -> int:
    """Return the number of an id.

    Args:
        text: the id as it was sent.
        doing: what the error text begins with, "converting id"; nothing where it is not said.

    Raises:
        ResolverError: it is no number.
    """
    if not _INTEGER.fullmatch(text):
        reason = f'strconv.Atoi: parsing "{text}": invalid syntax'
        raise ResolverError(f"{doing}: {reason}" if doing else reason)
    return int(text)


def to_ints(texts: Sequence[str] | None, doing: str) -> list[int]:
    """Return the numbers of a list of ids. Nothing for null."""
    return [to_int(text, doing) for text in texts or ()]


def to_reference(text: str | None, doing: str) -> int | None:
    """Return the id of a field such as studio_id. Null clears it."""
    return None if text is None else to_int(text, f"{doing}: converting {text} to int")


def to_text(text: str | None) -> str | None:
    """Return a text as it is kept: without white space around it, and null for nothing."""
    return (text or "").strip(GO_SPACE) or None


def to_date(text: str | None, doing: str = "converting date") -> str | None:
    """Return a date as it is kept. Null and the empty text clear it.

    Raises:
        ResolverError: it is no date.
    """
    if not text:
        return None
    try:
        return parse_date(text)
    except ResolverError as error:
        raise ResolverError(f"{doing}: {error}") from error


def to_picture(text: str | None) -> bytes | None:
    """Return the bytes of a picture that was sent as a data URL. Null for none.

    Raises:
        ResolverError: it is not a data URL; the embedded Stash fetches nothing.
    """
    if not text:
        return None
    match = _DATA_URL.fullmatch(text)
    if match is None:
        raise ResolverError(f'processing image: Get "{text[:100]}": unsupported protocol scheme ""')
    try:
        return base64.b64decode(match[2], validate=True)
    except ValueError as error:
        raise ResolverError(f"processing image: {error}") from error


def to_changes(given: Any, key: str = "ids") -> tuple[str, list[Any]]:  # noqa: ANN401
    """Return the mode (SET, ADD or REMOVE) and the values of a list, or of a bulk update of one."""
    if isinstance(given, dict):
        return given["mode"], given.get(key) or []
    return "SET", given or []
