"""How large the suites are: small by default, larger where the environment says so.

`TORTURE_SEED` is where random choices begin; `TORTURE_<NAME>` enlarges one suite, see where `size` is called.
"""

from __future__ import annotations

import os

FEW = 4
"""Items that are written together here, so that batches overlap in worlds of a few items too."""

SEED = int(os.environ.get("TORTURE_SEED", "1"))


def size(name: str, default: int) -> int:
    """The size of a suite."""
    return int(os.environ.get(f"TORTURE_{name}", str(default)))
