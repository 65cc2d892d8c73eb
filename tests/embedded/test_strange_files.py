"""Files of strangers in the library: a scan ends well, and each costs no more than itself."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile

import pytest

from stash.embedded import zips
from stash.embedded.media import read_media
from tests.contract.media import jpeg, mp4

from .conftest import ask, client


def box(kind, body=b"", size=None):
    """One box of a movie."""
    return struct.pack(">I4s", 8 + len(body) if size is None else size, kind) + body


def nested(depth):
    """A box in a box in a box."""
    body = b""
    for _ in range(depth):
        body = box(b"trak", body)
    return body


MOVIES = {
    "nested": lambda: box(b"ftyp", b"isom") + box(b"moov", nested(20_000)),
    "boxes without end": lambda: box(b"free") * 500_000 + box(b"moov"),
    "a box larger than a disk": lambda: struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1) + mp4(),
    "a box that goes back": lambda: struct.pack(">I4sQ", 1, b"mdat", 3) + mp4(),
    "a header up to the end": lambda: box(b"ftyp", b"isom") + box(b"moov", bytes(100_000_000), 0),
    "a table without end": lambda: box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stts", bytes(4) + b"\xff\xff\xff\xff")))))),
    "no time scale": lambda: box(b"moov", box(b"mvhd", bytes(100))),
}  # fmt: skip


def zipped(*entries, password=False):
    """A zip file of pictures, names and contents; with a password if that is asked for."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    content = file.getvalue()
    if password:  # bit 0 of the flags, in both headers of each entry
        for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            content = _flagged(content, mark, at)
    return content


def _flagged(content, mark, at):
    changed, start = bytearray(content), content.find(mark)
    while start >= 0:
        changed[start + at] |= 1
        start = content.find(mark, start + 4)
    return bytes(changed)


async def scanned(stash):
    """The base names of all files after a scan that ended well."""
    await ask(stash, "mutation { metadataScan(input: {}) }")
    await stash.jobs.idle()
    found = await ask(
        stash,
        "{ findJob(input: {id: 1}) { status error } findFiles(filter: {per_page: -1}) { files { basename } } }",
    )
    assert found["data"]["findJob"] == {"status": "FINISHED", "error": None}
    return [file["basename"] for file in found["data"]["findFiles"]["files"]]


@pytest.mark.parametrize("movie", MOVIES)
async def test_movies(stash, library, movie):
    """A movie whose boxes make no sense ends no scan, and is read within bounds."""
    (library / "a.mp4").write_bytes(MOVIES[movie]())
    (library / "b.mp4").write_bytes(mp4())
    assert "b.mp4" in await scanned(stash)


@pytest.mark.parametrize(
    "content",
    [
        zipped(("1.jpg", jpeg()), password=True),
        zipped(("1.jpg", jpeg()))[:-30],
        zipped(("1.jpg", jpeg())).replace(b"PK\5\6", b"PK\5\7"),
        b"PK\3\4" + bytes(50),
    ],
)
async def test_broken_zip_files(stash, library, content):
    """A zip file that needs a password, or is cut or broken, ends no scan."""
    (library / "a.zip").write_bytes(content)
    (library / "b.jpg").write_bytes(jpeg())
    assert "b.jpg" in await scanned(stash)


async def test_a_broken_picture_in_a_zip_file(stash, library):
    """A picture whose bytes are damaged costs itself; those beside it are found."""
    content = zipped(("1.jpg", jpeg()), ("2.jpg", jpeg() * 20), ("3.jpg", jpeg()))
    at = content.index(b"2.jpg") + 40
    (library / "a.zip").write_bytes(content[:at] + bytes(20) + content[at + 20 :])
    names = await scanned(stash)
    assert {"1.jpg", "3.jpg"} <= set(names)
    assert "2.jpg" not in names


@pytest.mark.parametrize("name", ["/SECRET/a.jpg", "../a.jpg", "x/../../a.jpg", "//SECRET/a.jpg"])
async def test_names_that_lead_out_of_a_zip_file(stash, library, tmp_path, name):
    """A picture whose name leads elsewhere is left out, so that no file of elsewhere is served in its place."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.jpg").write_bytes(b"a secret")
    (library / "z.zip").write_bytes(
        zipped((name.replace("/SECRET", str(secret)), jpeg()), ("ok.jpg", jpeg()))
    )
    assert sorted(await scanned(stash)) == ["ok.jpg", "z.zip"]
    async with client(stash) as http:
        for number in range(1, 4):
            assert (await http.get(f"/image/{number}/image")).status_code == 404


async def test_a_zip_bomb(stash, library, monkeypatch):
    """A huge picture in a small zip file is read in blocks, and what goes beyond the bound is left out."""
    monkeypatch.setattr(zips, "_LARGEST", 50_000_000)
    bomb = zipped(("1.jpg", bytes(30_000_000)), ("2.jpg", bytes(30_000_000)), ("3.jpg", jpeg()))
    (library / "a.zip").write_bytes(bomb)
    tracemalloc.start()
    try:
        assert set(await scanned(stash)) == {"a.zip", "1.jpg", "3.jpg"}
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def test_what_is_no_regular_file(stash, library):
    """FIFOs, folders, dangling links and loops with the name of a picture are passed over."""
    os.mkfifo(library / "fifo.jpg")
    (library / "folder.jpg").mkdir()
    for name, target in (("dangling.jpg", "nowhere"), ("loop.jpg", "loop.jpg"), ("device.jpg", "/dev/zero")):
        (library / name).symlink_to(target)
    (library / "a.jpg").write_bytes(jpeg())
    assert await scanned(stash) == ["a.jpg"]


async def test_a_file_that_became_something_else_is_not_served(stash, library):
    """A FIFO, a folder or nothing where a picture was is 404, at once."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (library / name).write_bytes(jpeg())
    assert len(await scanned(stash)) == 3
    for path in library.iterdir():
        path.unlink()
    os.mkfifo(library / "a.jpg")
    (library / "b.jpg").mkdir()
    async with client(stash) as http:
        for number in range(1, 4):
            assert (await http.get(f"/image/{number}/image")).status_code == 404


def test_a_picture_of_the_library_is_never_decoded(library):
    """A scan reads sizes from the first bytes alone: a bomb is a row like any other, an EPS has no size."""
    (library / "a.jpeg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{ } loop\n")
    (library / "b.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2**31 - 1, 2**31 - 1)
    )
    assert (read_media(library / "a.jpeg").width, read_media(library / "b.png").width) == (0, 2**31 - 1)
