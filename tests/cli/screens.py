"""Commands on a small world, as processes and in a pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


STASH = ("--embedded-dir", "stash")


COMMANDS = {
    "settings": ("settings",),
    "status": ("status",),
    "runs": ("runs",),
    "report": ("report",),
    "report of a run": ("report", "1"),
    "doctor": ("doctor", *STASH),
    "sync": ("sync", *STASH),
    "dry run": ("sync", "--dry-run", "--quiet", *STASH),
    "check": ("check", "--quiet", *STASH),
}


def command(*arguments: str) -> list[str]:
    """One command, as a process."""
    return [sys.executable, "-m", "stash.cli", *arguments]


def environment() -> dict[str, str]:
    """Nothing but what is needed: no Stash of the user's, no width but the terminal's."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_START") if name in os.environ
    }
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str
