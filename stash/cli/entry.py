"""The way in: signals are heeded before anything slow is imported."""

from __future__ import annotations

import atexit
import gc
import json
import sys

from stash.cli.pipes import outlive_readers, read_names_as_utf8
from stash.cli.signals import Signalled, heed, hold


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None:
        read_names_as_utf8()
    try:
        heed()
        outlive_readers()
        # Python looks for garbage once more at its end: half a second after a sync, for what ends with the process anyway.
        atexit.register(gc.freeze)
        from stash.cli.main import main as run  # noqa: PLC0415 - it takes a while, in which a signal may come

        run(words)
    except Signalled as signalled:
        hold()
        sys.stderr.write(f"error: {signalled}\n")
        if "--json" in words:
            content = {"outcome": "error", "exit_code": signalled.exit_code, "error": str(signalled)}
            sys.stdout.write(f"{json.dumps(content)}\n")
        sys.exit(signalled.exit_code)
