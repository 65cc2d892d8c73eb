"""What is read of media files."""

from __future__ import annotations

import struct

import pytest

from stash.embedded.media import kind_of, picture_size, read_media
from stash.embedded.mp4 import read_mp4
from tests.contract.media import gif, jpeg, mp4, png, webp


def _box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _movie(*, version, handler=b"vide"):
    wide = version == 1
    stamps = bytes(16 if wide else 8)
    mvhd = _box(b"mvhd", bytes([version, 0, 0, 0]), stamps, struct.pack(">IQ" if wide else ">II", 1000, 2500))
    mdhd = _box(b"mdhd", bytes([version, 0, 0, 0]), stamps, struct.pack(">IQ" if wide else ">II", 600, 1500))
    hdlr = _box(b"hdlr", bytes(8), handler, bytes(12))
    stsd = _box(b"stsd", bytes(8), _box(b"hvc1", bytes(16)))
    stts = _box(b"stts", bytes(4), struct.pack(">III", 1, 50, 30))
    stbl = _box(b"stbl", stsd, stts)
    tkhd = _box(b"tkhd", bytes(76), struct.pack(">II", 640 << 16, 480 << 16))
    trak = _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, _box(b"minf", stbl)))
    return _box(b"ftyp", b"isom") + _box(b"moov", mvhd, trak)


@pytest.mark.parametrize("version", [0, 1])
def test_mp4_header(tmp_path, version):
    """Both forms of a movie's header are read: length, size, codec and frames a second."""
    (tmp_path / "a.mp4").write_bytes(_movie(version=version))
    movie = read_mp4(tmp_path / "a.mp4")
    assert (movie.duration, movie.width, movie.height, movie.video_codec) == (2.5, 640, 480, "hevc")
    assert movie.frame_rate == 20.0


def test_mp4_with_a_long_box_before_the_header(tmp_path):
    """A box with a 64 bit size is passed over."""
    long = struct.pack(">I4sQ", 1, b"mdat", 20) + b"data"
    (tmp_path / "a.mp4").write_bytes(long + _movie(version=0))
    assert read_mp4(tmp_path / "a.mp4").width == 640


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no movie",
        _movie(version=0, handler=b"soun"),
        struct.pack(">I4s", 4, b"free"),
        _box(b"moov", _box(b"mvhd", b"\0")),
        _box(b"moov", struct.pack(">I4s", 4, b"trak")),
    ],
)
def test_no_movie(tmp_path, content):
    """What has no header, no track with pictures, or nonsense for sizes is no movie."""
    (tmp_path / "a.mp4").write_bytes(content)
    assert read_mp4(tmp_path / "a.mp4") is None


def test_sizes_of_pictures():
    """Sizes are read of the forms that pictures come in; a broken one has none."""
    assert picture_size(jpeg())[1:] == (48, 48)
    assert picture_size(png()) == ("png", 8, 8)
    assert picture_size(webp()) == ("webp", 8, 8)
    assert picture_size(b"RIFF____WEBPVP8X" + bytes(8) + b"\x0f\0\0\x07\0\0") == ("webp", 16, 8)
    assert picture_size(b"RIFF____WEBPVP8L" + bytes(5) + (15 | 7 << 14).to_bytes(4, "little")) == (
        "webp",
        16,
        8,
    )
    assert picture_size(b"\xff\xd8\xff\xe0\x00") is None
    assert picture_size(b"\xff\xd8nothing") is None
    assert picture_size(b"\x89PNG") is None
    assert picture_size(b"text") is None


def test_kinds(tmp_path):
    """The extension, in any case, makes a file a picture, a video, a gallery, or nothing."""
    assert [kind_of(tmp_path / name) for name in ("a.JPG", "a.mkv", "a.zip", "a.txt", "jpg")] == [
        "image",
        "video",
        "gallery",
        None,
        None,
    ]


def test_other_containers(tmp_path):
    """Videos of other containers are known by their first bytes."""
    (tmp_path / "a.mkv").write_bytes(b"\x1aE\xdf\xa3" + bytes(100))
    (tmp_path / "a.webm").write_bytes(b"nothing known")
    assert read_media(tmp_path / "a.mkv").format == "matroska"
    assert read_media(tmp_path / "a.webm") is None


def test_fingerprints(tmp_path):
    """Videos have an oshash, all else an md5; a gif is a video with an md5."""
    for name, content, kind, prints in (
        ("a.mp4", mp4(), "video", ["oshash"]),
        ("a.jpg", jpeg(), "image", ["md5"]),
        ("a.gif", gif(), "video", ["md5"]),
        ("a.zip", b"PK", "gallery", ["md5"]),
    ):
        (tmp_path / name).write_bytes(content)
        media = read_media(tmp_path / name)
        assert (media.kind, [print_ for print_, _ in media.fingerprints]) == (kind, prints)
    (tmp_path / "a.txt").write_bytes(b"text")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "a.gif").write_bytes(b"GIF")
    assert [read_media(tmp_path / name) for name in ("a.txt", "empty.jpg", "a.gif")] == [None, None, None]
