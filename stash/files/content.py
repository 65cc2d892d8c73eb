"""Compute fingerprints of files as Stash does: of a whole picture, and of both ends of a video."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stash.files.paths import kind_of
from stash.source.disk import opened, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CHUNK = 65_536
"""Bytes at each end of a video that are hashed."""


class Fingerprint(NamedTuple):
    """The hash of a file in hexadecimal digits, and its size in bytes."""

    value: str
    size: int


def md5(path: Path) -> Fingerprint:
    """Return the fingerprint of a picture.

    Raises:
        OSError: the path is no regular file, or cannot be read.
    """
    with opened(path) as file:
        value = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return Fingerprint(value, file.seek(0, os.SEEK_END))


def oshash(path: Path) -> Fingerprint:
    """Return the fingerprint of a video: its size and the sum of the 64-bit words at both ends.

    Raises:
        OSError: the path is no regular file, cannot be read, or the file became shorter meanwhile.
    """
    with opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        length = min(size, CHUNK) // 8 * 8
        total = size
        for start in (0, size - length):
            file.seek(start)
            content = file.read(length)
            if len(content) < length:
                raise OSError(errno.EIO, "it became shorter while it was read")
            total += sum(struct.unpack(f"<{length // 8}Q", content))
    return Fingerprint(f"{total & 0xFFFF_FFFF_FFFF_FFFF:016x}", size)


def read_all(
    paths: Iterable[str], fingerprint: Callable[[Path], Fingerprint]
) -> tuple[dict[str, Fingerprint], dict[str, str]]:
    """Return the fingerprints of files, and the reasons for files that cannot be read."""
    marks: dict[str, Fingerprint] = {}
    unread: dict[str, str] = {}
    for path in paths:
        try:
            marks[path] = fingerprint(Path(path))
        except OSError as error:
            unread[path] = f"it cannot be read ({reason_of(error)}); mend that, then sync again"
    return marks, unread


def picture_digest(content: bytes) -> str:
    """Return the digest that is recorded of a picture that was sent."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def picture_url(content: bytes, kind: str = "image/jpeg") -> str:
    """Return a picture as a data URL, as Stash takes it. Stash detects the real type by the content."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def digest_of_url(url: str | None) -> str:
    """Return the digest of a picture in a data URL, or an empty text for None."""
    return picture_digest(base64.b64decode(url.partition(",")[2])) if url else ""


def is_copy(path: Path, other: Path) -> bool:
    """Tell whether two files on the host have the same fingerprint.

    Raises:
        OSError: a file cannot be read.
    """
    mark = oshash if kind_of(path.name) == "scene" else md5
    return path.stat().st_size == other.stat().st_size and mark(path) == mark(other)


def has_size(path: str, size: int) -> bool:
    """Tell whether a file can be looked at and has a size in bytes."""
    try:
        return Path(path).stat().st_size == size
    except OSError:
        return False
