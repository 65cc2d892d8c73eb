"""Baselines, the base of the three-way merge: the last values that a sync wrote to an entity, and their rows."""

from __future__ import annotations

import json
from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from stash.journal.keys import storable_text
from stash.mapping.keys import SourceKey
from stash.source.values import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stash.journal.log_entry import LogEntry

EARLIER_KEPT = 20
"""The number of earlier values that are kept of a field, the newest."""

PICTURES = frozenset({"image", "cover_image"})
"""Fields that Stash takes and never returns. `before` holds a data URL, all else the mark of the picture."""

ENTITY_ITSELF = "id"
"""The field of the undo mark of an entity that was undone as a whole."""


class UndoMark(NamedTuple):
    """The values that undo removed from a field and put back. Of a set, the members."""

    taken: Any
    left: Any


class Baseline(NamedTuple):
    """The record of earlier runs on one entity, by field, values and links alike.

    Attributes:
        created_at: the creation time of the entity, by Stash's clock.
        updated_at: its time after our last confirmed write, by Stash's clock.
        known_members: by set, every member that a sync wanted or found.
        last_applied: the values of the last write.
        previously_applied: the texts of earlier writes, the newest last.
        in_flight: the values of a killed run that Stash never confirmed, the newest last.
        undo_marks: the changes of undo.
    """

    type: str
    key: SourceKey
    stash_id: str
    created_at: str = ""
    updated_at: str = ""
    known_members: Mapping[str, Sequence[Any]] = MappingProxyType({})
    last_applied: Mapping[str, Any] = MappingProxyType({})
    previously_applied: Mapping[str, Sequence[str]] = MappingProxyType({})
    in_flight: Mapping[str, Sequence[Any]] = MappingProxyType({})
    undo_marks: Mapping[str, UndoMark] = MappingProxyType({})

    @property
    def is_undone(self) -> bool:
        """Tell whether undo removed the entity itself."""
        return ENTITY_ITSELF in self.undo_marks


def baseline_from_row(row: Any, key: SourceKey | None = None) -> Baseline:
    """Read a baseline. `key` is the one that was asked for, if that holds characters that no row can hold."""
    content = json.loads(row.seen_and_wrote)
    return Baseline(
        type=row.type,
        key=key or SourceKey(row.kind, row.source_id),
        stash_id=row.stash_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        known_members=content["seen"],
        last_applied=content["wrote"],
        previously_applied=content.get("earlier", {}),
        undo_marks={name: UndoMark(*mark) for name, mark in content.get("declined", {}).items()},
    )


def baseline_to_row(server: str, baseline: Baseline) -> dict[str, Any]:
    """Make the row of a baseline, without `in_flight`, which the log holds."""
    content: dict[str, Any] = {"seen": dict(baseline.known_members), "wrote": dict(baseline.last_applied)}
    if baseline.previously_applied:
        content["earlier"] = {
            name: list(values)[-EARLIER_KEPT:] for name, values in baseline.previously_applied.items()
        }
    if baseline.undo_marks:
        content["declined"] = {name: list(mark) for name, mark in baseline.undo_marks.items()}
    return {
        "server_id": server,
        "type": baseline.type,
        "kind": baseline.key.kind,
        "source_id": storable_text(baseline.key.id),
        "stash_id": baseline.stash_id,
        "created_at": baseline.created_at,
        "updated_at": baseline.updated_at,
        "seen_and_wrote": as_json(content),
    }


def with_previously_applied(
    baseline: Baseline, known: Baseline | None, in_flight: Iterable[LogEntry]
) -> Baseline:
    """Add the texts that were written before: those of the stored baseline, and those of killed runs.

    Of a killed run's entries only merged fields count, because a name is set once. A field with an undo mark does not
    count, because its old value is the user's.
    """
    texts: defaultdict[str, list[Any]] = defaultdict(list)
    for earlier in (known.previously_applied if known else {}, baseline.previously_applied):
        for name, values in earlier.items():
            texts[name] += values
    applied = known.last_applied if known else {}
    for name, value in applied.items():
        texts[name].append(value)
    merged = (applied.keys() | baseline.last_applied.keys()) - baseline.undo_marks.keys()
    for entry in in_flight:
        for name in entry.after.keys() & merged:
            texts[name].append(entry.after[name])
    kept = {name: _newest(values, baseline.last_applied.get(name)) for name, values in texts.items()}
    return baseline._replace(previously_applied={name: values for name, values in kept.items() if values})


def _newest(values: Sequence[Any], last_applied: Any) -> list[str]:
    """Return the texts other than the last one applied, each once, the newest last."""
    newest_first = dict.fromkeys(v for v in reversed(values) if isinstance(v, str) and v != last_applied)
    return list(newest_first)[::-1]


def with_in_flight(baseline: Baseline, entry: LogEntry) -> Baseline:
    """Add what a killed run was about to write: a value, or the members that it added to a set."""
    in_flight = {name: list(values) for name, values in baseline.in_flight.items()}
    for name, value in entry.after.items():
        if name in baseline.undo_marks:
            continue
        before = entry.before.get(name) or ()
        new = [one for one in value if one not in before] if isinstance(value, list) else [value]
        in_flight[name] = [one for one in in_flight.get(name, ()) if one not in new] + new
    return baseline._replace(in_flight=in_flight)


def without_undo_marks(baseline: Baseline) -> Baseline | None:
    """Change a baseline so that the merge writes again what undo removed. Return None if undo removed the entity."""
    if baseline.is_undone:
        return None
    members, applied, earlier = (
        dict(baseline.known_members),
        dict(baseline.last_applied),
        dict(baseline.previously_applied),
    )
    for name, mark in baseline.undo_marks.items():
        if isinstance(mark.taken, list):
            members[name] = [one for one in members.get(name, ()) if one not in mark.taken]
            applied[name] = [*applied.get(name, ()), *mark.left]
        elif name in PICTURES:
            applied[name] = mark.left or None
        else:
            earlier[name] = [*earlier.get(name, ()), as_text(mark.left)]
    return baseline._replace(
        known_members=members, last_applied=applied, previously_applied=earlier, undo_marks={}
    )


def as_text(value: Any) -> str:
    """Return a value as the merge compares it."""
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value)
