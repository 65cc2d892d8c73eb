"""K: a chain of runs that nobody touched, taken back newest first, gives back what stood before each."""

from __future__ import annotations

import random
from tests.faults.sizes import SEED, size
from tests.mapping.conftest import little_case
from tests.undo.chains import OVERWRITES, Chain
from tests.undo.states import State, differences

AGAIN = 0.3
"""How many undos are themselves undone, and how many are followed by a redo."""


async def some_chain(chain: Chain) -> None:
    dice = chain.dice
    for _ in range(dice.randint(2, 5)):
        await chain.download()
    await chain.case.scan()
    for _ in range(dice.randint(0, 4)):
        await chain.edit()
    for number in range(dice.randint(1, 4)):
        for _ in range(dice.randint(1, 4) if number else 0):
            await (chain.download() if dice.random() < 0.4 else chain.change())
        if number and dice.random() < 0.15:
            await chain.edit()
        fields = frozenset(name for name in OVERWRITES if dice.random() < 0.3) if dice.random() < 0.3 else frozenset()
        await chain.sync(overwrite=fields, recreate=dice.random() < 0.15)


async def wrong_with(chain: Chain) -> list[str]:
    """Undo all runs that no user's edit came after, the newest first; some of the undos and a redo as well."""
    for link in reversed(chain.links.copy()):
        after = await chain.state()
        wrong = await after_undo(chain, link.run, link.before)
        undone = chain.undone
        if not wrong and chain.dice.random() < AGAIN and undone is not None:
            wrong = await after_undo(chain, undone, after) or await after_undo(chain, link.run, link.before)
        if not wrong and chain.dice.random() < AGAIN:
            wrong = await after_undo(chain, (await chain.sync(redo=True)).run, link.before)
        if wrong or link.is_after_edits:
            return wrong
    return []


async def after_undo(chain: Chain, run: int | None, before: State) -> list[str]:
    """Undo one run; describe what differs from the state before it, and what the undo says of it."""
    report = await chain.undo(run)
    chain.undone = report.run
    wrong = [f"undo {run}: {line}" for line in differences(before, await chain.state())]
    return wrong + [f"    {one}" for one in (*report.skipped, *report.kept)] if wrong else []


async def test_k_a_chain_is_taken_back(tmp_path) -> None:
    """Field by field."""
    failures = []
    for seed in range(SEED, SEED + size("CHAINS", 6)):
        with little_case() as case:
            chain = Chain(case, random.Random(seed))
            await some_chain(chain)
            failures += [f"seed {seed} {line}" for line in await wrong_with(chain)]
    assert not failures, f"{len(failures)}\n" + "\n".join(failures[:60])
