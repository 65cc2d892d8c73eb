"""Which run is taken back, and whether an earlier attempt is gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stash.journal import Journal, RunRow

LAST = "last"
"""The newest run that is not an undo and is not taken back already."""

_SEE = "`stash-sync runs` lists the runs"


async def chosen_run(journal: Journal, named: str) -> RunRow:
    """The run of a number, or the last one.

    Raises:
        UsageError: there is no such run, or what it changed is not kept any more.
        RefusedError: it was with another Stash.
    """
    if named == LAST:
        run = next(_not_taken_back(await journal.undo.undoable_runs()), None)
        if run is None:
            raise UsageError(f"There is no run left that could be taken back; {_SEE}.")
        return run
    run = await journal.runs.get(int(named)) if named.isdecimal() else None
    if run is None:
        raise UsageError(f"There is no run {named!r}; {_SEE}, and `undo {LAST}` takes the newest.")
    if not await journal.undo.is_here(run.id):
        raise RefusedError(
            f"Run {run.id} was with another Stash than this one; name the Stash that it was with (STASH_URL)."
        )
    changed = (run.counts.get("requests") or {}).get("mutations")
    if changed and not await journal.log.entries(run.id):
        raise UsageError(
            f"What run {run.id} changed is not kept any more, so it cannot be taken back; the setting keep_runs says "
            "of how many runs it is."
        )
    return run


async def unfinished_undo(journal: Journal, run: RunRow) -> RunRow | None:
    """The newest undo of a run, if it did not end."""
    newest = await journal.undo.newest_run(command_of(run))
    return newest if newest is not None and newest.outcome != "done" else None


def command_of(run: RunRow) -> str:
    """Return what the journal calls the undo of a run."""
    return f"undo {run.id}"


def undone_by(runs: Iterable[RunRow]) -> dict[int, int]:
    """Map each run that is taken back to the undo that did it. `runs` are newest first, undos at least."""
    found: dict[int, int] = {}
    for run in runs:
        name, _, number = run.command.partition(" ")
        if name == "undo" and run.outcome == "done" and run.id not in found:
            found.setdefault(int(number), run.id)
    return found


def _not_taken_back(runs: Sequence[RunRow]) -> Iterator[RunRow]:
    """Of runs, newest first, those that are no undo and that no undo which still counts took back."""
    taken_back = undone_by(runs)
    return (run for run in runs if not run.command.startswith("undo ") and run.id not in taken_back)
