"""Counting the requests of a block."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from stash.store import StashStore
from stash.store.library_internals import live_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.transport.graphql import Requests


class ApiCalls:
    """The requests since a block began. They stop to grow when it ends."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._before = replace(requests)

    def stop(self) -> None:
        """Keep the figures of this moment."""
        self._requests = replace(self._requests)

    @property
    def reads(self) -> int:
        """Return the number of requests that read."""
        return self._requests.reads - self._before.reads

    @property
    def writes(self) -> int:
        """Return the number of requests that write."""
        return self._requests.writes - self._before.writes

    @property
    def mutations(self) -> int:
        """Return the number of mutations. One request may hold many."""
        return self._requests.mutations - self._before.mutations

    @property
    def total_calls(self) -> int:
        """Return the number of requests of every kind, those of scan jobs included."""
        return self.reads + self.writes + self._requests.scan - self._before.scan


@contextmanager
def count_api_calls() -> Iterator[ApiCalls]:
    """Count the requests that the open store sends in this block.

    Raises:
        AssertionError: no store is open.
    """
    store = live_store()
    if not isinstance(store, StashStore):
        raise AssertionError(  # noqa: TRY004 - it fails the test
            "count_api_calls() found no open store; use a fixture that opens one, such as stash_store."
        )
    calls = ApiCalls(store.requests)
    try:
        yield calls
    finally:
        calls.stop()
