"""Entries of the write-ahead log, and the rows that hold them: a row for each request, with all its entries."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from stash.journal.keys import storable_text
from stash.mapping.keys import SourceKey
from stash.source.values import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LogPosition(NamedTuple):
    """Locates an entry in the log: the batch of its request, its place there, and the size of that batch."""

    batch: int
    place: int
    size: int


class LogEntry(NamedTuple):
    """One operation on one entity, which Stash takes or refuses as a whole.

    `before` and `after` map a field to plain JSON (a text, a truth, a number, a list of ids or texts). A field of
    unknown value is absent. `why` has a reason a field, `message` the answer of Stash to a failed operation.
    `stash_id` is empty until the entity is created. The journal gives the `id`.
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
        """Return the outcome that Stash took this entry of the log."""
        assert self.id is not None  # noqa: S101 - an entry that was read from the log has its position
        return Outcome(self.id, "applied", stash_id)


class Outcome(NamedTuple):
    """The outcome of an operation: Stash took it, or refused it with this message. `stash_id` is the entity's."""

    id: LogPosition
    state: Literal["applied", "failed"]
    stash_id: str
    message: str = ""


def entries_from_row(row: Any) -> list[LogEntry]:
    """Read the entries of a batch, each with its outcome."""
    outcomes = json.loads(row.outcomes)
    entries: list[LogEntry] = []
    for place, (name, kind, source_id, action, known_id, before, after, why) in enumerate(
        json.loads(row.content)
    ):
        state, stash_id, message = outcomes.get(str(place), ("planned", known_id, ""))
        key, position = SourceKey(kind, source_id), LogPosition(row.id, place, row.size)
        entries.append(LogEntry(name, key, action, before, after, why, stash_id, state, message, position))
    return entries


def entries_to_row(server: str, run: int, entries: Sequence[LogEntry]) -> dict[str, Any]:
    """Make the row of a batch that is about to be sent."""
    content = [
        (
            one.type,
            one.key.kind,
            storable_text(one.key.id),
            one.action,
            one.stash_id,
            one.before,
            one.after,
            dict(one.why),
        )
        for one in entries
    ]
    return {
        "server_id": server,
        "run_id": run,
        "state": "planned",
        "size": len(content),
        "content": as_json(content),
        "outcomes": "{}",
    }


def outcomes_to_row(outcomes: Sequence[Outcome], before: str) -> dict[str, Any]:
    """Merge outcomes of one batch with those it had. Return its new `state` and `outcomes`."""
    batch, _, size = outcomes[0].id
    known = json.loads(before)
    known |= {str(one.id.place): (one.state, one.stash_id, storable_text(one.message)) for one in outcomes}
    states = {state for state, *_ in known.values()}
    final = "applied" if "applied" in states else "failed"
    return {
        "batch": batch,
        "new_state": final if len(known) == size else "planned",
        "new_outcomes": as_json(known),
    }
