"""Texts of strangers, fit for a terminal, a line, and JSON. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from stash.files.paths import escaped


def harmless(text: str) -> str:
    """The text without characters that steer a terminal or turn its line around: names in the source are anybody's."""
    return escaped(text).translate(_STEERING)


def one_line(text: str) -> str:
    """A harmless text without line ends."""
    return harmless(text).replace("\n", " ")


def as_json(content: Any) -> str:  # noqa: ANN401 - whatever a command says
    """JSON in ASCII, in which every text is one: half characters are escaped, as readers of JSON refuse them."""
    text = json.dumps(content, default=_plain)
    return json.dumps(_whole(json.loads(text))) if _HALF in text else text


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_HALF = "\\ud"
"""Starts of the escapes of a half character, and of a character beyond the first 65,536."""


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {escaped(name): _whole(one) for name, one in value.items()}
    return value


_CONTROLS = [*range(10), *range(11, 32), *range(127, 160), 0x2028, 0x2029]
_DIRECTIONS = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_STEERING = dict.fromkeys([*_CONTROLS, *_DIRECTIONS], "\N{REPLACEMENT CHARACTER}")
