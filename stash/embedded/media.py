"""Read the facts of a media file from its first bytes: enough for a row, no decoding."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .mp4 import read_mp4

if TYPE_CHECKING:
    from pathlib import Path

VIDEO_EXTENSIONS = (
    "m4v",
    "mp4",
    "mov",
    "wmv",
    "avi",
    "mpg",
    "mpeg",
    "rmvb",
    "rm",
    "flv",
    "asf",
    "mkv",
    "webm",
    "f4v",
)
IMAGE_EXTENSIONS = ("png", "jpg", "jpeg", "gif", "webp", "avif")
GALLERY_EXTENSIONS = ("zip", "cbz")

_BLOCK = 65536
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_GIF_HEADER = 13
_SHOWN = {"jpg": "mjpeg", "jpeg": "mjpeg"}  # as ffprobe calls it
_MAGICS = {
    b"\x1aE\xdf\xa3": "matroska",
    b"RIFF": "avi",
    b"FLV": "flv",
    b"\x30\x26\xb2\x75": "asf",
    b"\x00\x00\x01\xba": "mpeg",
    b".RMF": "rm",
}


@dataclass(frozen=True, slots=True)
class Media:
    """Facts of a file that Stash stores.

    Attributes:
        kind: "image", "video" or "gallery"; an animated picture is a video.
        duration: seconds.
        fingerprints: oshash of videos, md5 of all else, as type and value.
    """

    kind: str
    format: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    video_codec: str = ""
    audio_codec: str = ""
    frame_rate: float = 0.0
    bit_rate: int = 0
    fingerprints: tuple[tuple[str, str], ...] = ()


def kind_of(path: Path) -> str | None:
    """Return what a file's extension makes of it: "image", "video", "gallery", or None for none of them."""
    extension = path.suffix[1:].lower()
    for kind, extensions in (
        ("image", IMAGE_EXTENSIONS),
        ("video", VIDEO_EXTENSIONS),
        ("gallery", GALLERY_EXTENSIONS),
    ):
        if extension in extensions:
            return kind
    return None


def read_media(path: Path) -> Media | None:
    """Read a file. None for one that Stash leaves out: empty, or a video that nothing can be read of.

    Raises:
        OSError: the file cannot be read.
    """
    kind = kind_of(path)
    size = path.stat().st_size
    if kind is None or size == 0:
        return None
    if kind == "gallery":
        return Media("gallery", fingerprints=(("md5", _md5(path)),))
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if kind == "video":
        return _video(path, head, size)
    if path.suffix.lower() == ".gif":
        return _gif(path, head)
    shown, width, height = picture_size(head) or (path.suffix[1:].lower(), 0, 0)
    return Media("image", _SHOWN.get(shown, shown), width, height, fingerprints=(("md5", _md5(path)),))


def _gif(path: Path, head: bytes) -> Media | None:
    """Read a gif, animated or not: it is an image with a video for a file."""
    if len(head) < _GIF_HEADER or not head.startswith(b"GIF"):
        return None
    width, height = struct.unpack("<HH", head[6:10])
    return Media("video", "gif", width, height, video_codec="gif", fingerprints=(("md5", _md5(path)),))


def _video(path: Path, head: bytes, size: int) -> Media | None:
    prints = (("oshash", oshash(path)),)
    if movie := read_mp4(path):
        bits = int(size * 8 / movie.duration) if movie.duration else 0
        return Media("video", "mp4", bit_rate=bits, fingerprints=prints, **asdict(movie))
    for magic, shown in _MAGICS.items():
        if head.startswith(magic):
            return Media("video", shown, fingerprints=prints)
    return None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def oshash(path: Path) -> str:
    """Return the OpenSubtitles hash: the size and the sums of the first and the last 64 KiB, modulo 2**64."""
    size = path.stat().st_size
    chunk = min(size, _BLOCK) // 8 * 8
    with path.open("rb") as file:
        head = file.read(chunk)
        file.seek(size - chunk)
        tail = file.read(chunk)
    words = struct.unpack(f"<{chunk // 4}Q", head + tail)
    return f"{(size + sum(words)) % 2**64:016x}"


def picture_size(head: bytes) -> tuple[str, int, int] | None:
    """Return format, width and height of a JPEG, PNG or WebP picture. None where they cannot be read."""
    try:
        if head.startswith(b"\xff\xd8"):
            return _jpeg_size(head)
        if head.startswith(b"\x89PNG"):
            return "png", *struct.unpack(">II", head[16:24])
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp_size(head)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg_size(head: bytes) -> tuple[str, int, int] | None:
    at = 2
    while head[at] == 0xFF:  # noqa: PLR2004
        marker = head[at + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return "jpeg", width, height
        at += 2 + int(struct.unpack(">H", head[at + 2 : at + 4])[0])
    return None


def _webp_size(head: bytes) -> tuple[str, int, int]:
    if head[12:16] == b"VP8X":
        return "webp", 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return "webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", head[26:30])
    return "webp", width & 0x3FFF, height & 0x3FFF
