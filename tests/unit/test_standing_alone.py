"""The package beside another program's `metadata`, as in the downloader's own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import write_world

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = "raise ImportError('the metadata package of another program was imported')\n"


@pytest.fixture
def beside(tmp_path: Path) -> Callable[..., str]:
    """Run Python with a `metadata` first on the path that raises when it is imported; answers stdout."""
    foreign = tmp_path / "foreign"
    (foreign / "metadata").mkdir(parents=True)
    (foreign / "metadata" / "__init__.py").write_text(FOREIGN)

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            env={**os.environ, "PYTHONPATH": f"{foreign}{os.pathsep}{ROOT}"},
            capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_other_one_would_be_imported(beside: Callable[..., str]) -> None:
    """The package first on the path is the other program's."""
    assert "raised" in beside("-c", "try: import metadata\nexcept ImportError: print('raised')")


def test_the_processing_is_imported(beside: Callable[..., str]) -> None:
    """`from stash import StashProcessing` imports no top-level `metadata`."""
    found = beside("-c", "from stash import StashProcessing, connect; print(StashProcessing.__name__)")
    assert found.strip() == "StashProcessing"


async def test_a_sync_runs(beside: Callable[..., str], tmp_path: Path) -> None:
    """A whole sync, and a look at what it did, imports no top-level `metadata`."""
    world = write_world(tmp_path / "world", items=4)
    address = tmp_path / "metadata.sqlite"
    async with await open_or_make(str(address)) as database:
        await ingest_paths(database, [world.payloads])
    there = ("--database", address, "--downloads", world.downloads)
    beside("-m", "stash.cli", "sync", *there, "--embedded-dir", tmp_path / "stash", "--quiet")
    assert "1" in beside("-m", "stash.cli", "runs", "--database", address)
