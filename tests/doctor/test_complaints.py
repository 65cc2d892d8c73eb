"""What users of such programs complain about: for each the doctor has the finding and the next step."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash import jobs
from stash.doctor.fixes import apply
from stash.files.paths import PathMap
from stash.settings import Settings
from tests.doctor.conftest import Seen, found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stash.doctor import Diagnosis, Finding
    from tests.doctor.conftest import Patient


def proposed(finding: Finding) -> PathMap:
    """The path map of a line to paste, as a shell reads it."""
    words = shlex.split(finding.line)
    assert words[0] == "export"
    return PathMap.parse(words[1].removeprefix("STASH_SYNC_PATH_MAP="))


def problems(diagnosis: Diagnosis) -> list[str]:
    """The titles of what must be mended."""
    return [one.title for one in diagnosis.findings if one.level == "problem"]


async def test_a_library_that_is_in_order(patient: Patient) -> None:
    """Where everything is as it should be nothing is a problem, and Stash was asked four questions in all."""
    await patient.fill()
    await patient.case.scan()
    diagnosis = await patient.examine()
    assert (diagnosis.exit_code, diagnosis.requests) == (0, 4)
    assert {one.level for one in diagnosis.findings} <= {"ok", "note"}
    assert "24 files with a row: Stash has 24." in found(diagnosis, "files with a row").title
    assert found(diagnosis, "files with a row").line == "stash-sync sync --dry-run"


async def test_the_network_studio_is_missing(patient: Patient) -> None:
    """Where a studio had to be made by hand, "the log shows no error, and nothing happens": here it says that a sync makes it."""
    await patient.fill()
    await patient.case.scan()
    missing = found(await patient.examine(), "no studio 'Fansly (network)'")
    assert missing.level == "note"
    assert "the next sync makes it" in missing.next_step
    await patient.case.sync()
    assert found(await patient.examine(), "'Fansly (network)' is there").level == "ok"


SEEN_AS: dict[str, tuple[Callable[[str], str], str]] = {
    "a container": (lambda path: f"/of{path}", "/of"),
    "a share": (lambda path: rf"\\nas\of{path}".replace("/", "\\"), r"\\nas\of"),
    "a drive": (lambda path: f"Z:{path}".replace("/", "\\"), "Z:"),
}


@pytest.mark.parametrize("place", SEEN_AS)
async def test_a_wrong_path_map(patient: Patient, place: str) -> None:
    """Stash in a container or on Windows sees other paths: the map is read off the names, as a line to paste."""
    await patient.fill()
    await patient.case.scan()
    change, _ = SEEN_AS[place]
    library = str(patient.case.server.library)
    assert patient.case.server.transport is not None
    elsewhere = Seen(
        patient.case.server.transport, lambda text: change(text) if text.startswith(library) else text
    )
    diagnosis = await patient.examine(transport=elsewhere)
    wrong = found(diagnosis, "a path map is missing")
    assert wrong.level == "problem"
    assert diagnosis.exit_code == 2
    line = proposed(wrong)
    for path in patient.case.downloads.rglob("*.jpeg"):
        assert line.to_stash(str(path)) == change(str(path))
    assert wrong.fix is not None
    assert "stash-sync.toml" in apply(wrong.fix)
    mended = await patient.examine(transport=elsewhere, path_map=Settings().path_map)
    assert problems(mended) == []


async def test_a_path_map_that_is_wrong_is_named_so(patient: Patient) -> None:
    """A map that leads nowhere is told apart from one that is missing, and is not written over by --fix."""
    await patient.fill()
    await patient.case.scan()
    wrong = found(
        await patient.examine(path_map=f"{patient.case.downloads}=/nowhere"), "the path map is wrong"
    )
    assert proposed(wrong).to_stash(str(patient.case.downloads)) == str(patient.case.downloads)
    assert wrong.fix is None


async def test_the_library_does_not_hold_the_downloads(patient: Patient, tmp_path: Path) -> None:
    """Instead of "no scene found after the scan, please verify the path": what Stash holds is named, and both ways out."""
    await patient.fill()
    away = tmp_path / "away"
    patient.case.downloads.rename(away)
    outside = found(await patient.examine(downloads=away), "does not hold")
    assert (outside.level, outside.exit_code) == ("problem", 7)
    assert str(patient.case.server.library) in outside.what
    assert "Settings, Library" in outside.next_step
    assert proposed(outside).to_stash(f"{away}/x") == f"{patient.case.server.library}/x"


async def test_the_scan_is_not_finished(patient: Patient) -> None:
    """Instead of "preloaded 0 scenes": files that are not scanned yet are no mystery; while a job runs, the step is to wait."""
    await patient.fill()
    waiting = found(await patient.examine(), "has not scanned 24 of 24")
    assert waiting.level == "note"
    assert "a sync has it scan them" in waiting.next_step
    busy = Answer(
        patient.case.server.transport, "jobQueue", [{"status": "RUNNING", "description": "Scanning..."}]
    )
    diagnosis = await patient.examine(transport=busy)
    assert found(diagnosis, "Stash is at work: Scanning...").level == "warning"
    assert "Wait" in found(diagnosis, "has not scanned 24").next_step


class Answer(httpx.AsyncBaseTransport):
    """A Stash that says something else of one root field."""

    def __init__(self, inner: httpx.AsyncBaseTransport | None, name: str, value: Any) -> None:
        assert inner is not None
        self._inner, self._name, self._value = inner, name, value

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, and change the field where it was asked for."""
        response = await self._inner.handle_async_request(request)
        body = json.loads(await response.aread())
        if self._name in (body.get("data") or {}):
            body["data"][self._name] = self._value
        return httpx.Response(response.status_code, json=body)


