"""Read files of the host without waiting for a pipe. Every import is fast."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io

_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def opened(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a regular file for reading. A pipe without a writer is an error, and no wait.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    with ExitStack() as closing:
        descriptor = os.open(path, _READING)
        closing.callback(os.close, descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            closing.pop_all()
            return os.fdopen(descriptor, "rb")
    raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: as for `opened`, or it cannot be read to its end.
    """
    with opened(path) as file:
        return file.read()


def reason_of(error: Exception) -> str:
    """Return why a file could not be used, without the number and the path that Python adds."""
    system = error.strerror if isinstance(error, OSError) else None
    return system or str(error) or type(error).__name__
