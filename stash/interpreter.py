"""Python's own settings, for the length of a sync."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOCATIONS = 1_000_000
"""New objects before it looks for garbage by itself: those of a part live until it is written, and are swept then."""

SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while the database driver's thread waits for it; by default ten times that."""


@contextmanager
def tuned() -> Iterator[None]:
    """Look for garbage seldom, and let the database driver's thread have its turn.

    To look costs a tenth of a sync and finds nothing, the driver's thread as much in waiting. What lasts as long as the
    run is never looked at again.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, *thresholds[1:])
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.freeze()  # what was not looked at is old by now, or it would be looked at in this very moment
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def sweep() -> None:
    """Free what a part has left behind: its entities name each other, so that nothing else frees them in time."""
    gc.collect()
