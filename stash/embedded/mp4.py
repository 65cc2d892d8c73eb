"""Reads what is needed of an MP4 or QuickTime file from its boxes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONTAINERS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_CODECS = {
    "avc1": "h264",
    "avc3": "h264",
    "hev1": "hevc",
    "hvc1": "hevc",
    "mp4v": "mpeg4",
    "vp09": "vp9",
    "av01": "av1",
    "mp4a": "aac",
    "ac-3": "ac3",
}
_LARGEST_MOOV = 64 * 1024 * 1024
_MOST_BOXES = 10_000
"""Most boxes before the header. No camera writes more."""
_LARGEST_BOX = 2**62
_DEEPEST = 5
"""Deepest nesting of boxes. Those that are read lie four deep."""


@dataclass(slots=True)
class Movie:
    """Facts of a movie's header. The duration is in seconds."""

    duration: float = 0.0
    width: int = 0
    height: int = 0
    video_codec: str = ""
    audio_codec: str = ""
    frame_rate: float = 0.0


@dataclass(slots=True)
class _Track:
    handler: bytes = b""
    codec: str = ""
    width: int = 0
    height: int = 0
    timescale: int = 0
    samples: int = 0
    ticks: int = 0


def read_mp4(path: Path) -> Movie | None:
    """Read a movie's header. None where there is none, or no track with pictures.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        moov = _find_moov(file)
    if moov is None:
        return None
    movie, tracks = Movie(), []
    try:
        for kind, body in _boxes(moov):
            if kind == b"mvhd":
                movie.duration = _duration(body)
            elif kind == b"trak":
                tracks.append(_track(body))
    except (struct.error, IndexError):
        return None
    pictures = [track for track in tracks if track.handler == b"vide"]
    if not pictures:
        return None
    video = pictures[0]
    movie.width, movie.height, movie.video_codec = video.width, video.height, video.codec
    if video.ticks:
        movie.frame_rate = round(video.samples * video.timescale / video.ticks, 2)
    movie.audio_codec = next((track.codec for track in tracks if track.handler == b"soun"), "")
    return movie


def _find_moov(file: BinaryIO) -> bytes | None:
    for _ in range(_MOST_BOXES):
        if len(header := file.read(8)) < 8:  # noqa: PLR2004
            return None
        size, kind = struct.unpack(">I4s", header)
        start = 8
        if size == 1:
            size, start = int.from_bytes(file.read(8)), 16
        if kind == b"moov" and size <= _LARGEST_MOOV:
            return file.read(size - start if size else _LARGEST_MOOV)
        if not start <= size < _LARGEST_BOX:
            return None
        file.seek(size - start, 1)
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:  # noqa: PLR2004
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _duration(body: bytes) -> float:
    if body[0] == 1:
        timescale, ticks = struct.unpack(">IQ", body[20:32])
    else:
        timescale, ticks = struct.unpack(">II", body[12:20])
    return round(ticks / timescale, 2) if timescale else 0.0


def _track(data: bytes) -> _Track:
    track = _Track()
    _read_track(data, track)
    return track


def _read_track(data: bytes, track: _Track, depth: int = 0) -> None:
    for kind, body in _boxes(data):
        if kind in _CONTAINERS:
            if depth < _DEEPEST:
                _read_track(body, track, depth + 1)
        elif kind == b"tkhd":
            track.width, track.height = (side >> 16 for side in struct.unpack(">II", body[-8:]))
        elif kind == b"hdlr" and not track.handler:
            track.handler = body[8:12]
        elif kind == b"mdhd":
            track.timescale = int.from_bytes(body[20:24] if body[0] == 1 else body[12:16])
        elif kind == b"stsd":
            name = body[12:16].decode("latin-1")
            track.codec = _CODECS.get(name, name)
        elif kind == b"stts":
            for index in range(int.from_bytes(body[4:8])):
                count, delta = struct.unpack(">II", body[8 + 8 * index : 16 + 8 * index])
                track.samples += count
                track.ticks += count * delta
