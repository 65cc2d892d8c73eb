"""Findings beside the complaints: what is in order is said too, and what the user set amiss."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash.doctor import examine
from stash.doctor.facts import FileSighting, LibraryFacts, SettingFacts, StashFacts
from stash.doctor.library_findings import library_findings
from stash.doctor.stash_findings import stash_findings
from stash.files.paths import PathMap
from stash.mapping.rules import Rules
from stash.settings import Settings
from tests.doctor.conftest import found

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient


async def test_what_is_in_order_is_said_too(patient: Patient) -> None:
    """The rows of the database, ffmpeg and the scan's settings are told although nothing is amiss."""
    await patient.fill()
    await patient.case.scan()
    diagnosis = await patient.examine()
    assert "SQLite, downloader version 0.15 or newer; rows: accounts 1, posts 24, media 24" in (
        found(diagnosis, "SQLite").title
    )
    assert found(diagnosis, "It has ffmpeg").level == "ok"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("createGalleriesFromFolders", "a gallery of each folder"),
        ("createImageClipsFromVideos", "image clips"),
    ],
)
async def test_settings_of_the_scan_that_matter(patient: Patient, setting: str, words: str) -> None:
    """A setting of Stash that has the scan make something else is named, and where to turn it off."""
    async with patient.case.stash() as store:
        document = f"mutation {{ configureGeneral(input: {{{setting}: true}}) {{ databasePath }} }}"
        await store.connection.mutate(document, {}, fields=1)
    await patient.fill(2)
    diagnosis = await patient.examine()
    told = found(diagnosis, words)
    assert "turn off in Stash: Settings, Library" in told.next_step
    assert not [one for one in diagnosis.findings if "stands in the way" in one.title]


def test_tls_and_the_key_are_told() -> None:
    """Of a Stash behind TLS it is said that the certificate was verified, and whether a key is used."""
    facts = StashFacts("https://stash.test", version="v0.30.1", has_key=True)
    first = next(iter(stash_findings(facts, SettingFacts(Rules()))))
    assert first.title == (
        "Stash v0.30.1 answers at https://stash.test over TLS, its certificate verified, with the API key."
    )


async def test_a_map_that_is_not_needed(patient: Patient) -> None:
    """Where both sides have the same paths, the step is to take the map away."""
    await patient.fill()
    await patient.case.scan()
    wrong = found(
        await patient.examine(path_map=f"{patient.case.downloads}=/nowhere"), "the path map is wrong"
    )
    assert wrong.next_step == "Take the path map away: both sides have the same paths."
    assert wrong.line == "export STASH_SYNC_PATH_MAP=''"


async def test_a_pair_of_the_map_about_nothing(patient: Patient) -> None:
    """A pair whose host folder has nothing to do with the downloads is named, the others are not."""
    await patient.fill()
    await patient.case.scan()
    here = patient.case.downloads
    pairs = (f"{here}/anna_fansly={here}/anna_fansly", f"{here.parent}={here.parent}", "/typo=/data")
    diagnosis = await patient.examine(path_map=";".join(pairs))
    idle = found(diagnosis, "is about none of the downloads")
    assert "/typo=/data" in idle.title
    assert str(here) in idle.next_step
    assert diagnosis.exit_code == 0


async def test_an_error_of_stash_is_passed_on(patient: Patient) -> None:
    """Where Stash answers with an error alone, its words are told: it is no damaged reply."""
    await patient.fill(1)
    inner = patient.case.server.transport
    assert inner is not None

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b"jobQueue" in await request.aread():
                body: dict[str, Any] = {
                    "data": None,
                    "errors": [{"message": "disk I/O error", "path": ["stats"]}],
                }
                return httpx.Response(200, content=json.dumps(body))
            return await inner.handle_async_request(request)

    diagnosis = await patient.examine(transport=Failing())
    assert "disk I/O error" in diagnosis.findings[0].title
    assert diagnosis.findings[0].next_step == "Look into its log, run again."
    assert diagnosis.exit_code == 5


def test_one_stash_has_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the address is written, the journal knows the Stash by one."""
    for written in (
        "http://stash:9999",
        "http://stash:9999/",
        "http://stash:9999/graphql",
        "http://stash:9999/graphql/",
    ):
        monkeypatch.setenv("STASH_URL", written)
        assert Settings().url == "http://stash:9999"


async def test_what_was_mended_is_no_problem_any_more(patient: Patient) -> None:
    """A problem that --fix has mended counts as mended: exit 0, and the settings file has what it needed."""
    await patient.fill()
    await patient.case.scan()
    away = patient.case.downloads.with_name("away")
    shutil.copytree(patient.case.downloads, away)
    values = {"url": patient.case.server.url, "database": str(patient.case.database), "downloads": away}
    transport = patient.case.server.transport
    assert (await examine(Settings(**values), transport=transport)).exit_code == 2
    diagnosis = await examine(Settings(**values), transport=transport, may_fix=True)
    assert (diagnosis.exit_code, diagnosis.problems) == (0, [])
    assert [one["is_fixed"] for one in diagnosis.summary()["findings"] if one["level"] == "problem"] == [True]
    again = await examine(Settings(**values), transport=transport)
    assert (again.exit_code, again.problems) == (0, [])


@pytest.mark.parametrize(
    ("here", "there"), [("Caf\u00e9", "Cafe\u0301"), ("Cafe\u0301", "Caf\u00e9"), ("one", "two")]
)
def test_folders_that_look_alike(here: str, there: str) -> None:
    """Of a map whose sides look alike, as macOS and others write an accent, it is said how they differ."""
    host, stash = f"/dl/{here}/x.jpg", f"/dl/{there}/x.jpg"
    facts = LibraryFacts(Path("/dl"), "/dl", 1, 1, sightings=[FileSighting(host, host, (stash,))])
    wrong = next(one for one in library_findings(facts, StashFacts("http://x")) if "path map" in one.title)
    assert ("look alike" in wrong.what) == (here != "one")
    assert wrong.fix is not None
    assert PathMap.parse(wrong.fix.value).to_stash(host) == stash


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("name", ["metadata.sqlite", "state.sqlite"])
async def test_a_database_that_a_writer_has_locked(patient: Patient, name: str, how: str, mode: str) -> None:
    """The doctor waits for its patience at most, then says so in one finding; what can be read beside a writer is read."""
    await patient.fill()
    state = str(patient.case.folder / "state.sqlite")
    await patient.case.run(patient.case.settings(state=state))
    with closing(sqlite3.connect(patient.case.folder / name, isolation_level=None, timeout=0)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute(how)
        async with asyncio.timeout(8):
            diagnosis = await patient.examine(patience=0.3, state=state)
        writer.execute("ROLLBACK")
    locked = [one for one in diagnosis.findings if "locked" in one.title]
    is_closed = how == "BEGIN EXCLUSIVE" and mode == "delete"
    assert [(name in one.title, one.area, one.exit_code) for one in locked] == [
        (True, "database", 5)
    ] * is_closed
    assert all(one.next_step == "Wait for it to end, then try again." for one in locked)
    assert diagnosis.problems == locked
