"""Tell by the times of folders whether files came or went. A folder's time moves when an entry is added or removed."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from stash.files.paths import is_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TICK = timedelta(seconds=2)
"""The coarsest tick of a file system's clock. A change within one tick of the last leaves the time as it was."""


def settled(folders: Mapping[str, int], read_at: datetime) -> dict[str, int]:
    """Return the times of folders, in nanoseconds, if a later change is sure to move them. Else nothing."""
    latest = (read_at - TICK).timestamp() * 1e9
    is_settled = all(time < latest and is_text(folder) for folder, time in folders.items())
    return dict(folders) if is_settled else {}


def are_unchanged(folders: Mapping[str, int]) -> bool:
    """Tell whether these folders have the same times. Without a folder nothing is known."""
    try:
        return bool(folders) and all(
            os.stat(folder).st_mtime_ns == time  # noqa: PTH116 - of a path that may be no text
            for folder, time in folders.items()
        )
    except OSError:
        return False
