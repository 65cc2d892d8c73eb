"""The file that a bug is reported with: its traceback, without the user's secrets."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from stash.errors import UsageError
from stash.settings_file import read_settings_file
from stash.source.addresses import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAY_HOLD_A_SECRET = re.compile(r"(?i)stash|proxy|password")
_IS_SECRET = re.compile(r"(?i)api_?key|password")
_SHORTEST = 3
"""Fewest characters of a secret that is looked for. A shorter one would blacken every word."""


def traceback_text() -> str:
    """The traceback of the error at hand, each secret of the environment, the flags and the settings file blackened."""
    text = traceback.format_exc()
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text


def write_details() -> Path:
    """Write the traceback to a file. Return its path."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="stash-sync-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(traceback_text())
    return Path(file.name)


def _secrets() -> Iterator[str]:
    named = [(name, value) for name, value in os.environ.items() if _MAY_HOLD_A_SECRET.search(name)]
    named += [("", word.partition("=")[2] if word.startswith("-") else word) for word in sys.argv[1:]]
    for name, value in [*named, *_in_the_file()]:
        if _IS_SECRET.search(name):
            yield value
        yield from secrets_of(value) if "://" in value or "@" in value else ()


def _in_the_file() -> list[tuple[str, str]]:
    try:
        content = read_settings_file()
    except UsageError:
        return []
    return [(name, value) for name, value in content.items() if isinstance(value, str)]
