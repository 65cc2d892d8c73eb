"""Decode replies of Stash with bytes that are no UTF-8, and encode the API key for a header. Pure."""

from __future__ import annotations

import codecs
import json
from typing import Any

from pydantic_core import from_json

from stash.errors import UsageError

_ESCAPE = "stash-sync-escape"


def json_in(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a reply. Python's parser takes what the faster one refuses, such as a lone surrogate.

    Stash sends a file name as it lies on disk. Bytes that are no UTF-8 are decoded to escapes: a backslash and `xe9`.
    """
    try:
        return from_json(content, cache_strings="keys")
    except ValueError:
        return json.loads(content.decode("utf-8-sig", _ESCAPE))


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return the escapes of undecodable bytes, with the backslash doubled for JSON."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is for decoding alone
    found = error.object[error.start : error.end]
    return "".join(f"\\\\x{byte:02x}" for byte in found), error.end


codecs.register_error(_ESCAPE, _escape)


def key_header(api_key: str | None) -> dict[str, str]:
    """Return the header with the API key, without blanks and line ends that a copy adds.

    Raises:
        UsageError: the key holds characters that a header cannot carry.
    """
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            "The API key holds a character that no key of Stash has; copy it again from Settings, Security, into "
            "STASH_API_KEY."
        )
    return {"ApiKey": key} if key else {}
