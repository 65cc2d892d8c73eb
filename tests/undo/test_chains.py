"""K: a chain of runs that nobody touched, taken back newest first, gives back what stood before each."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.faults.sizes import SEED, size
from tests.mapping.conftest import little_case
from tests.undo.chains import OVERWRITES, Chain
from tests.undo.states import differences

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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


async def wrong_with(chain: Chain) -> AsyncIterator[str]:
    """Undo all runs that no user's edit came after, the newest first."""
    for link in reversed(chain.links):
        report = await chain.undo(link.run)
        wrong = differences(link.before, await chain.state())
        for line in wrong:
            yield f"undo {link.run}: {line}"
        if wrong:
            for one in (*report.skipped, *report.kept):
                yield f"    {one}"
            return
        if link.is_after_edits:
            return


async def test_k_a_chain_is_taken_back(tmp_path) -> None:
    """Field by field."""
    failures = []
    for seed in range(SEED, SEED + size("CHAINS", 6)):
        with little_case() as case:
            chain = Chain(case, random.Random(seed))
            await some_chain(chain)
            failures += [f"seed {seed} {line}" async for line in wrong_with(chain)]
    assert not failures, f"{len(failures)}\n" + "\n".join(failures[:60])
