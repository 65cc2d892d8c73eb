"""The baselines as they were at the moment of a restored backup. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import net_changes, without
from stash.journal import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import FieldChange
    from stash.journal import Baseline, LogEntry

PICTURE = "image"
"""The field of a picture. A baseline holds a mark of its content."""


def rolled_back(
    baselines: Iterable[Baseline], entries: Iterable[LogEntry], moment: str
) -> tuple[list[Baseline], list[Baseline]]:
    """Return the baselines to store, and those to delete.

    The baseline of an entity that was created since the moment is deleted, so that the entity is created again. In
    any other baseline the lost writes are reverted, so that the three-way merge writes them again unless the user
    edited the field.

    Args:
        baselines: the baselines whose last write is lost.
        entries: the lost entries of the log, in their order.
        moment: the time by Stash's clock from which on they are lost.
    """
    effects = net_changes(entries)
    kept: list[Baseline] = []
    gone: list[Baseline] = []
    for baseline in baselines:
        effect = effects.get((baseline.type, baseline.stash_id))
        if baseline.created_at >= moment and not baseline.is_undone:
            gone.append(baseline)
        else:
            kept.append(_without(baseline, effect.turns if effect is not None else {}))
    return kept, gone


def _without(baseline: Baseline, turns: Mapping[str, FieldChange]) -> Baseline:
    seen, wrote, earlier = (
        dict(baseline.known_members),
        dict(baseline.last_applied),
        dict(baseline.previously_applied),
    )
    for name, turn in turns.items():
        if name == PICTURE:
            _restore_picture(wrote, earlier)
        elif turn.is_set:
            seen[name] = without(seen.get(name, ()), turn.after)
            wrote[name] = [*without(wrote.get(name, ()), turn.after), *turn.before]
        elif name in wrote:
            earlier[name] = [*earlier.get(name, ()), as_text(turn.before)]
    return baseline._replace(
        updated_at="", known_members=seen, last_applied=wrote, previously_applied=earlier
    )


def _restore_picture(wrote: dict[str, Any], earlier: dict[str, Any]) -> None:
    before = list(earlier.pop(PICTURE, ()))
    wrote.pop(PICTURE, None)
    if before:
        wrote[PICTURE] = before.pop()
    if before:
        earlier[PICTURE] = before
