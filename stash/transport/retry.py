"""How long Stash is waited for while it does not answer, and how often it is asked meanwhile."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

LULL = 30.0
"""Seconds after a failure in which another one is of the same outage."""

LAST_LOOK = 1.0
"""Seconds that a request is given at least, also where the patience is at its end."""

_NO_SILENCE = (-math.inf, -math.inf)
"""Since when Stash has been silent, and when it was found so last."""


class TransientError(Exception):
    """A failure that another attempt may not meet. `was_sent` where a write may have taken effect."""

    def __init__(self, reason: str, *, was_sent: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.was_sent = was_sent
        self.wait = wait


class RetryBudget:
    """Counts how long Stash has answered nobody: what waits side by side does not wait in turn."""

    def __init__(self) -> None:
        self._silence = _NO_SILENCE

    def was_answered(self) -> None:
        """Stash answered: the next silence is another one."""
        self._silence = _NO_SILENCE

    def left(self, seconds: float, state: RetryCallState) -> float:
        """Tell how many of so many seconds an attempt has that begins now, with Stash silent since a while already."""
        since, last = self._silence
        now = began = time.monotonic()
        if state.attempt_number > 1:
            began = state.start_time if since == -math.inf else min(since, state.start_time)
        elif now <= last + LULL:
            began = since
        return max(seconds - (now - began), min(seconds, LAST_LOOK))

    def attempts(
        self, seconds: float, *, even_if_sent: bool, on_wait: Callable[[str], object] | None = None
    ) -> AsyncRetrying:
        """Attempts at a request while Stash is silent for so long.

        Each further one follows a TransientError; of a request that may have reached Stash there is none, unless it
        may be repeated `even_if_sent`. The last error is raised. `on_wait` is told once why there is a second one.
        """
        return AsyncRetrying(
            stop=self._is_over(seconds),
            wait=self._pause(seconds),
            retry=partial(self._is_repeated, even_if_sent=even_if_sent),
            before_sleep=_telling(on_wait),
            reraise=True,
        )

    def _is_repeated(self, state: RetryCallState, *, even_if_sent: bool) -> bool:
        error = _error_of(state)
        if error is None:
            return False
        self._silent(state)
        return even_if_sent or not error.was_sent

    def _pause(self, seconds: float) -> Callable[[RetryCallState], float]:
        return lambda state: max(0.0, min(_wait(state), seconds - self._silent(state)))

    def _is_over(self, seconds: float) -> Callable[[RetryCallState], bool]:
        return lambda state: self._silent(state) >= seconds

    def _silent(self, state: RetryCallState) -> float:
        """For how long Stash is silent, now that an attempt failed."""
        since, last = self._silence
        if state.start_time > last + LULL:
            since = state.start_time
        now = state.outcome_timestamp or state.start_time
        self._silence = since, now
        return now - min(since, state.start_time)


def _telling(on_wait: Callable[[str], object] | None) -> Callable[[RetryCallState], None]:
    def tell(state: RetryCallState) -> None:
        if on_wait is not None and state.attempt_number == 1:
            on_wait(str(_error_of(state)))

    return tell


def _error_of(state: RetryCallState) -> TransientError | None:
    error = None if state.outcome is None else state.outcome.exception()
    return error if isinstance(error, TransientError) else None


_JITTER = wait_random_exponential(multiplier=0.2, max=10)


def _wait(state: RetryCallState) -> float:
    error = _error_of(state)
    return _JITTER(state) if error is None or error.wait is None else error.wait
