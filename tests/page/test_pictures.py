"""Pictures are strangers' data: a closed list of formats, bounds on pixels, memory and time, and no harm to others."""

from __future__ import annotations

import base64
import io
import os
import random
import socket
import stat
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, features

from stash.demo import files
from stash.page import pictures as module
from stash.page import thumbnails
from stash.page.pictures import Thumbnailer, pictures

from .drawing import written

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", *(["AVIF"] if features.check("avif") else [])]


def drawn(folder: Path, **contents: bytes) -> dict[str, str]:
    """The pictures of files with these contents, all called .jpeg, and of a good one before and after them."""
    names = ["a_good", *contents, "z_good"]
    for name in names:
        content = contents.get(name) or files.jpeg(name)
        (folder / f"{name}.jpeg").write_bytes(content)
    found = pictures((name, folder / f"{name}.jpeg") for name in names)
    assert found.pop("a_good")
    assert found.pop("z_good")
    return found


def seen(uri: str) -> Image.Image:
    """What a data URI shows."""
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        *(("JPEG", mode, {}) for mode in ("L", "RGB", "CMYK")),
        ("JPEG", "RGB", {"progressive": True}),
        *(("PNG", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(("GIF", mode, {}) for mode in ("L", "P", "RGB")),
        *(("WEBP", mode, {}) for mode in ("RGB", "RGBA")),
        ("WEBP", "RGB", {"lossless": True}),
        *((kind, "RGB", {"save_all": True, "append_images": [Image.new("RGB", (300, 200))] * 3}) for kind in ("GIF", "WEBP", "PNG")),
        *(("AVIF", mode, {}) for mode in ("RGB", "RGBA") if "AVIF" in FORMATS),
    ],
)  # fmt: skip
def test_what_stash_takes_has_a_picture(
    tmp_path: Path, kind: str, mode: str, options: dict[str, object]
) -> None:
    """Each format that Stash takes, in each of its modes and animated, has a small picture, whatever it is called."""
    found = drawn(tmp_path, it=written(kind, mode, **options))
    assert seen(found["it"]).size == (240, 160)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(tmp_path: Path, orientation: int) -> None:
    """A picture that the camera held sideways is turned, and one that it did not is not."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = drawn(tmp_path, it=written("JPEG", size=(2000, 1000), exif=exif))
    assert seen(found["it"]).size == ((240, 120) if orientation < 5 else (120, 240))


def test_large_photographs_have_a_picture(tmp_path: Path) -> None:
    """Photographs of today's largest cameras have a picture too."""
    found = drawn(tmp_path, it=written("JPEG", "L", (16320, 12240)), png=written("PNG", "L", (8000, 6000)))
    assert {name: seen(uri).size for name, uri in found.items()} == {"it": (240, 180), "png": (240, 180)}


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (kind, "1" if kind in {"XBM", "MSP"} else "L" if kind == "PALM" else "RGB")
        for kind in ("EPS", "PDF", "BMP", "TIFF", "ICO", "PPM", "TGA", "DDS", "PCX", "SGI", "SPIDER", "XBM", "MSP", "JPEG2000", "DIB", "ICNS")
    ],
)  # fmt: skip
def test_other_formats_have_none(tmp_path: Path, kind: str, mode: str) -> None:
    """What Pillow could read but Stash does not take is never opened, whatever it is called."""
    mode = {"SPIDER": "F"}.get(kind, mode)
    try:
        content = written(kind, mode)
    except (OSError, KeyError):
        pytest.skip(f"this Pillow writes no {kind}")
    assert drawn(tmp_path, it=content) == {}


@pytest.mark.parametrize("head", ["%!PS-Adobe-3.0 EPSF-3.0\n", "\x04%!PS-Adobe-3.0 EPSF-3.0\n", "%!PS\n"])
def test_no_other_program_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd, head: str) -> None:
    """A PostScript program is not run: Ghostscript is never started, and nothing of it is printed."""
    ran = tmp_path / "ran"
    for name in ("gs", "gswin64c", "djpeg", "cjpeg"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho harm; touch {ran}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    body = "%%BoundingBox: 0 0 100 100\n%%EndComments\n(harm) print flush { } loop\nshowpage\n%%EOF\n"
    started = time.monotonic()
    assert drawn(tmp_path, it=(head + body).encode("latin-1")) == {}
    assert time.monotonic() - started < module.SECONDS
    assert not ran.exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_cost_their_own_picture(tmp_path: Path, kind: str) -> None:
    """Files that are cut anywhere, or have bytes that are wrong, harm no other one and print nothing."""
    whole = written(kind, "RGB", (64, 48))
    draw = random.Random(kind)
    cut = {f"cut_{at}": whole[:at] for at in sorted(draw.sample(range(1, len(whole)), 12))}
    for number in range(25):
        changed = bytearray(whole)
        for _ in range(draw.choice((1, 2, 8, 60))):
            changed[draw.randrange(len(changed))] = draw.choice((0, 255, draw.randrange(256)))
        cut[f"wrong_{number}"] = bytes(changed)
    for uri in drawn(tmp_path, **cut).values():
        assert max(seen(uri).size) <= thumbnails.SIDE


def test_what_is_no_regular_file_has_none(tmp_path: Path) -> None:
    """A FIFO, a folder, a device, a socket, a dangling link, a loop, and what is gone are passed over at once."""
    (tmp_path / "a").write_bytes(files.jpeg("a"))
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name, target in (
        ("device", "/dev/zero"),
        ("dangling", "nowhere"),
        ("loop", "loop"),
        ("link to a fifo", "fifo"),
    ):
        (tmp_path / name).symlink_to(target)
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(tmp_path)
        listening.bind("socket")
    with (tmp_path / "huge").open("wb") as huge:
        huge.write(files.jpeg("huge"))
        huge.truncate(thumbnails.LARGEST_FILE + 1)
    (tmp_path / "unreadable").write_bytes(files.jpeg("b"))
    (tmp_path / "unreadable").chmod(0)
    (tmp_path / "good link").symlink_to("a")
    names = [*sorted(path.name for path in tmp_path.iterdir()), "gone", "z"]
    (tmp_path / "z").write_bytes(files.jpeg("z"))
    started = time.monotonic()
    found = pictures((name, tmp_path / name) for name in names)
    assert time.monotonic() - started < module.SECONDS
    assert found.keys() - {"unreadable"} == {"a", "good link", "z"}
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)


