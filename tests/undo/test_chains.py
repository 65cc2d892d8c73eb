"""K: a chain of runs that nobody touched, taken back newest first, gives back what stood before each."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.faults.sizes import SEED, size
from tests.mapping.conftest import little_case
from tests.undo.chains import Chain, some_chain
from tests.undo.states import State, differences

if TYPE_CHECKING:
    from tests.mapping.conftest import Case

AGAIN = 0.3
"""How many undos are themselves undone, and how many are followed by a redo."""


async def wrong_with(chain: Chain) -> list[str]:
    """Undo all runs that no user's edit came after, the newest first; some of the undos and a redo as well."""
    for link in reversed(chain.links.copy()):
        after = await chain.state()
        wrong = await after_undo(chain, link.run, link.before)
        undone = chain.undone
        if not wrong and chain.dice.random() < AGAIN and undone is not None:
            wrong = await after_undo(chain, undone, after) or await after_undo(chain, link.run, link.before)
        if not wrong and chain.dice.random() < AGAIN:
            wrong = await after_undo(chain, (await chain.sync(redo=True)).header.run, link.before)
        if wrong or link.is_after_edits:
            return wrong
    return []


async def after_undo(chain: Chain, run: int | None, before: State) -> list[str]:
    """Undo one run; describe what differs from the state before it, and what the undo says of it."""
    report = await chain.undo(run)
    chain.undone = report.header.run
    wrong = [f"undo {run}: {line}" for line in differences(before, await chain.state())]
    return wrong + [f"    {one}" for one in (*report.skipped, *report.kept)] if wrong else []


async def test_k_a_chain_is_taken_back() -> None:
    """Field by field: values, links, pictures, covers, chapters and custom fields, whatever user and source did before."""
    failures = []
    for seed in range(SEED, SEED + size("CHAINS", 4)):
        with little_case() as case:
            chain = Chain(case, random.Random(seed))
            await some_chain(chain)
            failures += [f"seed {seed} {line}" for line in await wrong_with(chain)]
    assert not failures, f"{len(failures)}\n" + "\n".join(failures[:60])


@pytest.mark.parametrize("seed", [7, 45])
async def test_k_a_chain_on_every_stash(everywhere: Case, seed: int) -> None:
    """A real Stash gives the same back as the embedded one."""
    chain = Chain(everywhere, random.Random(seed))
    await some_chain(chain)
    assert await wrong_with(chain) == []
