"""Which of the files on a disk gets a media's metadata: whatever lies there, in whatever order."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Scene

from stash.demo.files import jpeg
from stash.files import content, local
from stash.files.local import named, walk
from stash.files.paths import PathMap
from stash.files.stash_index import StashFile, StashFileIndex
from stash.next_steps import step_for
from stash.source import disk
from stash.source.items import StoredMedia

if TYPE_CHECKING:
    from tests.mapping.conftest import Case

ROW = "2025-01-01_at_12-00_UTC_id_5.jpeg"

ORDER = [
    ROW,
    "2024-01-01_at_12-00_UTC_id_5.jpeg",
    "unknown_id_5.png",
    "2024-01-01_at_12-00_UTC_id_6.jpeg",  # of a rendition
    "holiday_id_5.jpeg",
    "2025-01-01_at_12-00_UTC_id_5 (1).jpeg",
    "2025-01-01_at_12-00_UTC_id_5 copy.jpeg",
    "2025-01-01_at_12-00_UTC_id_5 (2)_id_7.jpeg",  # of another media
]
"""Names on a disk, the one that counts first; the last one never does."""

NEVER = [
    f"._{ROW}",
    f".{ROW}",
    f"{ROW}.part",
    f"{ROW}.json",
    "2025-01-01_at_12-00_UTC_id_5_thumb.jpeg",
    "thumb_2025-01-01_at_12-00_UTC_id_5.jpeg",
    "2025-01-01_at_12-00_UTC_id_5.mp4.jpg",
]
"""Companions: none of them is ever a media's file."""

MEDIA = StoredMedia(5, 1, "image/jpeg", local_filename=ROW, variants=(StoredMedia(6, 1, "image/jpeg"),))


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # A socket's path has to be short, so it is made where it is.
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


KINDS = {
    "file": lambda path: path.write_bytes(b"x"),
    "link": lambda path: path.symlink_to(_content(path)),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
    "fifo": _fifo,
    "socket": _socket,
    "folder": lambda path: path.mkdir(),
}
USABLE = {"file", "link"}


def _content(path: Path) -> Path:
    content = path.with_name(f"content {path.name.encode().hex()}")
    content.write_bytes(b"x")
    return content


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(ORDER + NEVER), st.sampled_from(sorted(KINDS))),
    st.sets(st.sampled_from(ORDER)),
    st.sets(st.sampled_from(ORDER)),
    st.randoms(use_true_random=False),
)
def test_any_disk_in_any_order(kinds: dict[str, str], broken: set[str], unscanned: set[str], chance) -> None:
    """The downloader's exact file comes first, what Stash could not read last, and nothing else but regular files counts."""
    with TemporaryDirectory() as folder:
        for name, kind in kinds.items():
            KINDS[kind](Path(folder, name))
        found = walk(Path(folder))
    usable = [name for name in ORDER if kinds.get(name) in USABLE]
    assert {file.name for file in found if not file.name.startswith("content")} == set(usable)
    chance.shuffle(found)
    files = StashFileIndex(PathMap(), found)
    for file in found:
        if file.name not in unscanned:
            files.in_stash[file.path] = StashFile(
                "Image", file.name, "", file.path, is_primary=True, is_broken=file.name in broken
            )
    known = [name for name in usable if name not in unscanned and name != ORDER[-1]]
    expected = next(iter(sorted(known, key=lambda name: (name in broken, ORDER.index(name)))), None)
    match = files.match(MEDIA)
    assert (match.id if match else None) == expected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_equal_names_the_creators_own_comes_first(order: tuple[int, ...]) -> None:
    """Where one name lies in several folders the creator's own counts, then the first path; never the order of the walk."""
    found = [named(ROW, f"/dl/{folder}/", folder) for folder in ("aaa", "anna_fansly", "zzz")]
    files = StashFileIndex(
        PathMap(), [found[place] for place in order], creator_folders={1: frozenset({"anna_fansly"})}
    )
    assert [file.folder for file in files.of(MEDIA)][:1] == ["anna_fansly"]
    files.creator_folders.clear()
    assert [file.folder for file in files.of(MEDIA)] == ["aaa", "anna_fansly", "zzz"]


