"""Make small pictures of files as data URIs. Another process decodes the files, because they are untrusted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 200
"""Pictures of a page."""

SECONDS = 15.0
"""Seconds for one file."""

ALTOGETHER = 120.0
"""Seconds for all files of a page. Later files have no picture."""

_PROGRAM = Path(__file__).with_name("thumbnails.py")


def pictures(files: Iterable[tuple[str, Path]], thumbnailer: Thumbnailer | None = None) -> dict[str, str]:
    """Return pictures by key, of the first files that can be decoded."""
    found: dict[str, str] = {}
    deadline = time.monotonic() + ALTOGETHER
    with thumbnailer or Thumbnailer() as drawing:
        for key, path in files:
            left = deadline - time.monotonic()
            if len(found) == MOST or left <= 0:
                break
            picture = drawing.draw(path, min(SECONDS, left))
            if picture:
                found[key] = f"data:image/jpeg;base64,{picture}"
    return found


class Thumbnailer:
    """A process that decodes one file after the other. A file that crashes or blocks it has no picture.

    Use it as a context manager.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = threading.Event()

    def draw(self, path: Path, seconds: float) -> str:
        """Return a small JPEG of a file in base64. Empty if the process makes none within the time."""
        if self._is_stopped.is_set():
            return ""
        try:
            answer = self._answer(path, seconds)
        except OSError:  # the process ended, or could not be started
            answer = b""
        if not answer.endswith(b"\n"):
            self._end()
            return ""
        return answer.decode("ascii").strip()

    def stop(self) -> None:
        """Stop drawing, even while another thread draws."""
        self._is_stopped.set()
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _answer(self, path: Path, seconds: float) -> bytes:
        """Send a path and return the line that answers it. The line is incomplete if the process ended."""
        if self._process is None:
            self._process = _started()
        process = self._process
        assert process.stdin is not None  # noqa: S101 - it was started with pipes
        assert process.stdout is not None  # noqa: S101 - likewise
        over = threading.Timer(seconds, process.kill)
        over.start()
        try:
            process.stdin.write(os.fsencode(path).hex().encode() + b"\n")
            process.stdin.flush()
            return process.stdout.readline()
        finally:
            over.cancel()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _started() -> subprocess.Popen[bytes]:
    # Nothing secret is at hand for whoever may get a decoder to do more than it should.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STASH_")}
    return subprocess.Popen(  # noqa: S603 - our own program, by its path
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
