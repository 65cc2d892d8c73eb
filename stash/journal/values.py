"""What the journal keeps, as values, and the rows that they are stored as."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from stash.mapping.keys import SourceKey as SourceKey  # noqa: PLC0414 - exported from here too
from stash.source.values import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


EARLIER_KEPT = 20
"""Earlier values that are remembered of a field, the newest."""


PICTURES = frozenset({"image", "cover_image"})
"""Fields that Stash takes and gives no value of. `before` holds a data URL, all else the mark of the picture."""

ENTITY_ITSELF = "id"
"""What is declined of an entity that was taken back as a whole: its id."""


class LogPosition(NamedTuple):
    """Where the journal has an operation: the batch that it was sent with, its place there, and how many those are."""

    batch: int
    place: int
    size: int


class LogEntry(NamedTuple):
    """One operation on one entity, which Stash takes or refuses as a whole.

    `before` and `after` map a field to plain JSON (a text, a truth, a number, a list of ids or texts); a field is
    absent where its value is not known. `why` has a reason a field, `message` what Stash said where it failed;
    `stash_id` is empty until the entity is created, `id` is given by the journal.
    """

    type: str
    key: SourceKey
    action: Literal["create", "update", "link", "destroy"]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    why: Mapping[str, str] = MappingProxyType({})
    stash_id: str = ""
    state: Literal["planned", "applied", "failed"] = "planned"
    message: str = ""
    id: LogPosition | None = None

    def applied(self, stash_id: str) -> Outcome:
        """That Stash took this one, which the journal holds already."""
        assert self.id is not None  # noqa: S101 - what is read from the journal has its place there
        return Outcome(self.id, "applied", stash_id)


class Outcome(NamedTuple):
    """What became of an operation: Stash took it, or refused it with this message. `stash_id` is the entity's."""

    id: LogPosition
    state: Literal["applied", "failed"]
    stash_id: str
    message: str = ""


class UndoMark(NamedTuple):
    """What undo took from a field and what it left there: values, or in a set the members it took and put back."""

    taken: Any
    left: Any


class Baseline(NamedTuple):
    """What earlier runs left of one entity, all by field, values and links alike.

    `last_applied` is what we wrote last, `previously_applied` the texts that we wrote before, the newest last. `in_flight` is what a
    killed run was about to write, the newest last: it may stand in Stash or not. `undo_marks` is what was taken back. `created_at` and
    `updated_at` are Stash's, the latter after our last confirmed write.
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
        """Tell whether the entity itself was taken back by undo."""
        return ENTITY_ITSELF in self.undo_marks


@dataclass(frozen=True)
class RunRow:
    """One recorded run. One without an outcome whose heartbeat is old was killed."""

    id: int
    command: str
    creators: Sequence[str]
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None
    outcome: str | None
    counts: Mapping[str, Any]


def stored(text: str) -> str:
    """A text that every database takes: no NUL, no lone surrogate."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def run_row(row: Any) -> RunRow:
    """A run from its row."""
    return RunRow(
        id=row.id,
        command=row.command,
        creators=json.loads(row.creators),
        started_at=_instant(row.started_at),
        heartbeat_at=_instant(row.heartbeat_at),
        ended_at=None if row.ended_at is None else _instant(row.ended_at),
        outcome=row.outcome,
        counts=json.loads(row.counts or "{}"),
    )


