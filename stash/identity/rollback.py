"""The records as they were at the moment to which Stash was put back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import net_changes, without
from stash.journal import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import NetField
    from stash.journal import Baseline, LogEntry

PICTURE = "image"
"""The field of a picture: what is remembered of it is a mark of its content."""


def rolled_back(
    baselines: Iterable[Baseline], operations: Iterable[LogEntry], moment: str
) -> tuple[list[Baseline], list[Baseline]]:
    """Return the records to store, and those to delete.

    A record of an entity that was made since the moment is deleted, so that it is made again. Of any other record
    the lost writes are taken back, so that the three-way merge writes them again where nobody edited the field.

    Args:
        baselines: the records whose last write is lost.
        operations: the lost operations, in their order.
        moment: from when on they are lost, by Stash's clock.
    """
    changes = net_changes(operations)
    kept: list[Baseline] = []
    gone: list[Baseline] = []
    for baseline in baselines:
        change = changes.get((baseline.type, baseline.stash_id))
        if baseline.created_at >= moment and not baseline.is_undone:
            gone.append(baseline)
        else:
            kept.append(_without(baseline, change.fields if change is not None else {}))
    return kept, gone


def _without(baseline: Baseline, fields: Mapping[str, NetField]) -> Baseline:
    known, applied = dict(baseline.known_members), dict(baseline.last_applied)
    previous = dict(baseline.previously_applied)
    for name, change in fields.items():
        if name == PICTURE:
            _restore_picture(applied, previous)
        elif change.is_set:
            known[name] = without(known.get(name, ()), change.after)
            applied[name] = [*without(applied.get(name, ()), change.after), *change.before]
        elif name in applied:
            previous[name] = [*previous.get(name, ()), as_text(change.before)]
    return baseline._replace(
        updated_at="", known_members=known, last_applied=applied, previously_applied=previous
    )


def _restore_picture(applied: dict[str, Any], previous: dict[str, Any]) -> None:
    before = list(previous.pop(PICTURE, ()))
    applied.pop(PICTURE, None)
    if before:
        applied[PICTURE] = before.pop()
    if before:
        previous[PICTURE] = before
