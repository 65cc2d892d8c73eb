"""`python -m benchmarks`: all competitors on worlds of growing size; writes docs/benchmarks.md and .svg."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.changes import edit_in_stash, new_post, nothing
from benchmarks.checker import faults
from benchmarks.competitors import Task
from benchmarks.counting import counting
from benchmarks.servers import serving
from benchmarks.table import PAGE, Run, write
from benchmarks.worlds import write_world

SIZES = (40, 400, 1000, 4000)
"""Items: about 100, 1,000, 2,400 and 10,000 media."""

LARGE = 42_000
PATIENT = 1000
"""The size, in items, up to which the patterns that ask one by one are run, and the others in several rounds."""

ROUNDS = 5
"""A machine's speed changes from one minute to the next; ours and the floor run in turn so often."""

STEPS = {"again": nothing, "one post": new_post, "one edit": edit_in_stash}
"""The further runs of ours, each after a change."""

FAST, SLOW = ("ours", "floor"), ("naive", "before")


def main(words: list[str] | None = None) -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--items", type=int, action="append", help="a world of so many items (several times)")
    parser.add_argument(
        "--only", action="append", choices=[*FAST, *SLOW], help="this one alone (several times)"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of ours and the floor, in turn")
    parser.add_argument("--large", action="store_true", help="a world of 100,000 media too")
    parser.add_argument(
        "--write", type=Path, help="write the table into this folder's page, and the plot beside it"
    )
    arguments = parser.parse_args(words)
    if arguments.write and not (arguments.write / PAGE).is_file():
        parser.error(f"--write: {arguments.write} has no {PAGE}, into which the tables go; docs/ has one")
    sizes = arguments.items or [*SIZES, *([LARGE] if arguments.large else [])]
    runs: list[Run] = []
    for items in sizes:
        chosen = arguments.only or (*FAST, *SLOW)
        names = [name for name in FAST if name in chosen] * (arguments.rounds if items <= PATIENT else 1)
        names += [name for name in SLOW if name in chosen and items <= PATIENT]
        runs += [run for name in names for run in _race(name, items)]
    if arguments.write:
        write(runs, arguments.write)


def _race(name: str, items: int) -> list[Run]:
    """One competitor on a world of its own: fresh, then again with nothing changed, and ours after small changes."""
    folder = Path(tempfile.mkdtemp(prefix="stash-sync-bench-"))
    try:
        with serving(folder) as server:
            first_id = random.randrange(10**6, 10**9) * 10**9  # noqa: S311 - worlds share a Stash, so ids differ
            downloads = server.library / f"bench{first_id}"
            world = asyncio.run(write_world(folder / "world", downloads, items, first_id))
            server.scan()
            with counting(server.url) as counted:
                task = Task(counted.url, world.database, downloads, world.username)
                fresh = Run(name, world.media, "fresh", server.name, **_run(name, task), **counted.take())
                wrong = faults(Task(server.url, world.database, downloads, world.username))
                assert not wrong, (name, len(wrong), wrong[:3])
                runs = [fresh]
                steps = STEPS if name == "ours" else {"again": nothing} if name in FAST else {}
                for what, change in steps.items():
                    change(world, server)
                    ended = _run(name, task)
                    runs.append(Run(name, world.media, what, server.name, **ended, **counted.take()))
            shutil.rmtree(downloads)
    finally:
        shutil.rmtree(folder)
    for run in runs:
        sys.stdout.write(f"{run}\n")
        sys.stdout.flush()
    return runs


def _run(name: str, task: Task) -> dict[str, Any]:
    where = [task.url, str(task.database), str(task.downloads), task.username]
    command = [sys.executable, "-m", "benchmarks.race", name, *where]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main()
