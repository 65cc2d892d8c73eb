"""How long Stash is waited for while it does not answer, and how often it is asked meanwhile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

LULL = 30.0
"""Seconds after a failure in which another one is of the same outage."""

_NO_SILENCE = (-math.inf, -math.inf)
"""Since when Stash has been silent, and when it was found so last."""


class TransientError(Exception):
    """A failure that another attempt may not meet; `was_sent` where a write may have taken effect."""

    def __init__(self, reason: str, *, was_sent: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.was_sent = was_sent
        self.wait = wait


class Patience:
    """Counts how long Stash has answered nobody: what waits side by side does not wait in turn."""

    def __init__(self) -> None:
        self._silence = _NO_SILENCE

    def was_answered(self) -> None:
        """Stash answered: the next silence is another one."""
        self._silence = _NO_SILENCE

    def attempts(self, seconds: float, *, even_if_sent: bool) -> AsyncRetrying:
        """Attempts at a request while Stash is silent for so long.

        Each further one follows a TransientError; of a request that may have reached Stash there is none, unless it
        may be repeated `even_if_sent`. The last error is raised.
        """
        return AsyncRetrying(
            stop=self._is_over(seconds),
            wait=_wait,
            retry=retry_if_exception(_is_transient if even_if_sent else _was_never_sent),
            reraise=True,
        )

    def _is_over(self, seconds: float) -> Callable[[RetryCallState], bool]:
        def is_over(state: RetryCallState) -> bool:
            since, last = self._silence
            if state.start_time > last + LULL:
                since = state.start_time
            now = state.outcome_timestamp or state.start_time
            self._silence = since, now
            return now - min(since, state.start_time) >= seconds

        return is_over


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, TransientError)


def _was_never_sent(error: BaseException) -> bool:
    return isinstance(error, TransientError) and not error.was_sent


_JITTER = wait_random_exponential(multiplier=0.2, max=10)


def _wait(state: RetryCallState) -> float:
    error = None if state.outcome is None else state.outcome.exception()
    asked = error.wait if isinstance(error, TransientError) else None
    return _JITTER(state) if asked is None else float(asked)
