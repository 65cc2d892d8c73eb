"""Open the Stash of the settings, and wait for it at the start."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from stash.address import transport_config
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from stash.settings import Settings
    from stash.transport.client import Connection
    from stash.transport.graphql import TransportConfig

AT_ONCE = 3.0
"""Seconds that a read-only command waits for a Stash that does not answer."""


class WaitDisplay(Protocol):
    """A display of the steps of a session, which shows the wait for Stash."""

    def start(self, step: str) -> None:
        """Show that a step begins."""
        ...

    def finish(self) -> None:
        """Show that the step is over."""
        ...


class _Waiting(StashContext):
    """A context that shows, once, that it waits for a Stash that does not answer yet."""

    def __init__(self, config: TransportConfig, steps: WaitDisplay | None) -> None:
        super().__init__(config=replace(config, on_wait=self._begin))
        self._steps, self._where = steps, config.url
        self._is_told = False

    def _begin(self, why: str) -> None:
        if self._steps is not None and not self._is_told:
            self._is_told = True
            self._steps.start(f"Waiting for Stash at {self._where} ({why})")

    async def get_client(self) -> Connection:
        """Connect, once. See `StashContext`."""
        client = await super().get_client()
        if self._steps is not None and self._is_told:
            self._steps.finish()
            self._is_told = False
        return client


@asynccontextmanager
async def open_stash(
    settings: Settings, steps: WaitDisplay | None, transport: httpx.AsyncBaseTransport | None, *, is_dry: bool
) -> AsyncIterator[StashContext]:
    """Open the context of a Stash's store. Nothing is sent before its client is requested.

    A dry run gives up soon if no Stash answers. Any other run waits until Stash has started.
    """
    patience = min(settings.patience, AT_ONCE) if is_dry else settings.patience
    config = transport_config(settings, transport, connect_patience=patience)
    context = _Waiting(config, steps)
    try:
        yield context
    finally:
        await context.close(force=True)
