"""The job queue: one job at a time, in the background of the server."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .database import rfc3339
from .execution import Kind
from .values import to_int

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from .context import Context
    from .database import Clock

_KEPT = 10


@dataclass(slots=True)
class Job:
    """One piece of background work and how far it is.

    Attributes:
        progress: from 0 to 1; None while that is unknown.
        tasks: what is being worked on just now.
    """

    id: int
    description: str
    added: str
    work: Callable[[Job], Awaitable[None]]
    changed: Callable[[str, Job], None]
    status: str = "READY"
    progress: float | None = None
    tasks: list[str] = field(default_factory=list)
    started: str | None = None
    ended: str | None = None
    error: str | None = None

    def advance(self, progress: float | None, tasks: Sequence[str] = ()) -> None:
        """Tell how far the work is, from 0 to 1, and what is being worked on."""
        self.progress, self.tasks = progress, list(tasks)
        self.changed("UPDATE", self)

    def shown(self) -> dict[str, Any]:
        """Return the fields of the GraphQL type Job."""
        return {
            "id": self.id,
            "status": self.status,
            "subTasks": list(self.tasks) or None,
            "description": self.description,
            "progress": self.progress,
            "startTime": self.started,
            "endTime": self.ended,
            "addTime": self.added,
            "error": self.error,
        }


class Jobs:
    """Waiting, running and the last ten finished jobs. Ids start at 1 with each process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: list[Job] = []
        self._finished: list[Job] = []
        self._last_id = 0
        self._runner: asyncio.Task[None] | None = None
        self._current: asyncio.Task[None] | None = None
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """Yield a queue of all that happens to jobs from now on, as JobStatusUpdate."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def add(self, description: str, work: Callable[[Job], Awaitable[None]]) -> int:
        """Queue work and return the job's id. It starts when the event loop is next free."""
        self._last_id += 1
        job = Job(self._last_id, description, self._now(), work, self._tell)
        self._queue.append(job)
        self._tell("ADD", job)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._run())
        return self._last_id

    def find(self, job_id: int) -> Job | None:
        """Return a job that waits, runs or is among the last ten finished."""
        return next((job for job in [*self._queue, *self._finished] if job.id == job_id), None)

    def queued(self) -> list[Job]:
        """Return the jobs that run or wait, in order."""
        return list(self._queue)

    def stop(self, job_id: int) -> None:
        """Cancel a job. Nothing happens where there is none of that id."""
        for job in self.queued():
            if job.id == job_id and job.status == "READY":
                self._finish(job, "CANCELLED")
            elif job.id == job_id and self._current is not None:
                job.status = "STOPPING"
                self._current.cancel()

    def stop_all(self) -> None:
        """Cancel the running job and all that wait."""
        for job in reversed(self.queued()):
            self.stop(job.id)

    async def idle(self) -> None:
        """Wait until no job runs or waits."""
        if self._runner is not None:
            await asyncio.wait([self._runner])

    def close(self) -> None:
        """Stop working at once. The jobs are gone."""
        for task in (self._current, self._runner):
            if task is not None and not task.done() and not task.get_loop().is_closed():
                task.cancel()

    async def _run(self) -> None:
        while self._queue:
            job = self._queue[0]
            job.status, job.started = "RUNNING", self._now()
            self._tell("UPDATE", job)
            self._current = asyncio.ensure_future(job.work(job))
            await asyncio.wait([self._current])
            if self._current.cancelled():
                self._finish(job, "CANCELLED")
            elif error := self._current.exception():
                job.error = str(error)
                self._finish(job, "FAILED")
            else:
                self._finish(job, "FINISHED")

    def _finish(self, job: Job, status: str) -> None:
        job.status, job.ended, job.tasks = status, self._now(), []
        self._queue.remove(job)
        self._finished = [*self._finished, job][-_KEPT:]
        self._tell("REMOVE", job)

    def _tell(self, kind: str, job: Job) -> None:
        for queue in self._listeners:
            queue.put_nowait({"type": kind, "job": job.shown()})

    def _now(self) -> str:
        return rfc3339(self._clock())


def _find_job(context: Context, args: dict[str, Any]) -> dict[str, Any] | None:
    job = context.jobs.find(to_int(args["input"]["id"], "converting id"))
    return job.shown() if job else None


def _job_queue(context: Context, _args: dict[str, Any]) -> list[dict[str, Any]] | None:
    return [job.shown() for job in context.jobs.queued()] or None


def _stop_job(context: Context, args: dict[str, Any]) -> bool:
    context.jobs.stop(to_int(args["job_id"], "converting id"))
    return True


def _stop_all_jobs(context: Context, _args: dict[str, Any]) -> bool:
    context.jobs.stop_all()
    return True


QUERIES = {"findJob": _find_job, "jobQueue": _job_queue}
MUTATIONS = {"stopJob": _stop_job, "stopAllJobs": _stop_all_jobs}
KINDS = {"Job": Kind(), "JobStatusUpdate": Kind()}
