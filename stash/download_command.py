"""Run the user's download command at the start of a run."""

from __future__ import annotations

import asyncio

from stash.errors import UsageError

STDERR = 2
"""The output of the command, because stdout is for the result of the run."""


async def download(command: str) -> None:
    """Run a command in a shell, and wait for its end.

    Raises:
        UsageError: the command failed.
    """
    process = await asyncio.create_subprocess_shell(command, stdout=STDERR, stderr=None)
    code = await process.wait()
    if code != 0:
        raise UsageError(
            f"The download command ended with {code}; nothing was synced. Look at its own messages."
        )
