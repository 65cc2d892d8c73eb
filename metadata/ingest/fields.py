"""Values of payloads, as they come and as they are stored."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from stash.source.values import parse_flag, parse_instant, parse_integer, repair_text

_LARGEST_NUMBER = 2**31 - 1


def _identity(value: object) -> int:
    number = None if isinstance(value, bool) else parse_integer(value)
    if number is None or number <= 0:
        raise ValueError("is no id")
    return number


def _reference(value: object) -> int | None:
    return None if value in (None, "", 0, "0") else _identity(value)


def _number(value: object) -> int | None:
    number = parse_integer(value)
    if number is not None and abs(number) > _LARGEST_NUMBER:
        raise ValueError("is too large")
    return number


def _moment(value: object) -> datetime | None:
    return None if value in (None, "", 0, "0") else parse_instant(value)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str | int | float):
        # PostgreSQL takes no NUL, and no database takes half a character.
        return repair_text(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    raise ValueError("is not text")


def _json_text(value: object) -> str | None:
    return _text(json.dumps(value) if isinstance(value, dict | list) else value)


Identity = Annotated[int, BeforeValidator(_identity)]
Reference = Annotated[int | None, BeforeValidator(_reference)]
Number = Annotated[int | None, BeforeValidator(_number)]
Flag = Annotated[bool | None, BeforeValidator(parse_flag)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Text = Annotated[str | None, BeforeValidator(_text)]
JsonText = Annotated[str | None, BeforeValidator(_json_text)]
Objects = list[Any] | None
"""Objects within an object: looked at one by one, so that a bad one does not spoil the others."""
