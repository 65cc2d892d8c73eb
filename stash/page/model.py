"""The content of a page about a run or a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ENTRIES = 5000
"""Entities whose changes a page shows. Further ones are counted."""

LONGEST = 2000
"""Characters of a text that a page shows."""

MOST_NAMES = 12
"""Names of a list that a page shows."""

What = Literal["failed", "changed", "filled", "created", "linked", "planned"]


@dataclass
class Diff:
    """One field: its value before, its value after, and the reason."""

    field: str
    before: str
    after: str
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    why: str = ""


@dataclass
class DiffLine:
    """A command line to paste, and its use."""

    text: str
    use: str


@dataclass
class PageEntry:
    """One entity with its changes. `media` is the media whose picture represents the entity."""

    type: str
    id: str
    label: str
    what: What
    key: str = ""
    message: str = ""
    media: str = ""
    diffs: list[Diff] = field(default_factory=list)
    lines: list[DiffLine] = field(default_factory=list)


@dataclass(frozen=True)
class Note:
    """A kept, unmatched or skipped object: its name, the reason, and the next step.

    `type` and `id` name the entity in Stash, if the note is about one.
    """

    what: str
    where: str
    reason: str
    next_step: str
    line: str = ""
    type: str = ""
    id: str = ""


@dataclass
class Page:
    """A whole page. `pictures` are data URIs by media id. `stash_url` leads to Stash, if it is an address."""

    title: str
    subtitle: str
    is_plan: bool
    facts: Sequence[tuple[str, str]]
    figures: Sequence[tuple[str, Sequence[int]]]
    entries: list[PageEntry]
    left_out: int = 0
    kept: Sequence[Note] = ()
    unmatched: Sequence[Note] = ()
    skipped: Sequence[Note] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    stash_url: str = ""


def diff_of(name: str, before: Any, after: Any, why: str = "") -> Diff:  # noqa: ANN401 - a field holds values of any type
    """Return the diff of a field: added and removed members of a list, both texts of any other value."""
    if isinstance(before, list) or isinstance(after, list):
        old, new = _names(before), _names(after)
        return Diff(
            name,
            _listed(old),
            _listed(new),
            _shortened([one for one in new if one not in old]),
            _shortened([one for one in old if one not in new]),
            why,
        )
    return Diff(name, _text(before), _text(after), why=why)


def is_over_something(diff: Diff) -> bool:
    """Tell whether a diff overwrites a value or removes links."""
    return bool(diff.removed) or (bool(diff.before) and not diff.added and diff.before != diff.after)


def _names(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(_shortened(names))


def _shortened(names: Sequence[str]) -> list[str]:
    more = len(names) - MOST_NAMES
    return [*names[:MOST_NAMES], *([f"and {more} more"] if more > 0 else [])]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"
