"""Normalise and compare texts as Stash does. Pure.

The database of Stash ignores the case of ASCII letters only, in LIKE too. Stash compares the aliases of one performer
as Go lowers them.
"""

from __future__ import annotations

import re

GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space in Go, the language of Stash."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def normalize_text(text: str | None) -> str:
    """Return a text as Stash keeps it: trimmed, never null, lone surrogates replaced."""
    if text is None:
        return ""
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip(GO_SPACE)


def fold(text: str) -> str:
    """Return a text in the case that SQLite compares in."""
    return text.lower() if text.isascii() else "".join([c.lower() if c.isascii() else c for c in text])


def lowered(text: str) -> str:
    """Return a text as Go lowers it, letter by letter: a final sigma as any other, `İ` as `i`."""
    return text.lower() if text.isascii() else "".join(["i" if c == "İ" else c.lower() for c in text])


def is_like(text: str, pattern: str) -> bool:
    """Evaluate SQLite's `text LIKE pattern`: `_` is any character, `%` any text, and a NUL ends both sides."""
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
