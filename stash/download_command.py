"""The download command of the user's, which a run may begin with."""

from __future__ import annotations

import asyncio

from stash.errors import UsageError

STDERR = 2
"""Where it speaks: stdout is for what came of the run."""


async def download(command: str) -> None:
    """Run it in a shell, and wait for it.

    Raises:
        UsageError: it failed.
    """
    process = await asyncio.create_subprocess_shell(command, stdout=STDERR, stderr=None)
    code = await process.wait()
    if code != 0:
        raise UsageError(
            f"The download command ended with {code}; nothing was synced. Look at its own messages."
        )
