"""Stdout and stderr as they are: where nobody reads, and where not every letter can be shown. Imports nothing that is slow."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Buffer


class _Pipe(io.FileIO):
    def write(self, content: Buffer, /) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            return memoryview(content).nbytes


def outlive_readers() -> None:
    """Let the work go on where the reader of the output ends early, such as `head`.

    A letter that the other side's encoding lacks is replaced.
    """
    encoding = os.environ.pop(_ENCODING, None)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed from the beginning
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif stream is not getattr(sys, f"__{name}__"):
            continue
        elif stream.isatty():
            stream.reconfigure(encoding=encoding or stream.encoding, errors="replace")
        else:
            raw = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
            again = io.TextIOWrapper(
                raw, encoding or stream.encoding, errors="replace", line_buffering=stream.line_buffering
            )
            setattr(sys, name, again)


_ENCODING = "STASH_SYNC_OUTPUT_ENCODING"
"""The encoding of what is said, for a command that began anew."""


def read_names_as_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale would have file names read as something else.

    What is said keeps the encoding of the locale.
    """
    if sys.getfilesystemencoding() != "utf-8" and _ENCODING not in os.environ:
        os.environ[_ENCODING] = sys.stdout.encoding if sys.stdout is not None else "utf-8"
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - this very command
