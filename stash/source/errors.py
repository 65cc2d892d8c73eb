"""Errors of a metadata database or a payload.

MetadataError               one sentence: what was wrong, where, and the next step
├── UnknownDatabaseError    the file is no database, or of an unknown version
│   └── MissingDatabaseError    there is no such file: name another
├── DatabaseUnusableError   full, read-only, damaged, or its server refuses us
│   ├── DatabaseBusyError       locked by another program, or its server does not answer: try again
│   └── ReadOnlyDatabaseError   it may be read, and not written
├── ForeignDatabaseError    stash-sync did not make it, so it is not ingested into
├── UnknownCreatorError     no account of that name or id
└── PayloadError            a file holds no valid API payload; it is left out
"""

from __future__ import annotations


class MetadataError(Exception):
    """An error whose text is one sentence for the user."""


class UnknownDatabaseError(MetadataError):
    """The file is no database, or its schema is of an unknown version."""


class MissingDatabaseError(UnknownDatabaseError):
    """There is no such file."""


class DatabaseUnusableError(MetadataError):
    """The database is full, read-only or damaged, or its server refuses us."""


class DatabaseBusyError(DatabaseUnusableError):
    """The database is locked by another program, or its server does not answer. Trying again may help."""


class ReadOnlyDatabaseError(DatabaseUnusableError):
    """The database may be read, and not written."""


class ForeignDatabaseError(MetadataError):
    """The database was not made by stash-sync. Ingesting into it is refused."""


class UnknownCreatorError(MetadataError):
    """No account in the database has that username or id."""


class PayloadError(MetadataError):
    """A file holds no valid API payload."""
