"""Parse search values, sort keys and dates as Stash does. Pure functions."""

from __future__ import annotations

import re
from datetime import date

from .errors import ResolverError

_WORD = re.compile(r'-?"[^"]*"|\S+')
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})| \d{2}:\d{2}:\d{2})"
)


def search_words(value: str) -> list[str]:
    """Split an INCLUDES value into the words of which any one is to match.

    A value that begins or ends with a double quote is one phrase, without its quotes.
    """
    trimmed = value.strip()
    phrase = trimmed.strip('"')
    return re.split(r"\s+", trimmed) if phrase == trimmed else [phrase]


def search_terms(text: str) -> list[tuple[bool, list[str]]]:
    """Split what is searched for into its terms, all of which are to hold.

    Returns:
        For each term whether it is negated (`-word`), and words or quoted phrases of which one is to match
        (`a OR b`, `a | b`).
    """
    words = _WORD.findall(text)
    terms = []
    while words:
        group = [words.pop(0)]
        while len(words) > 1 and words[0].upper() in ("OR", "|"):
            group.append(words[1])
            del words[:2]
        negated = len(group) == 1 and group[0][0] == "-" and group[0] != "-"
        terms.append((negated, [(word[1:] if negated else word).strip('"') for word in group]))
    return terms


def parse_date(text: str) -> str:
    """Return a date in the form it keeps: YYYY, YYYY-MM or YYYY-MM-DD.

    Raises:
        ResolverError: the text is no date, or names a day that never was.
    """
    stamp = _TIMESTAMP.fullmatch(text)
    match = _DATE.fullmatch(stamp[1] if stamp else text)
    if match is not None:
        year, month, day = (int(part or 1) for part in match.groups())
        try:
            date(year, month, day)
        except ValueError:
            pass
        else:
            return match[0]
    raise ResolverError(f"failed to parse date {text!r}")
