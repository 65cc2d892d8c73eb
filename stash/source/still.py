"""SQLite databases in WAL mode where nothing may be written beside them: read as they lie there, or from a copy."""

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
"""The format of reading in a file's header, where its changes go to a file beside it."""


@dataclass
class Still:
    """A database that is taken to stand still while it is read. `address` is where."""

    address: Address
    path: Path
    stamp: tuple[int, int]
    copy: TemporaryDirectory[str] | None = None

    def check(self) -> None:
        """Raise DatabaseBusyError where another program has changed it since."""
        if self.copy is None and _has_changed(self.path, self.stamp):
            raise DatabaseBusyError(
                f"The database {self.path} was changed while it was read, and nothing may be written beside it to "
                "prevent that; run again."
            )

    def close(self) -> None:
        """Remove the copy."""
        if self.copy is not None:
            self.copy.cleanup()


def still(address: Address) -> Still | None:
    """Tell how to read a database that SQLite cannot open without files beside it. None where that is not the reason.

    Changes that lie in such a file already are part of it: then both are copied, and read together.

    Raises:
        DatabaseUnusableError: the copy cannot be made.
    """
    path = address.path
    if path is None or not _is_wal(path):
        return None
    beside = path.with_name(f"{path.name}-wal")
    stamp = _stamp(path)
    if not (beside.is_file() and beside.stat().st_size):
        url = address.url.update_query_dict({"immutable": "1"})
        return Still(replace(address, url=url), path, stamp)
    folder = TemporaryDirectory(prefix="stash-sync-")
    try:
        copies = [shutil.copy(one, folder.name) for one in (path, beside)]
    except OSError as error:
        folder.cleanup()
        raise DatabaseUnusableError(
            f"The database {path} has changes in {beside.name}, and cannot be copied to be read ({error}); allow "
            "writing to its folder, or free some space."
        ) from error
    return Still(replace(address, url=address.parse(copies[0]).url), path, stamp, folder)


def _is_wal(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError:
        return False
    return len(header) == 20 and header.startswith(_MAGIC) and header[19] == _WAL  # noqa: PLR2004 - as much as was asked for


def _has_changed(path: Path, stamp: tuple[int, int]) -> bool:
    try:
        return _stamp(path) != stamp
    except OSError:
        return True


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
