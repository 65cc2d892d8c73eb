"""A program that makes small pictures of untrusted files, within limits. `pictures.py` starts it.

It is a process of its own, so that a decoder that hangs, crashes or exhausts memory harms nothing else. Each line on
stdin is a path in hexadecimal. Each line on stdout is a JPEG in base64, empty for a file without a picture.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import stat
import struct
import sys
import warnings
from pathlib import Path

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

SIDE = 240
"""The longest side of a small picture, in pixels."""

FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
        AvifImagePlugin.AvifImageFile,
    )
)
"""Formats that Stash takes for an image, whatever the file name. Pillow decodes each of them itself."""

LARGEST_FILE = 128 * 1024 * 1024
"""Bytes of a file."""

LARGEST_PICTURE = 200_000_000
"""Pixels, as the file says. Only a JPEG may be that large, because decoding scales it down."""

LARGEST_DECODED = 50_000_000
"""Pixels in memory."""

LARGEST_HELD = 512 * 1024 * 1024
"""Bytes of a progressive JPEG, which stays in memory until its last scan with two bytes a pixel and layer."""

MEMORY = 1024 * 1024 * 1024
"""Bytes of memory of this program, where the system has such a limit. Linux has, macOS and Windows have not."""

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def thumbnail(path: Path) -> bytes:
    """Return a small JPEG of a file. Empty for a file that is no picture, broken or too large."""
    try:
        file = path.stat()
        if not stat.S_ISREG(file.st_mode) or file.st_size > LARGEST_FILE:
            return b""
        if _webp_pixels(path) > LARGEST_DECODED:
            return b""
        with Image.open(path, formats=FORMATS) as image:
            if image.info.get("progressive") and _held(image) > LARGEST_HELD:
                return b""
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            if image.width * image.height > LARGEST_DECODED:
                return b""
            image.thumbnail((SIDE, SIDE))
            upright = ImageOps.exif_transpose(image)
            written = io.BytesIO()
            upright.convert("RGB").save(written, "JPEG", quality=60, optimize=True)
    except _BROKEN:
        return b""
    return written.getvalue()


def _webp_pixels(path: Path) -> int:
    """Return the pixels in the header of a WebP, 0 for any other file. Its decoder allocates them at once."""
    with path.open("rb") as file:
        head = file.read(30).ljust(30, b"\0")
    if (head[:4], head[8:12]) != (b"RIFF", b"WEBP"):
        return 0
    if head[12:16] == b"VP8X":
        return (1 + int.from_bytes(head[24:27], "little")) * (1 + int.from_bytes(head[27:30], "little"))
    if head[12:16] == b"VP8L":
        sides = int.from_bytes(head[21:25], "little")
        return (1 + (sides & 0x3FFF)) * (1 + (sides >> 14 & 0x3FFF))
    return (int.from_bytes(head[26:28], "little") & 0x3FFF) * (int.from_bytes(head[28:30], "little") & 0x3FFF)


def _held(image: Image.Image) -> int:
    """Return the bytes that a progressive JPEG takes until its last scan is read."""
    return image.width * image.height * len(image.getbands()) * 2


def _bound() -> None:
    """Set the limits of Pillow and of the operating system."""
    Image.MAX_IMAGE_PIXELS = LARGEST_PICTURE
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # a system that does not know this limit
            resource.setrlimit(limit, (least, least))


def main() -> None:
    """Answer each line of stdin. Discard everything else that a decoder prints."""
    _bound()
    with os.fdopen(os.dup(1), "wb") as answers, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        for line in sys.stdin.buffer:
            path = Path(os.fsdecode(bytes.fromhex(line.decode("ascii"))))
            answers.write(base64.b64encode(thumbnail(path)) + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
