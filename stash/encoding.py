"""Texts on the way to Stash and back: what is no UTF-8 in a reply, and what a header can carry. Pure."""

from __future__ import annotations

import codecs
import json
from typing import Any

from pydantic_core import from_json

from stash.errors import UsageError

_ESCAPE = "stash-sync-escape"


def json_in(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The JSON of a reply. Python takes what the faster parser refuses, such as a lone surrogate.

    Stash sends a file's name as it lies on disk. Bytes of it that are no UTF-8 are read as escapes: a backslash and `xe9`.
    """
    try:
        return from_json(content, cache_strings="keys")
    except ValueError:
        return json.loads(content.decode("utf-8-sig", _ESCAPE))


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Within JSON a backslash is written twice."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is for decoding alone
    found = error.object[error.start : error.end]
    return "".join(f"\\\\x{byte:02x}" for byte in found), error.end


codecs.register_error(_ESCAPE, _escape)


def key_header(api_key: str | None) -> dict[str, str]:
    """The header that brings the key, without the blanks and line ends that come with pasting.

    Raises:
        UsageError: it holds what no header can carry.
    """
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            "The API key holds a character that no key of Stash has; copy it again from Settings, Security, into "
            "STASH_API_KEY."
        )
    return {"ApiKey": key} if key else {}
