"""Files that are small, and huge once they are decoded: bounded in memory and time, each by its own."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import features

from stash.demo import files

from .drawing import written

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 6) -> bytes:
    """A PNG that says it is that large; its rows are zeros, as far as they go."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress(bytes(8 * MIB), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + b"".join(chunks)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def packed(megabytes: int) -> bytes:
    """That much, as zlib packs it."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(megabytes)) + packer.flush()


def huge_png(side: int) -> bytes:
    """A whole PNG of one bit a pixel with that many pixels a side: small as a file, huge as a picture."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def riff(*chunks: bytes) -> bytes:
    """A WebP."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def canvas(width: int, height: int) -> bytes:
    """The chunks of an animated WebP of that size, with a frame that is small."""
    small = written("WEBP", size=(16, 16))[12:]
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    place = bytes(6) + (15).to_bytes(3, "little") * 2 + (100).to_bytes(3, "little") + b"\0" + small
    frame = b"ANMF" + struct.pack("<I", len(place)) + place
    return riff(
        b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sides,
        b"ANIM" + struct.pack("<I", 6) + bytes(6),
        frame * 50,
    )


def gif(width: int, height: int) -> bytes:
    """A GIF whose screen is small and whose frame is that large."""
    small = written("GIF", "L", (16, 16))
    at = small.index(b"\x2c\0\0\0\0\x10\0\x10\0")
    return small[: at + 5] + struct.pack("<HH", width, height) + small[at + 9 :]


def avif(width: int, height: int) -> bytes:
    """An AVIF that says it is that large."""
    content = written("AVIF", size=(16, 16)) if features.check("avif") else b""
    at = content.find(b"ispe") + 8
    return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]


def still(width: int, height: int, *, lossless: bool) -> bytes:
    """A WebP that is no animation and says it is that large."""
    content = written("WEBP", size=(16, 16), lossless=lossless)
    if lossless:
        return content[:21] + struct.pack("<I", (height - 1) << 14 | (width - 1)) + content[25:]
    return content[:26] + struct.pack("<HH", width, height) + content[30:]


def jpeg(width: int, height: int, *, progressive: bool, mode: str = "RGB") -> bytes:
    """A JPEG that says it is that large."""
    content = written("JPEG", mode, (16, 16), progressive=progressive)
    at = content.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    return content[: at + 5] + struct.pack(">HH", height, width) + content[at + 9 :]


def endless_jpeg() -> bytes:
    """A progressive JPEG whose scans begin again and again, so that it takes hours to decode."""
    content = written("JPEG", "RGB", (7000, 7000), progressive=True)
    first = content.index(b"\xff\xda")
    second = content.index(b"\xff\xda", first + 2)
    end = content.index(b"\xff\xda", second + 2)
    return content[:second] + content[second:end] * 3000 + content[end:]


def extended(content: bytes, segments: int) -> bytes:
    """A JPEG with that many segments of 64 KiB before its data."""
    return content[:2] + (b"\xff\xe1\xff\xff" + b"Exif\0\0II*\0" + b"\xff" * 65523) * segments + content[2:]


BOMBS = {
    "png, 46,340 a side": lambda: png(46340, 46340),
    "png, wide": lambda: png(2**31 - 1, 1),
    "png, just above": lambda: png(7072, 7072),
    "png of one bit, 40,000 a side": lambda: huge_png(40000),
    "png, zTXt of 512 MiB": lambda: png(9, 9, chunk(b"zTXt", b"a\0\0" + packed(512))),
    "png, many zTXt": lambda: png(9, 9, *[chunk(b"zTXt", b"a\0\0" + packed(1)) for _ in range(400)]),
    "png, iTXt of 512 MiB": lambda: png(9, 9, chunk(b"iTXt", b"a\0\1\0\0\0" + packed(512))),
    "png, iCCP of 512 MiB": lambda: png(9, 9, chunk(b"iCCP", b"a\0\0" + packed(512))),
    "png, 100 MB of text": lambda: png(9, 9, *[chunk(b"tEXt", b"a\0" + bytes(MIB)) for _ in range(100)]),
    "png, a row without end": lambda: png(50_000_000, 1, depth=16),
    "gif, 65,535 a side": lambda: gif(65535, 65535),
    "gif, 20,000 a side": lambda: gif(20000, 20000),
    "webp, 16,384 a side": lambda: canvas(16384, 16384),
    "webp, 2**24 a side": lambda: canvas(2**24, 2**24),
    "webp, 7,000 a side": lambda: canvas(7000, 7000),
    "webp of one frame, 16,383 a side": lambda: still(16383, 16383, lossless=False),
    "webp without loss, 16,384 a side": lambda: still(16384, 16384, lossless=True),
    "avif, 60,000 a side": lambda: avif(60000, 60000),
    "jpeg, 65,500 a side": lambda: jpeg(65500, 65500, progressive=False),
    "jpeg, progressive": lambda: jpeg(65500, 65500, progressive=True),
    "jpeg, progressive, 200 MP": lambda: jpeg(14000, 14000, progressive=True),
    "jpeg, progressive, 200 MP of four layers": lambda: jpeg(14000, 14000, progressive=True, mode="CMYK"),
    "jpeg, scans without end": endless_jpeg,
    "jpeg, 100 MB of Exif": lambda: extended(written("JPEG"), 1600),
}  # fmt: skip

_MEASURED = """
import json, resource, sys, time
from pathlib import Path
from stash.page import pictures as module

module.SECONDS = 3.0
folder, started = Path(sys.argv[1]), time.monotonic()
found = module.pictures((path.name, path) for path in sorted(folder.iterdir()))
took = time.monotonic() - started
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
own = int(status["VmHWM"].split()[0])  # ru_maxrss has what stood before this program was begun
decoding = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([sorted(found), took, own // 1024, decoding // 1024]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured where /proc tells it")
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_cost_no_memory_and_no_time(tmp_path: Path, bomb: str) -> None:
    """A file that is huge once it is decoded takes bounded memory and time, and its neighbours keep their pictures."""
    for name in ("a", "z"):
        (tmp_path / name).write_bytes(files.jpeg(name))
    (tmp_path / "bomb").write_bytes(BOMBS[bomb]())
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    names, took, own, decoding = json.loads(done.stdout)
    assert {"a", "z"} <= set(names)
    assert took < 3 + 15
    assert own < 300
    assert decoding < 1100


_UNBOUNDED = """
import resource, sys
from pathlib import Path
from stash.page import thumbnails

resource.setrlimit = lambda *_: None
thumbnails._bound()
thumbnails.thumbnail(Path(sys.argv[1]))
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmPeak"].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured where /proc tells it")
@pytest.mark.parametrize("bomb", [name for name in BOMBS if "a side" in name or "200 MP" in name])
def test_what_a_header_says_is_bounded_by_itself(tmp_path: Path, bomb: str) -> None:
    """Where the system bounds no memory, as on macOS and Windows, a picture that says it is huge takes none."""
    (tmp_path / "bomb").write_bytes(BOMBS[bomb]())
    command = [sys.executable, "-c", _UNBOUNDED, str(tmp_path / "bomb")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert done.stderr == ""
    assert int(done.stdout) < 1024
