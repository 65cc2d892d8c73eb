"""Keys of entities at the source, and texts as every database stores them."""

from __future__ import annotations

from stash.mapping.keys import SourceKey

type RecordKey = tuple[str, SourceKey]
"""The type of an entity of Stash, and the key of its source."""


def storable_text(text: str) -> str:
    """Replace the characters that a database refuses: NUL and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def storable_key(key: SourceKey) -> SourceKey:
    """Return the key as a row holds it."""
    text = storable_text(key.id)
    return key if text is key.id else SourceKey(key.kind, text)
