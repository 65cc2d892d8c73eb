"""Fingerprints of files, as Stash makes them: of whole pictures, and of both ends of videos."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 65_536
"""Bytes at each end of a video that count."""


class Fingerprint(NamedTuple):
    """What tells a file's content, in hexadecimal digits, and its size in bytes."""

    value: str
    size: int


def md5(path: Path) -> Fingerprint:
    """The fingerprint of a picture."""
    with path.open("rb") as file:
        value = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return Fingerprint(value, file.seek(0, os.SEEK_END))


def oshash(path: Path) -> Fingerprint:
    """The fingerprint of a video: its size and the sum of the 64-bit words at both ends."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        length = min(size, CHUNK) // 8 * 8
        total = size
        for start in (0, size - length):
            file.seek(start)
            total += sum(struct.unpack(f"<{length // 8}Q", file.read(length)))
    return Fingerprint(f"{total & 0xFFFF_FFFF_FFFF_FFFF:016x}", size)


def picture_mark(content: bytes) -> str:
    """What is remembered of a picture that was sent."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def picture_url(content: bytes, kind: str = "image/jpeg") -> str:
    """Return a picture as a data URL, as Stash takes it; Stash tells its kind by the content."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def mark_of_url(url: str | None) -> str:
    """Return the mark of a picture in a data URL, empty for none."""
    return picture_mark(base64.b64decode(url.partition(",")[2])) if url else ""
