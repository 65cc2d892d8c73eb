"""One competitor, one run, in a process of its own: `python -m benchmarks.race NAME URL DATABASE DOWNLOADS USERNAME`.

Prints one JSON object; CPU and wall are taken after the imports, memory is the process's peak.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import resource
import sys
import time
from pathlib import Path

import httpx

from benchmarks.competitors import Task

SLOW_TO_IMPORT = (
    "stash.sync_session",
    "aiosqlite",
    "anyio._backends._asyncio",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)


def main(name: str, *where: str) -> None:
    """Run once."""
    competitor = importlib.import_module(f"benchmarks.competitors.{name}")
    if name == "ours":
        for module in SLOW_TO_IMPORT:
            importlib.import_module(module)
    asyncio.run(httpx.AsyncClient(verify=False).aclose())
    gc.freeze()
    url, database, downloads, username = where
    task = Task(url, Path(database), Path(downloads), username)
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(competitor.sync(task))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(json.dumps({"wall": wall, "cpu": cpu, "peak": _peak()}))


def _peak() -> float:
    """The most memory that this process has held, in MiB; what `getrusage` says begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
