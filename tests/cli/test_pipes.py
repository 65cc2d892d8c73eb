"""Who reads from a pipe may go, as `head` does once it has its lines: the command goes on to its end, in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def without_reader(tmp_path: Path, *words: str, deaf: tuple[str, ...]) -> tuple[int, str]:
    """Run a command whose streams of these names nobody reads; answers its exit code and what stood on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    said = tmp_path / "said"
    with said.open("w") as kept:
        streams = {"stdout": subprocess.DEVNULL, "stderr": kept} | dict.fromkeys(deaf, writer)
        command = [sys.executable, "-m", "stash.cli", *words]
        done = subprocess.run(command, check=False, timeout=60, **streams)
    os.close(writer)
    return done.returncode, said.read_text()


@pytest.mark.parametrize(
    "words", [("settings",), ("settings", "--json"), ("--help",), ("demo",)], ids=" ".join
)
def test_nobody_reads_what_is_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Stdout is closed at the other end: the command's own exit code, and no word about it."""
    code, said = without_reader(tmp_path, *words, deaf=("stdout",))
    assert code == 0
    assert "error" not in said
    assert "Broken" not in said


def test_nobody_reads_what_is_complained(tmp_path: Path) -> None:
    """Stderr likewise: neither progress nor an error that nobody hears ends a command otherwise."""
    assert without_reader(tmp_path, "demo", deaf=("stdout", "stderr"))[0] == 0
    assert without_reader(tmp_path, "demo", "--nonsense", deaf=("stderr",))[0] == 2


def test_a_stream_that_is_closed() -> None:
    """Likewise where stdout was closed before the command began."""
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m stash.cli settings --json >&-', sys.executable],
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
