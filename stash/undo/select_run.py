"""Select the run to undo, and its interrupted undo if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.journal import Journal, RunRow

LAST = "last"
"""The name of the newest run that is neither an undo nor undone."""

_SEE = "`stash-sync runs` lists the runs"


async def chosen_run(journal: Journal, named: str) -> RunRow:
    """Return the run of a number, or the last one.

    Raises:
        UsageError: there is no such run, or what it changed is not kept any more.
        RefusedError: it was with another Stash.
    """
    if named == LAST:
        runs = await journal.undo.undoable_runs()
        undone = undone_by(runs)
        run = next((one for one in runs if not is_undo(one) and one.id not in undone), None)
        if run is None:
            raise UsageError(f"There is no run left that could be taken back; {_SEE}.")
        return run
    run = await journal.runs.find(int(named)) if named.isdecimal() else None
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
    """Return the newest undo of a run if it was interrupted."""
    newest = await journal.undo.newest_run(command_of(run))
    return newest if newest is not None and newest.outcome != "done" else None


def command_of(run: RunRow) -> str:
    """Return what the journal calls the undo of a run."""
    return f"undo {run.id}"


def is_undo(run: RunRow) -> bool:
    """Tell whether a run is the undo of another one."""
    return run.command.startswith("undo ")


def undone_by(runs: Iterable[RunRow]) -> dict[int, int]:
    """Map each undone run to its undo. `runs` are all undos at least, the newest first."""
    found: dict[int, int] = {}
    for run in runs:
        number = run.command.removeprefix("undo ")
        if is_undo(run) and run.outcome == "done" and run.id not in found:
            found.setdefault(int(number), run.id)
    return found
