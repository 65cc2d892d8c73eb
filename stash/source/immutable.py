"""Read a SQLite database in WAL mode whose folder is read-only: as an immutable file, or from a copy."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stash.source.errors import DatabaseBusyError, DatabaseUnusableError

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.engines import Address

_MAGIC = b"SQLite format 3\x00"
_WAL = 2
"""The read version in the header of a database whose changes go to a `-wal` file."""


@dataclass
class ImmutableRead:
    """A database at `address` that SQLite reads as an immutable file, or a copy of one."""

    address: Address
    path: Path
    last_change: tuple[int, int]
    copy: TemporaryDirectory[str] | None = None

    def check(self) -> None:
        """Raise DatabaseBusyError if another program has changed the file since."""
        if self.copy is None and _has_changed(self.path, self.last_change):
            raise DatabaseBusyError(
                f"The database {self.path} was changed while it was read, and nothing may be written beside it to "
                "prevent that; run again."
            )

    def close(self) -> None:
        """Remove the copy."""
        if self.copy is not None:
            self.copy.cleanup()


def immutable_read(address: Address) -> ImmutableRead | None:
    """Prepare to read a database that SQLite cannot open without files beside it. None if that is not the reason.

    Changes in a `-wal` file are part of the database. Then both files are copied, and read together.

    Raises:
        DatabaseUnusableError: the copy cannot be made.
    """
    path = address.path
    if path is None or not _is_wal(path):
        return None
    wal = path.with_name(f"{path.name}-wal")
    last_change = _last_change(path)
    if not (wal.is_file() and wal.stat().st_size):
        url = address.url.update_query_dict({"immutable": "1"})
        return ImmutableRead(replace(address, url=url), path, last_change)
    folder = TemporaryDirectory(prefix="stash-sync-")
    try:
        copies = [shutil.copy(one, folder.name) for one in (path, wal)]
    except OSError as error:
        folder.cleanup()
        raise DatabaseUnusableError(
            f"The database {path} has changes in {wal.name}, and cannot be copied to be read ({error}); allow "
            "writing to its folder, or free some space."
        ) from error
    return ImmutableRead(replace(address, url=address.parse(copies[0]).url), path, last_change, folder)


def _is_wal(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError:
        return False
    return len(header) == 20 and header.startswith(_MAGIC) and header[19] == _WAL  # noqa: PLR2004 - as much as was asked for


def _has_changed(path: Path, last_change: tuple[int, int]) -> bool:
    try:
        return _last_change(path) != last_change
    except OSError:
        return True


def _last_change(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
