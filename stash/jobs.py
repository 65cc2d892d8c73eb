"""Start a scan with the user's own defaults, and wait for its end with a deadline."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stash.errors import RetriableError, UnansweredWriteError
from stash.scan_options import DEFAULTS, FLAGS, options, saved_options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from stash.transport.client import Connection
    from stash.transport.graphql import Reply

log = logging.getLogger(__name__)

_SCAN = "mutation($input: ScanMetadataInput!) { metadataScan(input: $input) }"
_SAVED = f"{{ configuration {{ defaults {{ scan {{ {' '.join(FLAGS.values())} }} }} ui }} }}"
_JOB = "query($input: FindJobInput!) { findJob(input: $input) { status progress addTime } }"
_QUEUE = "{ jobQueue { id status } }"

_GONE = "GONE"
"""The status of a job that Stash does not know, or no longer."""

_ENDED = frozenset({"FINISHED", "CANCELLED", "FAILED", _GONE})

SCANS = 3
"""Attempts at a scan whose job is gone, as every job is after a restart of Stash."""

FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0
"""Seconds between two queries of a job, doubled each time."""


async def scan(
    connection: Connection,
    folders: Sequence[str],
    patience: float,
    on_progress: Callable[[float], object] = lambda _: None,
    generate: Collection[str] = DEFAULTS,
) -> str:
    """Have Stash scan folders, and wait until the job has ended.

    Stash generates the kinds in `generate`. The default is the choice that the user saved in Stash.
    A job that is gone is started again, because a restart of Stash may have ended it.
    `on_progress` gets the progress from 0 to 1 after each query.

    Returns:
        The last status. `FINISHED` is no proof that anything was scanned.

    Raises:
        RetriableError: for `patience` seconds the job neither ended nor advanced by a hundredth.
    """
    status = _GONE
    content = {"paths": list(folders), **await _options(connection, generate)}
    for _ in range(SCANS):
        reply = await _asked(connection, content, patience)
        job = reply.data.get("metadataScan")
        if reply.errors or not job:
            raise RetriableError(f"Stash refused to scan {folders[0]!r}; look at its log, then run again.")
        status = await _wait(connection, str(job), patience, on_progress)
        if status != _GONE:
            break
    return status


async def _options(connection: Connection, generate: Collection[str]) -> dict[str, bool]:
    """Return the options of a scan. The user's own defaults are read only if they are chosen."""
    if DEFAULTS.isdisjoint(generate):
        return options(generate, {})
    reply = await connection.query(_SAVED, is_scan=True)
    if reply.errors:
        log.warning("scan.defaults_unknown", extra={"reason": str(reply.errors[0].get("message"))[:300]})
        return options(generate, {})
    return options(generate, saved_options(reply.data))


async def _asked(connection: Connection, content: Mapping[str, Any], patience: float) -> Reply:
    """Start a scan, and repeat that until Stash answers. A second scan of the same folders is harmless."""
    time = asyncio.get_running_loop().time
    wait, deadline = FIRST_WAIT, time() + patience
    while True:
        with suppress(UnansweredWriteError):
            reply = await connection.mutate(_SCAN, {"input": content}, fields=1, is_scan=True)
            if reply.data or reply.errors:
                return reply
        if time() + wait > deadline:
            raise RetriableError(
                f"Stash did not answer when it was asked to scan {content['paths'][0]!r}; run again."
            )
        await asyncio.sleep(wait)
        await wait_until_idle(connection, max(wait, deadline - time()))
        wait = min(wait * 2, LONGEST_WAIT)


async def wait_until_idle(connection: Connection, patience: float) -> None:
    """Wait for the running jobs of Stash.

    Raises:
        RetriableError: a job did not end within `patience` seconds.
    """

    async def reached() -> int | None:
        reply = await connection.query(_QUEUE, is_scan=True)
        jobs = reply.data.get("jobQueue")
        states = (
            [job.get("status") for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []
        )
        return None if {"RUNNING", "READY", "STOPPING"}.isdisjoint(map(str, states)) else 0

    await _poll(reached, patience, "A job of Stash is still running after")


async def _wait(
    connection: Connection, job: str, patience: float, on_progress: Callable[[float], object]
) -> str:
    status, percent, added = "READY", 0, None

    async def reached() -> int | None:
        nonlocal status, percent, added
        reply = await connection.query(_JOB, {"input": {"id": job}}, is_scan=True)
        found = reply.data.get("findJob")
        if isinstance(found, dict):
            added = added or found.get("addTime")
            if found.get("addTime") != added:  # after a restart Stash counts its jobs anew
                found = None
        status = str(found.get("status")) if isinstance(found, dict) else _GONE
        done = found.get("progress") if isinstance(found, dict) else None
        if isinstance(done, int | float):
            on_progress(float(done))
            percent = int(100 * done)
        return None if status in _ENDED else percent

    await _poll(reached, patience, "The scan has not moved for")
    log.info("scan.ended", extra={"job": job, "status": status})
    return status


async def _poll(reached: Callable[[], Awaitable[int | None]], patience: float, what: str) -> None:
    """Wait until `reached` returns None. Each further hundredth extends the deadline by `patience` seconds."""
    time = asyncio.get_running_loop().time
    wait, furthest, deadline = FIRST_WAIT, 0, time() + patience
    while (percent := await reached()) is not None:
        if percent > furthest:
            furthest, deadline = percent, time() + patience
        if time() + wait > deadline:
            raise RetriableError(f"{what} {patience:.0f} seconds; wait for it in Stash, then run again.")
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
