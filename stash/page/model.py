"""What a page shows: of a run that was, or of one that is planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ENTRIES = 5000
"""Entities whose changes a page shows; of a larger run the rest is counted."""

LONGEST = 2000
"""Characters of a text that a page shows."""

MOST_NAMES = 12
"""Names of a list that a page shows."""

What = Literal["failed", "changed", "filled", "created", "linked", "planned"]


@dataclass
class Diff:
    """One field: what stood, what was or is to be written, and why."""

    field: str
    before: str
    after: str
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    why: str = ""


@dataclass
class DiffLine:
    """A line to paste, and what it is for."""

    text: str
    use: str


@dataclass
class PageEntry:
    """One entity with its changes. `media` is the media whose picture stands for it."""

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
    """Something that was left as it is, or had no other side: what, why, and the next step.

    `type` and `id` are those of the entity in Stash that it is about, if it is about one.
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
    """A whole page. `pictures` are data URIs by media id. `stash_url` leads into Stash where that is an address."""

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
    """A field's diff: of lists what was added and removed, of everything else both texts."""
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
    """Tell whether a value that stood there is written over, or links are taken away."""
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