async def test_a_folder_that_was_renamed(patient: Patient) -> None:
    """A folder that is `anna_12345` for Stash and `anna_fansly` here: the pair of folders is proposed."""
    await patient.fill()
    here = patient.case.downloads / "anna_fansly"
    there = here.with_name("anna_12345")
    here.rename(there)
    await patient.case.scan()
    there.rename(here)
    renamed = found(await patient.examine(), "files elsewhere")
    assert proposed(renamed).pairs == ((str(here), str(there)),)


async def test_some_folders_lie_elsewhere(patient: Patient) -> None:
    """One folder of several that was moved is a warning with its own pair; the others stay as they are."""
    await patient.fill()
    bea = patient.case.rows.account(username="bea")
    patient.case.post(bea, patient.case.picture(bea))
    await patient.case.save()
    here, there = patient.case.downloads / "bea_fansly", patient.case.server.library / "bea"
    here.rename(there)
    await patient.case.scan()
    async with patient.case.stash() as store:
        await jobs.scan(store.connection, [str(there)], 60)
    there.rename(here)
    moved = found(await patient.examine(), "Stash sees 1 of 25 files elsewhere")
    assert moved.level == "warning"
    assert proposed(moved).to_stash(f"{here}/x") == f"{there}/x"
    assert (
        proposed(moved)
        .to_stash(f"{patient.case.downloads}/anna_fansly/x")
        .endswith("downloads/anna_fansly/x")
    )


async def test_custom_file_names(patient: Patient) -> None:
    """Files whose names neither a row nor an id explains: how files and rows go together is said."""
    await patient.fill()
    for number, path in enumerate(sorted(patient.case.downloads.rglob("*.jpeg"))):
        path.rename(path.with_name(f"my picture {number}.jpeg"))
    await patient.case.scan()
    diagnosis = await patient.examine()
    custom = found(diagnosis, "24 of 24 files have no row")
    assert (custom.level, custom.exit_code) == ("problem", 2)
    assert "media id" in custom.next_step


async def test_custom_names_that_the_rows_have_are_fine(patient: Patient) -> None:
    """A customised name format is no obstacle where the database has the names."""
    anna = patient.case.rows.account(username="anna")
    for number in range(3):
        patient.case.post(anna, patient.case.picture(anna, local_filename=f"anna - {number}.jpeg"))
    await patient.case.save()
    await patient.case.scan()
    assert problems(await patient.examine()) == []


