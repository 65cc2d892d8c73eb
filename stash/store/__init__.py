"""The store: the one place where Stash is read and written."""

from stash.store.changes import Change, Failure
from stash.store.context import StashContext, connect
from stash.store.delete import destroy
from stash.store.finder import Found
from stash.store.store import StashStore
from stash.store.unit_of_work import Flushed

__all__ = [
    "Change",
    "Failure",
    "Flushed",
    "Found",
    "StashContext",
    "StashStore",
    "connect",
    "destroy",
]
