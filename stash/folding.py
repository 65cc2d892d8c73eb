"""Texts that Stash takes for one another. Pure.

Its database ignores the case of ASCII letters and of no others, in LIKE too; the aliases of one performer it compares
as Go lowers them.
"""

from __future__ import annotations


def fold(text: str) -> str:
    """A text in the case that SQLite compares in."""
    return text.lower() if text.isascii() else "".join([c.lower() if c.isascii() else c for c in text])


def lowered(text: str) -> str:
    """A text as Go lowers it, each letter by itself: a final sigma as any other, `İ` as `i`."""
    return text.lower() if text.isascii() else "".join(["i" if c == "İ" else c.lower() for c in text])


def is_like(text: str, pattern: str) -> bool:
    """SQLite's `text LIKE pattern`: `_` is any character, `%` any text, and a NUL ends both sides."""
    text, pattern = fold(text.split("\0", 1)[0]), fold(pattern.split("\0", 1)[0])
    at = place = tried = 0
    wild = -1
    while place < len(text):
        here = pattern[at : at + 1]
        if here == "%":
            wild, tried = at, place
            at += 1
        elif here in {"_", text[place]}:
            at, place = at + 1, place + 1
        elif wild >= 0:
            tried += 1
            at, place = wild + 1, tried
        else:
            return False
    return not pattern[at:].strip("%")
