"""The three-way merge of a value and of a set. Pure.

`current` is the value in Stash, `desired` the value that the source asks for. The base is what earlier syncs wrote.
A merge never overwrites a user's edit. A second merge changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any, Literal, NamedTuple

from stash.mapping.titles import PLACEHOLDER
from stash.texts import lowered, normalize_text


class ValueMerge(NamedTuple):
    """The merged value of a field. `remembered` is the new base, None if the base stays."""

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
    """Decide one value. A desired None changes nothing. An empty text clears only the value of an earlier sync."""
    if desired is None:
        return ValueMerge(current, "same", "the source does not say")
    current_text, desired_text = normalize_text(current) if current else "", normalize_text(desired)
    if current_text == desired_text:
        return ValueMerge(current, "same", "equal already", desired_text)
    base = None if known is None else {normalize_text(value) for value in known}
    if overwrite:
        return ValueMerge(desired, "write", "overwritten as asked", desired_text)
    if base is not None and current_text in base:
        return ValueMerge(desired, "write", "the source changed what we wrote", desired_text)
    if base is not None:
        return ValueMerge(current, "keep", "edited in Stash")
    if not desired_text:
        return ValueMerge(current, "same", "the source has nothing")
    if not current_text:
        return ValueMerge(desired, "write", "empty in Stash", desired_text)
    if PLACEHOLDER in current_text:
        return ValueMerge(desired, "write", "a placeholder of an earlier program", desired_text)
    if current_text in {normalize_text(value) for value in predecessors}:
        return ValueMerge(desired, "write", "written by an earlier program", desired_text)
    return ValueMerge(current, "keep", "origin unknown")


class SetMerge(NamedTuple):
    """The merged set of links or texts, and its new base."""

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
    """Decide a set: the current members, plus new desired ones, minus those that a sync added and the source dropped.

    A member that the user removed stays removed and leaves the base. A member that the user added stays. If the source
    does not know the whole set (`is_complete` is False), nothing is removed.
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
    """Add the desired aliases that equal neither the name nor another alias, ignoring case, as Stash demands."""
    known_names = {lowered(normalize_text(alias)) for alias in (*current, name)}
    result = list(current)
    for alias in map(normalize_text, desired):
        if alias and lowered(alias) not in known_names:
            known_names.add(lowered(alias))
            result.append(alias)
    return result
