"""Restore the baselines of the moment to which Stash was put back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import net_changes, without
from stash.journal import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import NetField
    from stash.journal import Baseline, LogEntry

PICTURE = "image"
"""The field of a picture, of which a digest of the content is recorded."""


def rolled_back(
    baselines: Iterable[Baseline], operations: Iterable[LogEntry], moment: str
) -> tuple[list[Baseline], list[Baseline]]:
    """Return the baselines to store, and those to delete.

    The baseline of an entity that was made since the moment is deleted, so that the entity is made again. In any other
    baseline the lost writes are undone. The three-way merge then writes them again, unless a user edited the field.

    Args:
        baselines: the baselines whose last write is lost.
        operations: the lost log entries, in their order.
        moment: the time from which on writes are lost, by Stash's clock.
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
