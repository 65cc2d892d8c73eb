"""Small pictures of files, as data URIs."""

from __future__ import annotations

import base64
import io
import struct
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST = 200
"""Pictures of a page."""

SIDE = 240
"""Their longest side, in pixels."""

_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


def pictures(files: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """A picture each of the first files that can be read as one, by their key."""
    found: dict[str, str] = {}
    for key, path in files:
        if len(found) == MOST:
            break
        picture = _picture(path)
        if picture is not None:
            found[key] = picture
    return found


def _picture(path: Path) -> str | None:
    """One file as a small JPEG; None where it is no picture, or a broken one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large or sloppy files, which are not ours to judge
            with Image.open(path) as image:
                image.draft("RGB", (2 * SIDE, 2 * SIDE))
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((SIDE, SIDE))
                written = io.BytesIO()
                upright.convert("RGB").save(written, "JPEG", quality=60, optimize=True)
    except _BROKEN:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