def _instant(value: datetime) -> datetime:
    """SQLite forgets the zone, which is always UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def baseline_of(row: Any, key: SourceKey) -> Baseline:
    """A memory from its row. The key is the one asked for, which may hold more than a row can."""
    content = json.loads(row.seen_and_wrote)
    return Baseline(
        type=row.type,
        key=key,
        stash_id=row.stash_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        known_members=content["seen"],
        last_applied=content["wrote"],
        previously_applied=content.get("earlier", {}),
        undo_marks={name: UndoMark(*mark) for name, mark in content.get("declined", {}).items()},
    )


def baseline_row(server: str, baseline: Baseline) -> dict[str, Any]:
    """The row of a memory. What was planned has rows of its own."""
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
        "source_id": stored(baseline.key.id),
        "stash_id": baseline.stash_id,
        "created_at": baseline.created_at,
        "updated_at": baseline.updated_at,
        "seen_and_wrote": as_json(content),
    }


def with_earlier(baseline: Baseline, known: Baseline | None, planned: Iterable[LogEntry]) -> Baseline:
    """A memory that keeps the texts that were written before: what is known, and what was planned.

    Of what was planned that is only the fields that are remembered at all (a name is given once, and never merged), and
    not those that were taken back: what stood there before is not ours.
    """
    texts: defaultdict[str, list[Any]] = defaultdict(list)
    for earlier in (known.previously_applied if known else {}, baseline.previously_applied):
        for name, values in earlier.items():
            texts[name] += values
    wrote = known.last_applied if known else {}
    for name, value in wrote.items():
        texts[name].append(value)
    for operation in planned:
        for name in (
            operation.after.keys()
            & (wrote.keys() | baseline.last_applied.keys()) - baseline.undo_marks.keys()
        ):
            texts[name].append(operation.after[name])
    kept = {name: _newest(values, baseline.last_applied.get(name)) for name, values in texts.items()}
    return baseline._replace(previously_applied={name: values for name, values in kept.items() if values})


def _newest(values: Sequence[Any], wrote: Any) -> list[str]:
    """The texts other than what was written last, each once, the newest last."""
    newest_first = dict.fromkeys(v for v in reversed(values) if isinstance(v, str) and v != wrote)
    return list(newest_first)[::-1]


def with_planned(baseline: Baseline, operation: LogEntry) -> Baseline:
    """A memory that tells what a killed run was about to write: a value, or the members that it added."""
    planned = {name: list(values) for name, values in baseline.in_flight.items()}
    for name, value in operation.after.items():
        if name in baseline.undo_marks:
            continue
        standing = operation.before.get(name) or ()
        new = [one for one in value if one not in standing] if isinstance(value, list) else [value]
        planned[name] = [one for one in planned.get(name, ()) if one not in new] + new
    return baseline._replace(in_flight=planned)


def without_undo_marks(baseline: Baseline) -> Baseline | None:
    """A memory by which what was taken back is written again. None where the entity itself is to be made again."""
    if baseline.is_undone:
        return None
    seen, wrote, earlier = (
        dict(baseline.known_members),
        dict(baseline.last_applied),
        dict(baseline.previously_applied),
    )
    for name, mark in baseline.undo_marks.items():
        if isinstance(mark.taken, list):
            seen[name] = [one for one in seen.get(name, ()) if one not in mark.taken]
            wrote[name] = [*wrote.get(name, ()), *mark.left]
        elif name in PICTURES:
            wrote[name] = mark.left or None
        else:
            earlier[name] = [*earlier.get(name, ()), as_text(mark.left)]
    return baseline._replace(
        known_members=seen, last_applied=wrote, previously_applied=earlier, undo_marks={}
    )


def as_text(value: Any) -> str:
    """A value as the merge compares it."""
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value)


def operations_of(row: Any) -> list[LogEntry]:
    """The operations of a batch from its row, with what became of each."""
    outcomes = json.loads(row.outcomes)
    operations: list[LogEntry] = []
    for place, (name, kind, source_id, action, known_id, before, after, why) in enumerate(
        json.loads(row.content)
    ):
        state, stash_id, message = outcomes.get(str(place), ("planned", known_id, ""))
        key, noted = SourceKey(kind, source_id), LogPosition(row.id, place, row.size)
        operations.append(LogEntry(name, key, action, before, after, why, stash_id, state, message, noted))
    return operations


def batch_row(server: str, run: int, operations: Sequence[LogEntry]) -> dict[str, Any]:
    """The row of operations that are sent together. Nothing is known to have become of them yet."""
    content = [
        (
            one.type,
            one.key.kind,
            stored(one.key.id),
            one.action,
            one.stash_id,
            one.before,
            one.after,
            dict(one.why),
        )
        for one in operations
    ]
    return {
        "server_id": server,
        "run_id": run,
        "state": "planned",
        "size": len(content),
        "content": as_json(content),
        "outcomes": "{}",
    }


def with_outcomes(outcomes: Sequence[Outcome], before: str) -> dict[str, Any]:
    """The new `state` of a `batch`, and what `became` of its operations, now that this is known of some of them."""
    batch, _, size = outcomes[0].id
    known = json.loads(before)
    known |= {str(one.id.place): (one.state, one.stash_id, stored(one.message)) for one in outcomes}
    states = {state for state, *_ in known.values()}
    settled = "applied" if "applied" in states else "failed"
    return {
        "batch": batch,
        "new": settled if len(known) == size else "planned",
        "became": as_json(known),
    }
