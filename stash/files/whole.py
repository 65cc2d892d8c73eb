"""Write files whole or leave them untouched."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import ExitStack, suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its target, then rename it, so that a reader never finds a part of it.

    A link stays a link, and a file keeps its permissions. A pipe or a device is written to directly.

    Raises:
        OSError: the file cannot be written. A previous file stays untouched.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        _write_to(target, content)
        return
    unfinished = target.with_name(f".stash-sync-{secrets.token_hex(8)}.unfinished")
    with ExitStack() as on_failure:
        on_failure.callback(_remove, unfinished)
        with unfinished.open("xb") as file:
            if mode is not None:
                unfinished.chmod(stat.S_IMODE(mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        on_failure.pop_all()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _write_to(path: Path, content: bytes) -> None:
    """Write to a pipe or a device. A pipe without a reader is an error at once."""
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(content)
