"""Retention: which runs can still be taken back after many others."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata.making import open_or_make
from stash.journal import LogEntry, Outcome, SourceKey
from tests.journal.conftest import opened

if TYPE_CHECKING:
    from stash.journal import Journal
    from stash.source.database import Database

CREATE = LogEntry("Gallery", SourceKey("post", "7"), "create", "", {}, {"title": "a"})

WHAT = ["nothing", "applied", "partly", "planned", "failed"]


async def did(journal: Journal, what: str) -> int:
    """One run that did this, at whose end old operations are deleted."""
    run = await journal.runs.begin("sync", [])
    if what != "nothing":
        first, other = await journal.log.log_sent(run, [CREATE, CREATE])
        if what in {"applied", "partly"}:
            await journal.log.log_outcomes([Outcome(first, "applied", "7")])
        if what == "applied":
            await journal.log.log_outcomes([Outcome(other, "applied", "8")])
        if what in {"partly", "failed"}:
            await journal.log.log_outcomes([Outcome(other, "failed", "")])
        if what == "failed":
            await journal.log.log_outcomes([Outcome(first, "failed", "")])
        if what == "partly":
            assert [one.state for one in await journal.log.entries(run)] == ["applied", "failed"]
    return run


@pytest.mark.parametrize("quiet", ["nothing", "failed"])
async def test_a_quiet_day_costs_no_undo(database: Database, quiet: str) -> None:
    """A run that wrote can be taken back after any number of runs that changed nothing."""
    journal = await opened(database)
    first = await did(journal, "applied")
    for _ in range(48):
        last = await did(journal, quiet)
        await journal.log.retain(20)
    assert len(await journal.log.entries(first)) == 2
    assert [run.id for run in await journal.undo.undoable_runs()] == [first]
    assert len(await journal.runs.newest(1000)) == 49
    assert len(await journal.log.entries(last)) == (2 if quiet == "failed" else 0)


async def test_refused_operations_do_not_pile_up(database: Database) -> None:
    """What was refused is kept of the newest `keep_runs` runs alone."""
    journal = await opened(database)
    runs = []
    for _ in range(7):
        runs.append(await did(journal, "failed"))
        await journal.log.retain(3)
    assert [bool(await journal.log.entries(run)) for run in runs] == [False] * 4 + [True] * 3


@settings(max_examples=30, deadline=None)
@given(history=st.lists(st.sampled_from(WHAT), min_size=1, max_size=14), keep=st.integers(1, 4))
async def test_the_newest_that_wrote_stay(history: list[str], keep: int) -> None:
    """Exactly `keep_runs` runs that wrote can be taken back, the newest ones, whatever lies between them."""
    with TemporaryDirectory() as folder:
        async with await open_or_make(f"{folder}/metadata.sqlite") as database:
            journal = await opened(database)
            runs = []
            for what in history:
                runs.append((await did(journal, what), what))
                await journal.log.retain(keep)
            kept = [bool(await journal.log.entries(run)) for run, _ in runs]
    wrote = [run for run, what in runs if what in {"applied", "partly", "planned"}][-keep:]
    places = {*wrote, *[run for run, _ in runs][-keep:]}
    assert kept == [what == "planned" or (what != "nothing" and run in places) for run, what in runs]
