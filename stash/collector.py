"""Python's garbage collector, while thousands of entities that refer to one another come and go."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOCATIONS = 50_000
"""New objects before it looks for garbage: a batch of entities, which all live until it is written."""


@contextmanager
def patient() -> Iterator[None]:
    """Have it look seldom, and never at what was imported: that costs a sixth of a run, and finds nothing."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