async def test_the_same_name_in_two_folders(patient: Patient) -> None:
    """A file that is not scanned yet is not taken for another creator's of the same name."""
    for username in ("anna", "bea"):
        account = patient.case.rows.account(username=username)
        patient.case.post(account, patient.case.picture(account, local_filename=f"{username} 1.jpeg"))
        patient.case.write(account, "Timeline/Pictures/1.jpeg", username)
        if username == "anna":
            await patient.case.scan()
    await patient.case.save()
    diagnosis = await patient.examine()
    assert not [one for one in diagnosis.findings if "elsewhere" in one.title]
    assert found(diagnosis, "has not scanned 2 of 4").level == "note"


async def test_mixed_separators_in_rows(patient: Patient) -> None:
    """Rows that hold paths with backslashes, or of another machine, find their files all the same."""
    anna = patient.case.rows.account(username="anna")
    for number, folder in enumerate(("C:\\dl\\anna_fansly\\Timeline\\", "anna_fansly/Timeline\\Pictures/")):
        media = patient.case.rows.media(anna, local_filename=f"{folder}name {number}.jpeg")
        patient.case.write(anna, f"Timeline/Pictures/name {number}.jpeg", str(number))
        patient.case.post(anna, media)
    await patient.case.save()
    await patient.case.scan()
    diagnosis = await patient.examine()
    assert problems(diagnosis) == []
    assert "2 files with a row: Stash has 2." in found(diagnosis, "files with a row").title


async def test_empty_attachments(patient: Patient) -> None:
    """A database that lost which post a file belongs to: the gap is named, and how to fill it."""
    await patient.fill()
    await patient.case.execute("DELETE FROM attachments")
    await patient.case.scan()
    gap = found(await patient.examine(), "nothing in attachments")
    assert gap.level == "warning"
    assert "which post a file belongs to" in gap.what
    assert gap.next_step.startswith("Ingest the API payloads")


async def test_a_huge_library_costs_no_more_questions(patient: Patient) -> None:
    """A plugin that asked for all 250,000 images at once took Stash down: here 10,000 files cost four questions."""
    await patient.fill(4)
    folder = patient.case.downloads / "anna_fansly" / "Timeline" / "Pictures"
    for number in range(10_000):
        (folder / f"2025-01-01_id_{800_000_000_000_000_000 + number}.jpeg").touch()
    diagnosis = await patient.examine()
    assert diagnosis.requests == 4
    assert "of 477 files" in found(diagnosis, "has not scanned").title


async def test_no_permission_for_stash(patient: Patient) -> None:
    """Files that only their owner may read, and that Stash does not know, are named with the line that opens them."""
    await patient.fill()
    for path in patient.case.downloads.rglob("*.jpeg"):
        path.chmod(0o600)
    private = found(await patient.examine(), "Only their owner can read 24")
    assert private.level == "warning"
    assert private.line.startswith("chmod -R a+rX ")


async def test_no_permission_for_us(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the downloads that cannot be read is a problem, not as if it were empty."""
    await patient.fill()
    closed = patient.case.downloads / "bea_fansly"
    closed.mkdir()
    look = os.scandir

    def scandir(path: str) -> Any:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    denied = found(await patient.examine(), "cannot be read")
    assert (denied.level, denied.exit_code) == ("problem", 2)
    assert str(closed) in denied.title


async def test_what_stash_leaves_out(patient: Patient) -> None:
    """Files that an exclude pattern of Stash keeps out are named with that pattern."""
    await patient.fill()
    async with patient.case.stash() as store:
        document = (
            'mutation { configureGeneral(input: {imageExcludes: ["timeline/pictures"]}) { databasePath } }'
        )
        await store.connection.mutate(document, {}, fields=1)
    left_out = found(await patient.examine(), "leaves 24 of 24 files out")
    assert "timeline/pictures" in left_out.title
    assert "Settings, Library" in left_out.next_step


async def test_media_that_are_not_on_disk(patient: Patient) -> None:
    """Pictures that a post should have and that lie nowhere are counted, with the folder that was looked in."""
    names = await patient.fill()
    await patient.case.scan()
    for path in patient.case.downloads.rglob("*.jpeg"):
        if path.name in names[:20]:
            path.unlink()
    assert found(await patient.examine(), "20 of 24 downloaded media do not lie in").level == "warning"
