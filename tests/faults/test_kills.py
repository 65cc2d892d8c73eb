"""R1, R2: a run that is killed, wherever that may be, and run again ends as if nothing had happened."""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

import pytest

from stash.store import unit_of_work
from tests.faults.rig import numbered
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.rig import Template, Victims

MOMENTS = ("before-send", "after-reply", "after-record")


@pytest.mark.parametrize("batch", [unit_of_work.BATCH, 2])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_r1_killed_at_every_boundary(
    victims: Victims, small_template: Template, tmp_path: Path, moment: str, batch: int
) -> None:
    """SIGKILL at each request and each record in turn, then one more run: the same state, one batch sent again."""
    clean, step = small_template.clean, size("KILL_STEP", 25 if batch == unit_of_work.BATCH else 120)
    folders, failures, killed = numbered(tmp_path), [], 0
    needed = (await victims.run(victims.prepare(next(folders)), batch=batch))["mutations"]
    for number in count(1, step):
        folder = victims.prepare(next(folders))
        first = await victims.run(folder, f"{number}:{moment}", batch=batch)
        if first["signal"] is None:
            break
        killed += 1
        second = await victims.run(folder, batch=batch)
        sent = first["mutations"] + second["mutations"] - needed
        differences = clean.differences(await victims.dumped(folder))
        if second["exit_code"] != 0 or differences or sent > batch:
            failures.append(f"{number}:{moment}: exit {second['exit_code']}, {sent} more sent\n{differences}")
    assert killed > 0, f"nothing was killed: no {moment} was reached"
    assert not failures, f"{len(failures)} of {killed}\n" + "\n".join(failures)


@pytest.mark.parametrize("chain", [2, 5])
async def test_r2_killed_again_while_resuming(
    victims: Victims, small_template: Template, tmp_path: Path, chain: int
) -> None:
    """Killed at random points twice, or five times in a row, the last run ends in the same state."""
    dice, folders, failures = random.Random(SEED), numbered(tmp_path), []
    for _ in range(size("KILL_CHAINS", 1)):
        folder = victims.prepare(next(folders))
        points = [f"{dice.randint(1, 20)}:{dice.choice(MOMENTS[:2])}" for _ in range(chain)]
        for point in points:
            await victims.run(folder, point)
        last = await victims.run(folder)
        differences = small_template.clean.differences(await victims.dumped(folder))
        if last["exit_code"] != 0 or differences:
            failures.append(f"{points}: exit {last['exit_code']}\n{differences}")
    assert not failures, "\n".join(failures)
