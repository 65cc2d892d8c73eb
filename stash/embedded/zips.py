"""Zip files: a gallery of the pictures within."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from datetime import UTC, datetime
from lzma import LZMAError
from typing import TYPE_CHECKING

from .media import Media, kind_of, picture_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 65536
_LARGEST = 512 * 1024 * 1024
"""Most bytes that are unpacked of one zip file. Pictures after that are left out."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""Errors of a zip file that cannot be read. `RuntimeError` means that it needs a password."""


def pictures_in(path: Path) -> Iterator[tuple[Path, int, float, Media]]:
    """Read the pictures of a zip file: their paths as if it were a folder, sizes, times and what they are.

    A picture that cannot be read is left out, as is one whose name leads out of the zip file.
    """
    left = _LARGEST
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN:
        return
    with archive:
        for entry in archive.infolist():
            inner = path / entry.filename
            is_within = inner.is_relative_to(path) and ".." not in inner.parts
            if entry.is_dir() or kind_of(inner) != "image" or not is_within or entry.file_size > left:
                continue
            left -= entry.file_size
            try:
                media = _picture(archive, entry, inner)
                changed = datetime(*entry.date_time, tzinfo=UTC).timestamp()
            except _BROKEN:
                continue
            yield inner, entry.file_size, changed, media


def _picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, inner: Path) -> Media:
    """Read one picture, a block at a time, whatever its size."""
    with archive.open(entry) as file:
        head = file.read(_BLOCK)
        md5 = hashlib.md5(head, usedforsecurity=False)
        while block := file.read(_BLOCK):
            md5.update(block)
    shown, width, height = picture_size(head) or (inner.suffix[1:].lower(), 0, 0)
    return Media("image", shown, width, height, fingerprints=(("md5", md5.hexdigest()),))
