"""The DataLoader pattern: the questions of concurrent callers become one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence


class DataLoader[K: Hashable, V]:
    """Collects the questions of one turn of the event loop. Equal questions share one answer."""

    def __init__(self, process: Callable[[Sequence[K]], Awaitable[Mapping[K, V | BaseException]]]) -> None:
        self._process = process
        self._asked: dict[K, asyncio.Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: K) -> V:
        """Return the answer to one question. An error among the answers of `process` is raised."""
        future = self._asked.get(question)
        if future is None:
            if not self._asked:
                asyncio.get_running_loop().call_soon(self._start)
            future = self._asked[question] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    def _start(self) -> None:
        asked, self._asked = self._asked, {}
        task = asyncio.create_task(self._answer(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, asked: dict[K, asyncio.Future[V]]) -> None:
        try:
            answers = await self._process(list(asked))
        except BaseException as error:
            for future in asked.values():
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for question, future in asked.items():
            answer = answers[question]
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
