"""Tune the garbage collector and the switching of threads while a command syncs, in the command's own process."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOCATIONS = 1_000_000
"""Allocations between two automatic collections. The engine itself collects between two parts."""

SWITCH_SECONDS = 0.0005
"""Seconds a thread keeps the interpreter while the database driver's thread waits for it. The default is ten times that."""


@contextmanager
def tuned() -> Iterator[None]:
    """Collect garbage rarely, and let the database driver's thread run soon.

    Each setting saves about a tenth of a sync. A host process keeps its own, so the package never calls this.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    freeze_loaded()
    gc.set_threshold(ALLOCATIONS, *thresholds[1:])
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        # Without this, putting the thresholds back starts a collection of everything that the sync made.
        gc.freeze()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def freeze_loaded() -> None:
    """Exclude the objects that exist now from collections: they live as long as the command."""
    gc.freeze()
