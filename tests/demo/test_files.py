"""The demo's media files."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.demo import files
from stash.embedded.media import read_media
from stash.files.paths import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAKERS: dict[str, Callable[[str], bytes]] = {
    "jpeg": files.jpeg,
    "png": files.png,
    "gif": files.gif,
    "mp4": files.mp4,
}
SIZES = {"jpeg": (48, 48), "png": (8, 8), "gif": (16, 16), "mp4": (32, 32)}
CODECS = {"jpeg": "mjpeg", "png": "png", "gif": "gif", "mp4": "h264"}
SUFFIXES = list(MAKERS)

names = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=200)
"""Texts as the world makes them: ids and plain words."""


@pytest.fixture(params=SUFFIXES)
def suffix(request: pytest.FixtureRequest) -> str:
    """One kind of file."""
    return request.param


def _probe(path: Path, *options: str) -> dict[str, str]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    done = subprocess.run(
        [*command, *options, "-show_streams", str(path)], capture_output=True, text=True, check=True
    )
    assert not done.stderr
    return json.loads(done.stdout)["streams"][0]


@pytest.mark.parametrize("make", MAKERS.values(), ids=SUFFIXES)
@given(one=names, other=names)
def test_each_text_makes_a_content_of_its_own(make, one, other):
    """Two files have the same content exactly if they were made of the same text."""
    assert (make(one) == make(other)) is (one == other)


@pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="ffprobe, which a Stash reads media with, is not here"
)
def test_ffprobe_reads_each_kind(tmp_path, suffix):
    """ffprobe, which Stash reads media with, finds the expected codec and size, and complains of nothing."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(MAKERS[suffix]("one of many"))
    stream = _probe(path)
    assert (stream["width"], stream["height"]) == SIZES[suffix]
    assert stream["codec_name"] == CODECS[suffix]


@pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="ffprobe, which a Stash reads media with, is not here"
)
@pytest.mark.parametrize(("suffix", "frames"), [("gif", 2), ("mp4", 4)])
def test_moving_pictures_move(tmp_path, suffix, frames):
    """The animation and the video hold more than one frame, so Stash takes neither for a still."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(MAKERS[suffix]("moving"))
    assert int(_probe(path, "-count_frames")["nb_read_frames"]) >= frames


def test_the_embedded_stash_reads_each_kind(tmp_path, suffix):
    """The embedded Stash reads the same size of each kind as ffprobe does."""
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(MAKERS[suffix]("one of many"))
    read = read_media(path)
    assert (read.width, read.height) == SIZES[suffix]


def test_stash_takes_each_kind(tmp_path, suffix):
    """Every kind that the demo makes is one that Stash takes."""
    assert kind_of(str(tmp_path / f"a.{suffix}"))


def test_the_same_text_makes_the_same_file_for_ever(suffix):
    """A file depends on its text alone: no clock, no chance, no order of calls."""
    first = hashlib.md5(MAKERS[suffix]("x")).digest()
    MAKERS[suffix]("y")
    assert hashlib.md5(MAKERS[suffix]("x")).digest() == first


def test_a_jpeg_carries_its_text_as_the_first_comment():
    """The text stands in a comment segment right behind the start of the picture."""
    content = files.jpeg("hello")
    assert content[:4] == b"\xff\xd8\xff\xfe"
    assert content[4:6] == (7).to_bytes(2)
    assert content[6:11] == b"hello"


def test_a_png_chunk_has_its_length_and_checksum():
    """The text chunk before the end states its length and a checksum that holds."""
    content = files.png("hello")
    start = content.index(b"tEXt")
    length = int.from_bytes(content[start - 4 : start])
    body = content[start : start + 4 + length]
    assert body == b"tEXtComment\0hello"
    assert int.from_bytes(content[start + 4 + length : start + 8 + length]) == zlib.crc32(body)
    assert content[start + 8 + length :][4:8] == b"IEND"


def test_a_gif_ends_after_its_comment():
    """The comment stands behind the last frame, and the trailer byte stays the last one."""
    assert files.gif("hello").endswith(b"\x21\xfe\x05hello\0\x3b")


def test_an_mp4_ends_with_a_free_box():
    """The text stands in a free box at the very end, of a length that players can skip."""
    assert files.mp4("hello").endswith((13).to_bytes(4) + b"freehello")
