"""Tiny real media, each made unique so that no two files have the same content."""

from __future__ import annotations

import base64
from itertools import count
from uuid import uuid4

from stash.demo import files

_WEBP = base64.b64decode("UklGRiQAAABXRUJQVlA4IBgAAABQAQCdASoIAAgAAgA0JaQABHQAAORAAAA=")
_numbers = count()


def unique() -> str:
    """A text that no other call returned, on this server or another."""
    return f"u{uuid4().hex[:10]}{next(_numbers)}"


def mp4() -> bytes:
    """A video of one second, 32x32 pixels."""
    return files.mp4(unique())


def jpeg() -> bytes:
    """A picture of 48x48 pixels."""
    return files.jpeg(unique())


def gif() -> bytes:
    """An animated picture of 16x16 pixels."""
    return files.gif(unique())


def png() -> bytes:
    """A picture of 8x8 pixels."""
    return files.png(unique())


def webp() -> bytes:
    """A picture of 8x8 pixels, unique by what follows its end."""
    return _WEBP + unique().encode()
