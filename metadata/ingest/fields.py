"""Parsers of a payload's values. Each raises ValueError for a value that it cannot use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stash.source.values import parse_flag, parse_instant, parse_integer, repair_text

if TYPE_CHECKING:
    from datetime import datetime

_LARGEST_NUMBER = 2**31 - 1

flag = parse_flag


def identity(value: object) -> int:
    """Parse an id: a positive number, or its digits."""
    number = None if isinstance(value, bool) else parse_integer(value)
    if number is None or number <= 0:
        raise ValueError("is no id")
    return number


def reference(value: object) -> int | None:
    """Parse an id that may be missing, which the API also says with zero or an empty text."""
    return None if value in (None, "", 0, "0") else identity(value)


def number(value: object) -> int | None:
    """Parse a number that a column of 32 bits holds."""
    parsed = parse_integer(value)
    if parsed is not None and abs(parsed) > _LARGEST_NUMBER:
        raise ValueError("is too large")
    return parsed


def moment(value: object) -> datetime | None:
    """Parse a time."""
    return None if value in (None, "", 0, "0") else parse_instant(value)


def text(value: object) -> str | None:
    """Parse a text that every database can hold: PostgreSQL takes no NUL, and none takes half a character."""
    if value is None:
        return None
    if isinstance(value, str | int | float):
        return repair_text(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    raise ValueError("is not text")


def json_text(value: object) -> str | None:
    """Parse a text, or write an object as one."""
    return text(json.dumps(value) if isinstance(value, dict | list) else value)


def nested(value: object) -> dict[str, Any] | None:
    """Take an object within an object."""
    if value is None or isinstance(value, dict):
        return value
    raise ValueError("is no object")


def listed(value: object) -> list[Any] | None:
    """Take a list of objects. They are read one by one, so that a bad one does not spoil the others."""
    if value is None or isinstance(value, list):
        return value
    raise ValueError("is no list")
