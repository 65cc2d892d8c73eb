"""R3 to R6: nothing to do is nothing done; what fails in passing, and replies that are lost, cost nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from stash.sync import SyncOptions
from tests.faults.dials import TRANSIENT, Fault, Faults, RandomFaults
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

CREATES = ("performerCreate", "studioCreate", "tagCreate", "galleryCreate", "galleryChapterCreate")
LOST = ("reset", "null", "timeout", "502", "truncated", "html")[: size("LOST", 1)]


def asks_for(name: str) -> Callable[[str], bool]:
    """Whether a document asks for a root field of that name."""
    return lambda document: re.search(rf"\b{name}\b", document) is not None


def forbid_writes(database: Path, *, but: str) -> None:
    """Have every write to any table but one blow up."""
    with closing(sqlite3.connect(database)) as connection, connection:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?"
        )
        for (table,) in connection.execute(query, (but,)).fetchall():
            for verb in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f'CREATE TRIGGER "no_{verb}_{table}" BEFORE {verb} ON "{table}" '
                    f"BEGIN SELECT RAISE(ABORT, '{verb} {table}'); END"
                )


async def test_r3_a_second_run_does_nothing(rig: Rig, clean: Dumped) -> None:
    """The second run sends no mutation, writes no row but its own, and reads little; so does the third."""
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""
    forbid_writes(rig.database, but="sync_run")
    for _ in range(2):
        rig.asked.clear()
        outcome = await rig.run(options=SyncOptions())
        assert outcome.exit_code == 0, outcome
        assert rig.mutations == 0
        assert len(rig.asked) <= 10
    assert clean.differences(await rig.dumped()) == ""


async def test_r4_a_tenth_of_all_requests_fails(make_rig: MakeRig, clean: Dumped) -> None:
    """With 10 % transient failures every run ends as without, and needs at most a quarter more requests."""
    failures, requests, seeds = [], 0, size("SEEDS", 2)
    for seed in range(SEED, SEED + seeds):
        rig = make_rig()
        dial = RandomFaults(seed, 0.1)
        outcome = await rig.run(dial)
        requests += dial.requests
        differences = clean.differences(await rig.dumped())
        if outcome.exit_code != 0 or differences:
            met = [(fault.at, fault.kind, fault.moment) for fault in dial.met]
            failures.append(
                f"seed {seed}: exit {outcome.exit_code} ({outcome.error}) after {met}\n{differences}"
            )
        rig.stash.close()
    assert not failures, f"{len(failures)} of {seeds}\n" + "\n".join(failures)
    assert requests <= 1.25 * clean.requests * seeds


async def test_r5_a_third_of_all_requests_fails(make_rig: MakeRig, clean: Dumped) -> None:
    """With 30 % failures a run ends well or says to run again; then one clean run ends as without."""
    failures, seeds = [], size("SEEDS", 2)
    for seed in range(SEED, SEED + seeds):
        rig = make_rig()
        first = await rig.run(RandomFaults(seed, 0.3))
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if first.exit_code not in {0, 5} or second.exit_code != 0 or differences:
            failures.append(
                f"seed {seed}: exit {first.exit_code} ({first.error}), then {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert not failures, f"{len(failures)} of {seeds}\n" + "\n".join(failures)


@pytest.mark.parametrize("create", CREATES)
@pytest.mark.parametrize("kind", LOST)
async def test_r6_the_reply_to_a_create_is_lost(
    make_rig: MakeRig, clean: Dumped, create: str, kind: str
) -> None:
    """Each request that creates is done and its reply lost, in turn: no duplicate; this run or the next ends as without."""
    failures, met = [], 0
    for number in count(1):
        rig = make_rig()
        dial = Faults([Fault(number, kind, "after", asks_for(create))])
        first = await rig.run(dial)
        if not dial.met:
            break
        met += 1
        at_once = clean.differences(await rig.dumped()) if first.exit_code == 0 else ""
        second = await rig.run()
        differences = at_once or clean.differences(await rig.dumped())
        if first.exit_code not in {0, 3, 5} or second.exit_code != 0 or differences:
            failures.append(
                f"{create} {number}: exit {first.exit_code} ({first.error}), then {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert met, f"no {create} was sent"
    assert not failures, f"{len(failures)} of {met}\n" + "\n".join(failures)


PASSING = [
    *((kind, "before") for kind in TRANSIENT),
    # What was refused or put off is never done.
    *((kind, "after") for kind in TRANSIENT if kind not in {"refused", "429"}),
    ("locked", "before"),
    ("locked", "after"),
]


@pytest.mark.parametrize(("kind", "moment"), PASSING[:: size("FAULT_STEP", 2)])
async def test_every_request_fails_once(make_rig: MakeRig, clean: Dumped, kind: str, moment: str) -> None:
    """The sweep: the first, second, … request fails, until a run has no fault; each ends well, at once or resumed."""
    failures = []
    for number in count(1, size("SWEEP_STEP", 24)):
        rig = make_rig()
        dial = Faults([Fault(number, kind, moment)])
        first = await rig.run(dial)
        if not dial.met:
            break
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if first.exit_code not in {0, 5} or second.exit_code != 0 or differences:
            failures.append(
                f"{number}: exit {first.exit_code} ({first.error}), then {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert not failures, "\n".join(failures)
