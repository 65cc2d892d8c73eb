"""The embedded Stash of a command: for its own use, or served until it is stopped."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from portalocker import AlreadyLocked, Lock, LockException
from pydantic import SecretStr

from stash.cli.places import state_in
from stash.cli.running import finish
from stash.embedded import EmbeddedStash, serve, serve_forever
from stash.errors import AlreadyRunningError, StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from stash.cli.output import Output

LOCK = "embedded-stash.lock"
"""Lock file in the folder of a state: it keeps a second server out, and is never deleted."""


@asynccontextmanager
async def embedded_for_itself(library: Path, state: Path | None) -> AsyncIterator[dict[str, Any]]:
    """Serve the embedded Stash to this process alone.

    Yields:
        The settings that reach it: its address, and a key that nobody else has and that is kept nowhere.
    """
    key = secrets.token_urlsafe(32)
    with EmbeddedStash([library], state=state, api_key=key) as stash:
        async with serve(stash) as url:
            yield {"url": url, "api_key": SecretStr(key)}


def serve_until_stopped(output: Output, library: Path, port: int, folder: Path | None) -> None:
    """Serve the embedded Stash until a signal ends it, and leave its state in order.

    Args:
        output: is told the address as soon as it is answered there.
        library: the folder that it scans.
        port: where it listens.
        folder: keeps its state, and is kept from a second one; None keeps nothing.

    Raises:
        Signalled: always, for there is no other end.
        UsageError: nothing can listen at that port.
        AlreadyRunningError: another one serves that folder.
        StateError: the folder cannot be written.
    """
    state = state_in(folder)
    with _alone(folder), EmbeddedStash([library], state=state) as stash:
        try:
            finish(serve_forever(stash, port, ready=partial(_announce, output)))
        except OSError as error:
            raise UsageError(
                f"The embedded Stash cannot listen at port {port} ({error.strerror}); "
                "end what listens there, or choose another one with --port (0 takes a free one)."
            ) from error


def _announce(output: Output, url: str) -> None:
    output.say(f"The embedded Stash is at {url}; stop it with Ctrl-C.")


@contextmanager
def _alone(folder: Path | None) -> Iterator[None]:
    """Keep a second server out of a folder. The system frees it when the process ends, however it ends."""
    if folder is None:
        yield
        return
    lock = Lock(folder / LOCK, fail_when_locked=True)
    try:
        lock.acquire()
    except AlreadyLocked as error:
        raise AlreadyRunningError(
            f"An embedded Stash serves {folder} already; use that one, stop it, or name another folder with --embedded-dir."
        ) from error
    except (OSError, LockException) as error:
        raise StateError(f"No lock can be made in {folder} ({error}); allow writing there.") from error
    try:
        yield
    finally:
        lock.release()
