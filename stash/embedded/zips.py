"""Zip files: a gallery of the pictures within."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .media import Media, kind_of, picture_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pictures_in(path: Path) -> Iterator[tuple[Path, int, float, Media]]:
    """Read the pictures of a zip file: their paths as if it were a folder, sizes, times and what they are."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                inner = path / entry.filename
                if entry.is_dir() or kind_of(inner) != "image":
                    continue
                content = archive.read(entry)
                shown, width, height = picture_size(content) or (inner.suffix[1:].lower(), 0, 0)
                md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
                changed = datetime(*entry.date_time, tzinfo=UTC).timestamp()
                media = Media("image", shown, width, height, fingerprints=(("md5", md5),))
                yield inner, entry.file_size, changed, media
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return
