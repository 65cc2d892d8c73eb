"""Instants and durations for a person: local time, as TZ says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_SHORT = 10
"""Seconds below which a duration is told with its tenths."""


def local(instant: datetime) -> str:
    """Day and minute where the user is."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M}"


def lasting(began: datetime, ended: datetime | None) -> str:
    """Tell how long something took. A dash where it did not end."""
    if ended is None:
        return "-"
    seconds = (ended - began).total_seconds()
    return f"{seconds:.1f} s" if seconds < _SHORT else f"{seconds:.0f} s"
