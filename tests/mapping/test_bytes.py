"""File names of any bytes, and replies of Stash that hold them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Image

from stash import jobs
from stash.doctor import examine
from stash.files.local import NOT_UTF8
from stash.files.paths import escaped
from stash.page import write_page

if TYPE_CHECKING:
    from tests.mapping.conftest import Case

MARK = "QQQQQQ"


class Raw(httpx.AsyncBaseTransport):
    """Sends names as a Stash does on which a file has other bytes: as they lie on disk."""

    def __init__(self, inner: httpx.AsyncBaseTransport, raw: bytes) -> None:
        self._inner, self._raw = inner, raw

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, with the name in its own bytes."""
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, content=content.replace(MARK.encode(), self._raw))


@pytest.mark.parametrize("raw", [b"\xe9t\xe9", b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf0\x9f\x98"], ids=repr)
@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
async def test_a_name_that_is_no_utf8(case: Case, raw: bytes, is_folder: bool) -> None:
    """A file with such a name, or in such a folder, is named with its bytes escaped; everything else is synced."""
    anna = case.rows.account(username="anna")
    good, bad = [case.picture(anna) for _ in range(3)], case.rows.media(anna, local_filename=None)
    place = f"{MARK}/foto" if is_folder else f"foto_{MARK}"
    path = case.write(anna, f"Timeline/Pictures/{place}_id_{bad.id}.jpeg", "bad")
    post = case.post(anna, *good)
    alone = case.post(anna, bad)
    await case.save()
    await case.scan()
    renamed = path.parent if is_folder else path
    renamed.rename(os.fsdecode(os.fsencode(renamed).replace(MARK.encode(), raw)))
    case.server.transport = Raw(case.server.transport, raw)
    shown = escaped(os.fsdecode(raw))
    named = []
    for _ in range(2):
        report = await case.sync()
        assert report.exit_code == 3
        ((reason, where),) = [(one.reason, one.file) for one in report.unmatched]
        assert (reason, shown in where, where.isprintable()) == (NOT_UTF8, True, True)
        assert [(one.kind, one.id) for one in report.skipped] == [("post", str(alone.id))]
        named.append(where)
    assert case.sent == []
    assert named[0] == named[1]
    async with case.stash() as store:
        found = {one.code: [g.code for g in one.galleries] for one in await store.find(Image) if one.code}
    assert found == {str(one.id): [str(post.id)] for one in good}
    diagnosis = await examine(case.settings(), server="x", transport=case.server.transport)
    assert diagnosis.exit_code == 0
    assert [one.title for one in diagnosis.findings if named[0] in one.title]
    page = case.folder / "page.html"
    plan = await case.sync(dry_run=True)
    await write_page(page, case.settings(), plan, "stash-sync sync")
    assert shown.replace("\\", "\\\\") in page.read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "two\nlines",
        "bell\x07",
        "back\\slash",
        "\u202eturned",
        "\u2066",
        " ",
        "tab\t",
        "*?[x]+(1)|^$",
        "'\"",
        "-rf",
        "~",
    ],
    ids=ascii,
)
async def test_any_other_name(case: Case, name: str) -> None:
    """Names with line ends, controls, directions, and what means something elsewhere are synced as any other."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna, local_filename=None)
    case.write(anna, f"{name}/Pictures/{name}_id_{media.id}.jpeg", "any")
    case.post(anna, media, case.picture(anna))
    await case.save()
    report = await case.settled()
    assert (report.exit_code, report.unmatched, report.skipped) == (0, [], [])
    async with case.stash() as store:
        assert len([one for one in await store.find(Image) if one.code]) == 2


async def test_companions_are_no_news(case: Case) -> None:
    """What programs put beside a picture is neither listed nor anybody's file; what Stash does not take is."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    folder = case.downloads / "anna_fansly" / "Timeline" / "Pictures"
    own = folder / media.local_filename
    for name in (
        f"._{own.name}",
        f"{own.name}.json",
        f"{own.stem}.nfo",
        f"{own.name}.part",
        f"{own.stem}_thumb.jpeg",
    ):
        (folder / name).write_bytes(own.read_bytes()[:50])
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / own.name).write_bytes(b"x")
    (folder / f"{own.stem}.mp3").write_bytes(b"x")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert [one.reason for one in report.unmatched] == ["Stash does not take .mp3 files"]
    assert report.exit_code == 0


async def test_the_scan_is_asked_for_below_the_downloads(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders that Stash is asked to scan are those of the downloads, where a link leads elsewhere too."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.post(anna, media)
    await case.save()
    inside, disk = case.downloads / "anna_fansly", case.folder / "disk"
    inside.rename(disk)
    inside.symlink_to(disk)
    asked: list[str] = []
    scan = jobs.scan

    async def noting(connection, folders, *rest, **options):
        asked.extend(folders)
        return await scan(connection, folders, *rest, **options)

    monkeypatch.setattr(jobs, "scan", noting)
    await case.sync()
    assert asked == [str(inside / "Timeline" / "Pictures")]
