"""Gathers what concurrent callers ask for into one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence


class DataLoader[K: Hashable, V]:
    """Callers that ask in the same turn of the event loop share one call. Equal questions share one answer."""

    def __init__(self, process: Callable[[Sequence[K]], Awaitable[Mapping[K, V | BaseException]]]) -> None:
        self._process = process
        self._asked: dict[K, asyncio.Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: K) -> V:
        """The answer to one question. Raises what `process` answered with where that is an error."""
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
