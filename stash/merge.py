"""The merge: what the source wishes, what stands in Stash, what we remember. And what is to be written. Pure.

`theirs` is what stands in Stash, `wish` what the source asks for, `known` what an earlier sync wrote there.
Nothing that a user set is ever overwritten, and repeating a merge changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from typing import Any, Literal, NamedTuple

from stash.folding import lowered

GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Go, and so Stash, takes for white space."""

PLACEHOLDER = "Media from"
"""Within a title that an earlier program gave where it knew none."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def as_kept(text: str | None) -> str:
    """A text as Stash keeps it: trimmed, never null, lone surrogates replaced."""
    if text is None:
        return ""
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip(GO_SPACE)


class ValueDecision(NamedTuple):
    """What is to stand in a field. `remembered` is what we know to have written, None where that stays."""

    value: Any
    action: Literal["same", "write", "keep"]
    reason: str
    remembered: Any = None


def merge_value(  # noqa: PLR0911 - a decision table returns once a branch
    theirs: str | None,
    wish: str | None,
    known: Collection[str] | None,
    *,
    predecessors: Collection[str] = (),
    overwrite: bool = False,
) -> ValueDecision:
    """Decide one value. A wish of None is no wish at all. An empty one clears what we ourselves wrote."""
    if wish is None:
        return ValueDecision(theirs, "same", "the source does not say")
    stands, wanted = as_kept(theirs) if theirs else "", as_kept(wish)
    if stands == wanted:
        return ValueDecision(theirs, "same", "equal already", wanted)
    ours = None if known is None else {as_kept(value) for value in known}
    if overwrite:
        return ValueDecision(wish, "write", "overwritten as asked", wanted)
    if ours is not None and stands in ours:
        return ValueDecision(wish, "write", "the source changed what we wrote", wanted)
    if ours is not None:
        return ValueDecision(theirs, "keep", "edited in Stash")
    if not wanted:
        return ValueDecision(theirs, "same", "the source has nothing")
    if not stands:
        return ValueDecision(wish, "write", "empty in Stash", wanted)
    if PLACEHOLDER in stands:
        return ValueDecision(wish, "write", "a placeholder of an earlier program", wanted)
    if stands in {as_kept(value) for value in predecessors}:
        return ValueDecision(wish, "write", "written by an earlier program", wanted)
    return ValueDecision(theirs, "keep", "origin unknown")


class SetDecision(NamedTuple):
    """What is to stand in a set of links or texts, and what is remembered of it."""

    result: tuple[Any, ...]
    added: tuple[Any, ...]
    removed: tuple[Any, ...]
    seen: tuple[Any, ...]
    wrote: tuple[Any, ...]
    reason: str


def merge_set[K: Hashable](
    theirs: Sequence[K],
    wish: Sequence[K],
    seen: Collection[K],
    wrote: Collection[K],
    *,
    is_complete: bool = True,
) -> SetDecision:
    """Decide a set: theirs, with what is newly wished, without what we had added and the source has dropped.

    What the user removed stays removed and is ours no more, what the user added stays. Where the source does not know the set in
    full (`is_complete` is False) nothing is taken away.
    """
    if not (theirs or seen):
        added = tuple(dict.fromkeys(wish))
        return SetDecision(added, added, (), added, added, _set_reason(added, ()))
    wished, standing, had_seen = set(wish), set(theirs), set(seen)
    added = tuple(dict.fromkeys([k for k in wish if k not in standing and k not in had_seen]))
    dropped = {k for k in wrote if k not in wished} & standing if is_complete else set()
    known = [k for k in wrote if k in standing]
    remembered = wished if is_complete else wished | had_seen
    return SetDecision(
        result=(*[k for k in dict.fromkeys(theirs) if k not in dropped], *added),
        added=added,
        removed=tuple([k for k in dict.fromkeys(theirs) if k in dropped]) if dropped else (),
        seen=tuple([k for k in dict.fromkeys((*seen, *wish)) if k in remembered]),
        wrote=tuple([k for k in dict.fromkeys((*known, *added)) if k in remembered]),
        reason=_set_reason(added, dropped),
    )


def _set_reason(added: Collection[Any], removed: Collection[Any]) -> str:
    if added and removed:
        return "the source changed"
    if added:
        return "new in the source"
    return "dropped by the source" if removed else "nothing new"


def merge_aliases(theirs: Sequence[str], wish: Sequence[str], *, name: str) -> list[str]:
    """Aliases only grow. None equals the name or another alias, ignoring case, as Stash demands."""
    taken = {lowered(as_kept(alias)) for alias in (*theirs, name)}
    result = list(theirs)
    for alias in map(as_kept, wish):
        if alias and lowered(alias) not in taken:
            taken.add(lowered(alias))
            result.append(alias)
    return result
