"""Limit how long a silent Stash is waited for, and how often a request is repeated."""

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
"""Seconds within which a second failure belongs to the same outage."""

LAST_LOOK = 1.0
"""The least seconds for a request, even when the patience has run out."""

_NO_SILENCE = (-math.inf, -math.inf)
"""The start of an outage and its last failure, for a Stash that answers."""


class TransientError(Exception):
    """A failure that another attempt may avoid. `was_sent` says that a write may have taken effect."""

    def __init__(self, reason: str, *, was_sent: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.was_sent = was_sent
        self.wait = wait


class RetryBudget:
    """Measures the length of an outage. Requests that wait at the same time share one budget."""

    def __init__(self) -> None:
        self._silence = _NO_SILENCE

    def was_answered(self) -> None:
        """Note an answer of Stash, which ends the outage."""
        self._silence = _NO_SILENCE

    def left(self, seconds: float, state: RetryCallState) -> float:
        """Return the seconds left of `seconds` for an attempt that begins now, during an outage or without one."""
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
        """Return attempts at a request, for an outage of at most `seconds`.

        Each further attempt follows a TransientError. A request that may have reached Stash is repeated only with
        `even_if_sent`. The last error is raised. `on_wait` gets the reason of the second attempt, once.
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
        """Return the seconds for which Stash has been silent when an attempt failed."""
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