def test_the_type_of_the_row_tells_a_thumbnail_from_its_video() -> None:
    """Of a video and a picture with its id the row's type decides."""
    found = [named(f"2025-01-01_at_12-00_UTC_id_5{suffix}", "/dl/") for suffix in (".jpg", ".mp4")]
    for mimetype, suffix in (
        ("video/mp4", ".mp4"),
        ("image/jpeg", ".jpg"),
        ("application/x-mpegURL", ".mp4"),
    ):
        media = StoredMedia(5, 1, mimetype)
        assert StashFileIndex(PathMap(), found).of(media)[0].name.endswith(suffix)


async def test_a_row_without_a_name_and_a_broken_copy(case: Case) -> None:
    """What was ingested has no file names: the downloader's own file gets everything, not the copy beside it."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna, local_filename=None)
    own = case.write(anna, f"Timeline/Pictures/2025-01-01_at_12-00_UTC_id_{media.id}.jpeg", "own")
    copy = own.with_name(f"2025-01-01_at_12-00_UTC_id_{media.id} (1).jpeg")
    copy.write_bytes(own.read_bytes()[:40])
    hidden = own.with_name(f"._{own.name}")
    hidden.write_bytes(b"Mac OS X")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert [(one.file, one.reason) for one in report.unmatched] == [
        (str(copy), f"its media is matched by another file, {own.name}")
    ]
    assert await stamped(case) == {own.name}


async def test_a_broken_file_gives_way_to_a_copy(case: Case) -> None:
    """Where Stash could not read the downloader's file the copy that it could read is the media's."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna)
    own = case.file(anna, media, "Timeline/Pictures")
    copy = own.with_name(f"{own.stem} (1).jpeg")
    shutil.copy(own, copy)
    own.write_bytes(b"\xff\xd8broken")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert await stamped(case) == {copy.name}


async def stamped(case: Case) -> set[str]:
    """The names of the files that have a code in Stash."""
    async with case.stash() as store:
        return {Path(one.visual_files[0].path).name for one in await store.find(Image) if one.code}


async def test_a_folder_on_another_disk(case: Case) -> None:
    """A creator's folder that is a link is followed, and Stash is asked to scan below the downloads."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.post(anna, media)
    await case.save()
    inside, disk = case.downloads / "anna_fansly", case.folder / "another disk"
    inside.rename(disk)
    inside.symlink_to(disk)
    for name in ("again", "Zagain"):
        (case.downloads / name).symlink_to(disk)
    (disk / "loop").symlink_to(case.downloads)
    (disk / "Timeline" / "up").symlink_to("..")
    assert [file.directory for file in walk(case.downloads)] == [
        f"{case.downloads}/Zagain/Timeline/Pictures/"
    ]
    for name in ("again", "Zagain"):
        (case.downloads / name).unlink()
    report = await case.settled()
    assert (report.exit_code, report.unmatched, report.skipped) == (0, [], [])
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert image.code == str(media.id)
        assert image.visual_files[0].path.startswith(f"{inside}/")


def test_a_real_folder_comes_before_links_to_it(tmp_path: Path) -> None:
    """A folder that lies in the downloads and is linked to as well has its own path, whatever the link is called."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "x_id_5.jpeg").write_bytes(b"x")
    for name in ("a", "z"):
        (tmp_path / name).symlink_to("m")
    assert [file.path for file in walk(tmp_path)] == [str(tmp_path / "m" / "x_id_5.jpeg")]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - USABLE - {"folder"}))
async def test_what_is_no_file_costs_itself(case: Case, kind: str) -> None:
    """A media whose file is a link to nowhere, a loop, a pipe or a socket is named once; all others are synced."""
    anna = case.rows.account(username="anna")
    bad, good = case.rows.media(anna), case.picture(anna)
    path = case.downloads / "anna_fansly" / "Timeline" / "Pictures" / bad.local_filename
    KINDS[kind](path)
    case.post(anna, bad, good)
    await case.save()
    report = await case.settled()
    assert report.exit_code == 3
    assert [(one.id, one.file) for one in report.unmatched] == [(str(bad.id), str(path))]
    assert report.unmatched[0].reason.startswith(
        ("it is a link", "it is no regular file", "it cannot be looked at")
    )
    assert report.skipped == []
    assert await stamped(case) == {good.local_filename}


