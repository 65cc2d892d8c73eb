"""Errors of stash-sync, named by the next step.

SyncError                   one sentence for the user, an exit code for scripts
├── UsageError              2   a flag, a setting, a name or a path is wrong: change it
├── RetriableError          5   Stash, its job or a lock did not answer in time: run again
│   └── UnansweredWriteError    a write went out and no reply came: look for its effect first
├── StateError              6   the metadata database or the disk: mend it
├── RefusedError            7   the world looks wrong: read the reason, then override it
├── UnsuitableStashError   10   not a Stash, or too old: upgrade
│   └── RefusedOnTheWayError    a server in front of Stash refuses every request: let stash-sync pass
│       └── RequestRefusedError     it refuses one request, for its size or its content
├── LockedError            11   another process is at work: wait for it
│   └── AlreadyRunningError     another run, on the same database
├── AccessRefusedError     12   the API key is missing or wrong: set it
├── CertificateError       13   TLS could not be verified: name the authority
└── ItemError               3   one item failed, the others go on
    ├── RejectedError           Stash refused this entity
    └── LookupRefusedError      Stash cannot answer this lookup: change the filter
"""

from __future__ import annotations


class SyncError(Exception):
    """An error whose text is one sentence for the user: what was wrong, where, and the next step."""

    exit_code = 1


class UsageError(SyncError):
    """A flag, a setting, a name or a path is wrong."""

    exit_code = 2


class RetriableError(SyncError):
    """Stash, one of its jobs, or a lock did not answer in time."""

    exit_code = 5


class UnansweredWriteError(RetriableError):
    """A mutation was sent and its reply was lost. Its effect is unknown."""


class DamagedReplyError(RetriableError):
    """A reply of Stash has another form than its schema says. The whole reply is discarded."""


class StateError(SyncError):
    """The metadata database or the disk cannot be used."""

    exit_code = 6


class RefusedError(SyncError):
    """The source or Stash looks wrong, so the run stopped before its first write."""

    exit_code = 7


class UnsuitableStashError(SyncError):
    """The server is no Stash, or a Stash that is too old or not set up."""

    exit_code = 10


class RefusedOnTheWayError(UnsuitableStashError):
    """A server in front of Stash, such as a proxy, refuses every request."""


class RequestRefusedError(RefusedOnTheWayError):
    """A server in front of Stash refuses one request. Others may pass."""

    def __init__(self, sentence: str, *, is_too_large: bool) -> None:
        super().__init__(sentence)
        self.is_too_large = is_too_large


class LockedError(SyncError):
    """Another run holds the lock."""

    exit_code = 11


class AlreadyRunningError(LockedError):
    """Another run is at work on the same metadata database, or the same state."""


class AccessRefusedError(SyncError):
    """Stash refused the API key."""

    exit_code = 12


class CertificateError(SyncError):
    """The TLS certificate of Stash could not be verified."""

    exit_code = 13


class ItemError(SyncError):
    """One item failed. The other items go on."""

    exit_code = 3


class RejectedError(ItemError):
    """Stash refused one entity."""


class LookupRefusedError(ItemError):
    """A lookup is unknown, has a value of the wrong type, or has a filter that Stash cannot express."""
