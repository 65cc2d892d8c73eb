"""How large the suites are: small by default, larger where the environment says so.

`TORTURE_SEED` is where random choices begin; `TORTURE_<NAME>` enlarges one suite, see where `size` is called.
"""

from __future__ import annotations

import os

SEED = int(os.environ.get("TORTURE_SEED", "1"))


def size(name: str, default: int) -> int:
    """The size of a suite."""
    return int(os.environ.get(f"TORTURE_{name}", str(default)))


FEW = 4
"""Items that are written together by what is killed and in histories, so that batches overlap in small worlds too."""

ONE_BATCH = 40
"""More items than the worlds here have of one creator: they are one batch."""

USUAL = size("FEW", ONE_BATCH)
"""Items that are written together elsewhere."""