async def test_a_spare_that_is_no_file_is_no_failure(case: Case) -> None:
    """A link to nowhere beside the good file of a media is named, and everything is synced."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    own = case.downloads / "anna_fansly" / "Timeline" / "Pictures" / media.local_filename
    own.with_name(f"{own.stem} (1).jpeg").symlink_to("nowhere")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert len(report.unmatched) == 1


ERRORS = [errno.EACCES, errno.EIO, errno.ENOENT, errno.ESTALE, errno.ELOOP, errno.ENAMETOOLONG, errno.EMFILE]


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "fstat", "scandir", "stat"])
async def test_an_error_of_the_disk_costs_one_file(
    case: Case, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """Whatever the system says of one file or folder, at whatever call, is named; all others are synced."""
    anna, bea = case.rows.account(username="anna"), case.rows.account(username="bea")
    bad, good = case.picture(anna), case.picture(bea)
    case.post(anna, bad)
    case.post(bea, good)
    await case.save()
    if call in {"open", "fstat"}:  # which only files that Stash does not know are
        (case.downloads / "anna_fansly" / "Timeline" / "Pictures" / bad.local_filename).write_bytes(b"")
    failing(monkeypatch, call, number, "anna_fansly")
    report = await case.sync()
    assert await stamped(case) >= {good.local_filename}
    named_files = [one for one in report.unmatched if "anna_fansly" in one.file]
    assert len(named_files) == 1
    assert os.strerror(number) in named_files[0].reason


def failing(monkeypatch: pytest.MonkeyPatch, call: str, number: int, part: str) -> None:
    """Have a call fail for every path with this part; `fstat` for whatever was opened there."""
    real = getattr(os, call)
    opened: set[int] = set()
    real_open = os.open

    def open_noting(path, *rest, **options):
        descriptor = real_open(path, *rest, **options)
        if part in str(path):
            opened.add(descriptor)
        return descriptor

    def fails(what, *rest, **options):
        if (what in opened) if call == "fstat" else part in str(what):
            raise OSError(number, os.strerror(number), str(what))
        return real(what, *rest, **options)

    of_ours = _Calls({call: fails} | ({"open": open_noting} if call == "fstat" else {}))
    for module in (local, disk):
        monkeypatch.setattr(module, "os", of_ours)


class _Calls:
    """The system's calls, but for some."""

    def __init__(self, others: dict[str, object]) -> None:
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A video that becomes shorter between two reads is an error of the disk, and no other."""
    path = tmp_path / "x_id_5.mp4"
    path.write_bytes(jpeg("x") * 500)
    real = content.opened
    monkeypatch.setattr(content, "opened", lambda name: _Lying(real(name), path))
    marks, unread = content.read_all([str(path)], content.oshash)
    assert marks == {}
    assert "shorter" in unread[str(path)]


class _Lying:
    """A file that is cut once its size was asked for."""

    def __init__(self, file, path: Path) -> None:
        self._file, self._path = file, path

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def seek(self, *place: int) -> int:
        at = self._file.seek(*place)
        os.truncate(self._path, 9)
        return at

    def read(self, size: int) -> bytes:
        return self._file.read(size)


@pytest.mark.parametrize("suffix", ["jpeg", "mp4"])
async def test_what_was_deleted_in_stash_is_called_so(case: Case, suffix: str) -> None:
    """A file whose image or scene was deleted in Stash is named as that, with the switch that brings it back."""
    anna = case.rows.account(username="anna")
    gone = case.video(anna) if suffix == "mp4" else case.picture(anna)
    stays = case.picture(anna)
    case.post(anna, gone, stays)
    alone = case.post(anna, case.picture(anna))
    await case.save()
    await case.sync()
    async with case.stash() as store:
        cls, noun = (Scene, "scene") if suffix == "mp4" else (Image, "image")
        ids = [one.id for one in await store.find(cls, code=str(gone.id))]
        document = f"mutation($i: {cls.__name__}sDestroyInput!) {{ {noun}sDestroy(input: $i) }}"
        assert not (await store.connection.mutate(document, {"i": {"ids": ids}}, fields=1)).errors
    for _ in range(2):
        report = await case.sync()
        assert [(one.id, one.reason) for one in report.unmatched] == [
            (str(gone.id), f"its {noun} was deleted in Stash")
        ]
        assert report.exit_code == 0
        assert step_for(report.unmatched[0].reason, "stash-sync sync")[1] == "stash-sync sync --recreate"
    report = await case.sync(recreate=True)
    assert report.unmatched == []
    async with case.stash() as store:
        assert len(await store.find(cls, code=str(gone.id))) == 1
        assert len(await store.find(Gallery, code=str(alone.id))) == 1
