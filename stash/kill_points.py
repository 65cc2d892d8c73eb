"""Kill this process at a moment that a test chose, to check that nothing is lost. Off without the variable.

`STASH_SYNC_KILL_AT=k:moment` kills at the k-th time, counted from 1, that the moment is reached. The moments are
`before-send`, `after-reply` (of a request to Stash) and `after-record` (of the journal).
"""

from __future__ import annotations

import os
import signal

_number, _, _moment = os.environ.get("STASH_SYNC_KILL_AT", "").partition(":")
_left = int(_number or 0)


def reached(moment: str) -> None:
    """Kill this process if the moment is the chosen one."""
    global _left  # noqa: PLW0603 - one process, one count
    if moment != _moment:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
