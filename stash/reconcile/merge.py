"""The three-way merge of a value and of a set. Pure.

`current` is what Stash has, `desired` what the source asks for, and the base what earlier syncs wrote there.
Nothing that a user set is ever overwritten, and repeating a merge changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any, Literal, NamedTuple

from stash.mapping.titles import PLACEHOLDER
from stash.texts import lowered, normalize_text


class ValueMerge(NamedTuple):
    """What is to stand in a field. `remembered` is what we know to have written, None where that stays."""

    value: Any
    action: Literal["same", "write", "keep"]
    reason: str
    remembered: Any = None


def merge_value(  # noqa: PLR0911 - a decision table returns once a branch
    current: str | None,
    desired: str | None,
    known: Collection[str] | None,
    *,
    predecessors: Collection[str] = (),
    overwrite: bool = False,
) -> ValueMerge:
    """Decide one value. A wish of None is no wish at all. An empty one clears what we ourselves wrote."""
    if desired is None:
        return ValueMerge(current, "same", "the source does not say")
    stands, wanted = normalize_text(current) if current else "", normalize_text(desired)
    if stands == wanted:
        return ValueMerge(current, "same", "equal already", wanted)
    ours = None if known is None else {normalize_text(value) for value in known}
    if overwrite:
        return ValueMerge(desired, "write", "overwritten as asked", wanted)
    if ours is not None and stands in ours:
        return ValueMerge(desired, "write", "the source changed what we wrote", wanted)
    if ours is not None:
        return ValueMerge(current, "keep", "edited in Stash")
    if not wanted:
        return ValueMerge(current, "same", "the source has nothing")
    if not stands:
        return ValueMerge(desired, "write", "empty in Stash", wanted)
    if PLACEHOLDER in stands:
        return ValueMerge(desired, "write", "a placeholder of an earlier program", wanted)
    if stands in {normalize_text(value) for value in predecessors}:
        return ValueMerge(desired, "write", "written by an earlier program", wanted)
    return ValueMerge(current, "keep", "origin unknown")


class SetMerge(NamedTuple):
    """What is to stand in a set of links or texts, and what is remembered of it."""

    result: tuple[Any, ...]
    added: tuple[Any, ...]
    removed: tuple[Any, ...]
    known_members: tuple[Any, ...]
    last_applied: tuple[Any, ...]
    reason: str


def merge_set[K: Hashable](
    current: Sequence[K],
    desired: Sequence[K],
    known_members: Collection[K],
    last_applied: Collection[K],
    *,
    is_complete: bool = True,
) -> SetMerge:
    """Decide a set: theirs, with what is newly wished, without what we had added and the source has dropped.

    What the user removed stays removed and is ours no more, what the user added stays. Where the source does not know the set in
    full (`is_complete` is False) nothing is taken away.
    """
    if not (current or known_members):
        added = tuple(dict.fromkeys(desired))
        return SetMerge(added, added, (), added, added, _set_reason(added, ()))
    wanted_members, standing, had_seen = set(desired), set(current), set(known_members)
    added = tuple(dict.fromkeys([k for k in desired if k not in standing and k not in had_seen]))
    dropped = {k for k in last_applied if k not in wanted_members} & standing if is_complete else set()
    known = [k for k in last_applied if k in standing]
    remembered = wanted_members if is_complete else wanted_members | had_seen
    return SetMerge(
        result=(*[k for k in dict.fromkeys(current) if k not in dropped], *added),
        added=added,
        removed=tuple([k for k in dict.fromkeys(current) if k in dropped]) if dropped else (),
        known_members=tuple([k for k in dict.fromkeys((*known_members, *desired)) if k in remembered]),
        last_applied=tuple([k for k in dict.fromkeys((*known, *added)) if k in remembered]),
        reason=_set_reason(added, dropped),
    )


def _set_reason(added: Collection[Any], removed: Collection[Any]) -> str:
    if added and removed:
        return "the source changed"
    if added:
        return "new in the source"
    return "dropped by the source" if removed else "nothing new"


def merge_aliases(current: Sequence[str], desired: Sequence[str], *, name: str) -> list[str]:
    """Aliases only grow. None equals the name or another alias, ignoring case, as Stash demands."""
    taken = {lowered(normalize_text(alias)) for alias in (*current, name)}
    result = list(current)
    for alias in map(normalize_text, desired):
        if alias and lowered(alias) not in taken:
            taken.add(lowered(alias))
            result.append(alias)
    return result