@pytest.mark.parametrize(
    "name",
    ["foto_\udce9t\udce9.jpeg", "a\nb.jpeg", "a\r\n.jpeg", " -P.jpeg", "\u202egepj.jpeg", "$(touch x).jpeg", "Ünï.jpeg", "%00.jpeg"],
)  # fmt: skip
def test_names_of_any_bytes(tmp_path: Path, name: str) -> None:
    """A name of any bytes that a disk takes is the name of that file, and of no other one."""
    (tmp_path / name).write_bytes(files.jpeg("a"))
    (tmp_path / "z").write_bytes(files.jpeg("z"))
    assert list(pictures([("it", tmp_path / name), ("z", tmp_path / "z")])) == ["it", "z"]


_FAULTY = """
import os, sys, time
for line in sys.stdin.buffer:
    name = os.path.basename(bytes.fromhex(line.decode())).decode()
    print("noise", file=sys.stderr, flush=True)
    if name == "hangs":
        time.sleep(60)
    if name == "dies":
        os.abort()
    if name == "half":
        sys.stdout.write("QUJ")
        sys.stdout.flush()
        os._exit(0)
    print("QUJD" if name.startswith("good") else "", flush=True)
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that goes wrong as a decoder might, in place of ours."""
    program = tmp_path / "faulty.py"
    program.write_text(textwrap.dedent(_FAULTY))
    monkeypatch.setattr(module, "_PROGRAM", program)


@pytest.mark.parametrize("fault", ["hangs", "dies", "half", "none"])
@pytest.mark.usefixtures("faulty")
def test_a_decoder_that_fails_costs_one_picture(monkeypatch: pytest.MonkeyPatch, capfd, fault: str) -> None:
    """A decoder that hangs, crashes, or stops in the middle costs that file's picture, and nothing is printed."""
    monkeypatch.setattr(module, "SECONDS", 3.0)
    found = pictures((name, Path("/nowhere", name)) for name in ("good 1", fault, "good 2", fault, "good 3"))
    assert found == dict.fromkeys(("good 1", "good 2", "good 3"), "data:image/jpeg;base64,QUJD")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("faulty")
def test_all_files_together_are_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files hang, a page is written: after a while the rest has no picture."""
    monkeypatch.setattr(module, "SECONDS", 0.5)
    monkeypatch.setattr(module, "ALTOGETHER", 2.0)
    started = time.monotonic()
    assert pictures((str(number), Path("/nowhere/hangs")) for number in range(module.MOST)) == {}
    assert time.monotonic() - started < 20


@pytest.mark.usefixtures("faulty")
def test_stopping_ends_the_decoder_at_once() -> None:
    """A run that is cancelled waits for no decoder."""
    thumbnailer = Thumbnailer()
    timer = threading.Timer(1, thumbnailer.stop)
    timer.start()
    started = time.monotonic()
    assert pictures([("a", Path("/nowhere/hangs")), ("b", Path("/nowhere/hangs"))], thumbnailer) == {}
    assert time.monotonic() - started < 10
    timer.join()


def test_the_decoder_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that decodes has neither the key nor the addresses of the user's settings."""
    program = tmp_path / "tells.py"
    program.write_text(
        "import os\ninput()\nprint(','.join(name for name in os.environ if 'STASH' in name) or 'none')\n"
    )
    monkeypatch.setattr(module, "_PROGRAM", program)
    monkeypatch.setenv("STASH_API_KEY", "secret")
    monkeypatch.setenv("STASH_SYNC_DATABASE_URL", "postgresql://me:secret@host/db")
    assert pictures([("a", tmp_path)]) == {"a": "data:image/jpeg;base64,none"}


def test_no_decoder_at_all_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the program cannot be started or run, files have no pictures, and that is all."""
    for executable in (str(tmp_path / "none"), "/bin/false"):
        monkeypatch.setattr(sys, "executable", executable)
        assert pictures([("a", tmp_path), ("b", tmp_path)]) == {}
