"""stash-sync: what a downloader saved, brought into Stash.

`StashProcessing` is the pipeline's door, `connect` the door for scripts and tests. Both are imported when
they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stash.version import __version__

if TYPE_CHECKING:
    from stash.logging import debug_print, processing_logger
    from stash.processing import StashProcessing
    from stash.store import StashContext, StashStore, connect

__all__ = [
    "StashContext",
    "StashProcessing",
    "StashStore",
    "__version__",
    "connect",
    "debug_print",
    "processing_logger",
]

_MODULES = {
    "StashProcessing": "stash.processing",
    "StashContext": "stash.store",
    "StashStore": "stash.store",
    "connect": "stash.store",
    "debug_print": "stash.logging",
    "processing_logger": "stash.logging",
}
"""The module of each name."""


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'stash' has no attribute {name!r}")
    found: object = vars(import_module(_MODULES[name]))[name]
    return found
