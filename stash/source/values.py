"""Parse raw column and payload values: instants, whole numbers, flags, text."""

from __future__ import annotations

import json
import re
from datetime import MAXYEAR, UTC, datetime
from enum import IntEnum
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

MILLISECONDS_FROM = 10**10
"""The epoch number above which it counts in milliseconds, by the downloader's own rule."""

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")

LARGEST_ID = 2**63 - 1


def as_json(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON, in half the time that Python takes. Lone surrogates are escaped as Python does it."""
    try:
        return to_json(value).decode()
    except PydanticSerializationError:
        return json.dumps(value)


def parse_instant(value: object) -> datetime | None:
    """Return the UTC instant of a database or payload value of any era. None for None.

    Understands `YYYY-MM-DD HH:MM:SS[.ffffff]`, ISO 8601 with any offset, epoch seconds and milliseconds
    (numbers, or text of digits), and datetimes. A value without an offset is in UTC. Raises ValueError otherwise.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if "-" in text[1:]:
            return _in_utc(datetime.fromisoformat(text))
        return _from_epoch(float(text))
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(value)
    raise ValueError("is not a date")


def parse_creation(value: object) -> datetime | None:
    """Parse the instant of a creation, as `parse_instant` does. Raise ValueError for the year 9999 too."""
    instant = parse_instant(value)
    if instant is not None and instant.year == MAXYEAR:
        raise ValueError("is in the last year that there is")
    return instant


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is outside the years 1 to 9999") from error


def _from_epoch(number: float) -> datetime:
    try:
        seconds = number / 1000 if abs(number) > MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("is outside the years 1 to 9999") from error


def parse_integer(value: object) -> int | None:
    """Return a whole number within 64 bits, from a number or its digits. None for None. Raise ValueError otherwise."""
    if value is None:
        return None
    try:
        number = int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or abs(number) > LARGEST_ID or (isinstance(value, float) and number != value):
        raise ValueError("is not a whole number")
    return number


def parse_flag(value: object) -> bool | None:
    """Return True or False from a boolean, 0 or 1. None for None. Raise ValueError otherwise."""
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):
        return value == 1
    raise ValueError("is neither true nor false")


def parse_text(value: object) -> str | None:
    """Return a text unchanged. None for None. Raise ValueError for any other value, such as bytes."""
    if value is None or isinstance(value, str):
        return value
    raise ValueError("is not text in UTF-8")


def is_storable(text: object) -> bool:
    """Tell whether a database can hold a text. None holds lone surrogates or NUL."""
    return (
        isinstance(text, str) and "\0" not in text and (text.isascii() or not _LONE_SURROGATES.search(text))
    )


def repair_text(value: object) -> str:
    """Return any value as text. Every undecodable part becomes U+FFFD."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    text = str(value)
    return _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


class ContentType(IntEnum):
    """The type of an attachment's content. The API sends the number, the column holds the name."""

    ACCOUNT_MEDIA = 1
    ACCOUNT_MEDIA_BUNDLE = 2
    TIP = 7
    AGGREGATED_POSTS = 8
    TIP_GOALS = 7100
    STORY = 32001
    POLL = 42001

    @classmethod
    def parse(cls, value: object) -> ContentType | None:
        """Return the type of that name or number. None for an unknown one."""
        name = str(value)
        return _CONTENT_TYPES.get(name)


_CONTENT_TYPES = {key: member for member in ContentType for key in (member.name, str(member.value))}
