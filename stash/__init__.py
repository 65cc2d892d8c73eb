"""stash-sync: what a downloader saved, brought into Stash.

`StashProcessing` is the pipeline's door, `connect` the door for scripts and tests. Both are imported when
they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stash.processing import StashProcessing
    from stash.store import StashStore, connect

__all__ = ["StashProcessing", "StashStore", "connect"]


def __getattr__(name: str) -> object:
    if name == "StashProcessing":
        from stash.processing import StashProcessing  # noqa: PLC0415 - see above

        return StashProcessing
    if name in {"StashStore", "connect"}:
        from stash import store  # noqa: PLC0415 - see above

        return vars(store)[name]
    raise AttributeError(f"module 'stash' has no attribute {name!r}")
