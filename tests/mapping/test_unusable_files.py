"""Links, special files and errors of the disk."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Image

from stash.demo.files import jpeg
from stash.files import content, local
from stash.files.local import list_downloads
from stash.source import disk
from tests.mapping.which import KINDS, USABLE, stamped

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case


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
    assert [file.directory for file in list_downloads(case.downloads).files] == [
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
    assert [file.path for file in list_downloads(tmp_path).files] == [str(tmp_path / "m" / "x_id_5.jpeg")]


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
