"""What a person reads: for each complaint the command line prints the finding and the next step, in a pipe and at 80 columns."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.cli.main import main
from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class House:
    """A small world, a Stash that serves `library`, and the command line."""

    folder: Path
    downloads: Path
    database: Path
    capture: pytest.CaptureFixture[str]
    url: str = ""

    @property
    def library(self) -> Path:
        """What Stash's library holds: the same files, as another machine has them."""
        return self.folder / "data"

    def say(self, *arguments: str) -> tuple[int, str]:
        """One command; answers its exit code, and all that it printed."""
        flags = ["--url", self.url, "--database", str(self.database), "--downloads", str(self.downloads)]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *flags])
        printed = self.capture.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    def pictures(self) -> list[Path]:
        """All pictures of the downloads that have a row."""
        return sorted(path for path in self.downloads.rglob("*.jpeg") if "_id_" in path.name)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world whose payloads are in its database."""
    folder = tmp_path_factory.mktemp("ingested")
    world = write_world(folder, creators=2, items=16)

    async def fill() -> None:
        async with await open_or_make(str(folder / "metadata.sqlite")) as database:
            await ingest_paths(database, [world.payloads])

    asyncio.run(fill())
    return folder


@pytest.fixture
def house(
    tmp_path: Path, ingested: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A world that was ingested, and a Stash that sees its files in a folder of its own."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("STASH_URL", raising=False)
    shutil.copytree(ingested, tmp_path / "here")
    house = House(tmp_path, tmp_path / "here" / "downloads", tmp_path / "here" / "metadata.sqlite", capsys)
    house.library.mkdir()
    ready, over = threading.Event(), threading.Event()

    async def serving(stash: EmbeddedStash) -> None:
        async with serve(stash) as house.url:
            ready.set()
            await asyncio.to_thread(over.wait)

    with EmbeddedStash([house.library]) as stash:
        thread = threading.Thread(target=lambda: asyncio.run(serving(stash)))
        thread.start()
        assert ready.wait(20)
        capsys.readouterr()
        yield house
        over.set()
        thread.join(20)


def seen_elsewhere(house: House) -> None:
    """Stash has the files under a path of its own."""
    shutil.copytree(house.downloads, house.library, dirs_exist_ok=True)
    house.say("sync", "--path-map", f"{house.downloads}={house.library}", "--quiet")


def seen_here(house: House) -> None:
    """The downloads lie in Stash's library."""
    house.downloads = Path(shutil.move(house.downloads, house.library / "of"))


def with_a_typo(house: House) -> None:
    """A path map whose left side is none of the downloads'."""
    seen_elsewhere(house)
    Path("stash-sync.toml").write_text('path_map = "/downlaods=/data"\n')


def renamed_folder(house: House) -> None:
    """A creator's folder has another name here than there."""
    seen_elsewhere(house)
    (house.downloads / "lena_fields_fansly").rename(house.downloads / "lena_fields_12345")


def reorganised(house: House) -> None:
    """Files were moved into folders by hand after Stash had scanned them."""
    seen_elsewhere(house)
    (house.downloads / "best of").mkdir()
    for picture in house.pictures():
        picture.rename(house.downloads / "best of" / picture.name)


def custom_names(house: House) -> None:
    """Names in which neither a row nor an id is found."""
    for number, path in enumerate(sorted(path for path in house.downloads.rglob("*") if path.is_file())):
        path.rename(path.with_name(f"my {number}{path.suffix}"))


def mixed_separators(house: House) -> None:
    """Rows whose paths have backslashes."""
    with closing(sqlite3.connect(house.database)) as connection, connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM media WHERE local_filename IS NOT NULL"
        ).fetchone()
        if not count:
            for picture in house.pictures():
                number = picture.stem.rpartition("_id_")[2]
                connection.execute(
                    "UPDATE media SET local_filename = ? WHERE id = ?", (f"C:\\dl/x\\{picture.name}", number)
                )


def behind_a_link(house: House) -> None:
    """The downloads are a link to a folder in Stash's library."""
    here = house.downloads
    seen_here(house)
    here.symlink_to(house.downloads)
    house.downloads = here


def private_files(house: House) -> None:
    """Files that only their owner may read."""
    for picture in house.pictures():
        picture.chmod(0o600)


def nothing(house: House) -> None:
    """As it is: nothing was scanned, and the library holds another folder."""
    del house


NOT_HELD, ELSEWHERE = "Stash's library does not hold", "files elsewhere: a path map is missing."

COMPLAINTS: dict[str, tuple[Callable[[House], None], int, str, str]] = {
    "no scene found, please verify the path": (
        nothing,
        7,
        NOT_HELD,
        "Add the folder in Stash (Settings, Library)",
    ),
    "a container sees other paths": (seen_elsewhere, 2, ELSEWHERE, "$ export STASH_SYNC_PATH_MAP="),
    "a path map with a typo": (with_a_typo, 2, "is about none of the downloads", "Its left side is to be"),
    "the folder is username_12345": (renamed_folder, 2, "files elsewhere", "lena_fields_12345="),
    "moved after the download": (reorganised, 2, "files elsewhere", "Next: Set the path map."),
    "customised file names": (
        custom_names,
        2,
        "files have no row",
        "let the downloader keep the media id in them",
    ),
    "the folder is a link": (behind_a_link, 7, "leads to", "downloads="),
    "no permission": (private_files, 7, "Only their owner can read", "$ chmod -R a+rX"),
    "the network's studio": (nothing, 7, "no studio 'Fansly (network)' yet", ""),
}


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_the_doctor_prints_it(house: House, complaint: str) -> None:
    """The finding, its next step, and the exit code; nobody has to guess why nothing happens."""
    prepare, code, finding, step = COMPLAINTS[complaint]
    prepare(house)
    ended, printed = house.say("doctor")
    assert finding in printed
    assert step in printed
    assert ended == code
    assert "Traceback" not in printed


def test_empty_attachments(house: House, shared: Path) -> None:
    """A database as the downloader really leaves it: what was lost is printed, and how to get it back."""
    shutil.copyfile(shared / "samples" / "downloader_v0_15_asis.sqlite", house.database)
    _, printed = house.say("doctor")
    assert "There is nothing in attachments" in printed
    assert "Next: Ingest the API payloads into a database of stash-sync's own" in printed


def test_the_scan_is_not_finished(house: House) -> None:
    """Instead of "preloaded 0 scenes": the doctor and the plan say that files wait for a scan, and the sync has it done."""
    seen_here(house)
    assert re.search(r"Stash has not scanned \d+ of \d+ files", house.say("doctor")[1])
    _, plan = house.say("sync", "--dry-run", "--quiet")
    assert "a sync has it scanned" in plan
    assert "files that Stash has not scanned yet; a sync scans first" in plan
    code, done = house.say("sync", "--quiet")
    assert (code, done.splitlines()[-2]) == (0, "Done.")
    assert "All lie where they should." in house.say("doctor")[1]


def test_mixed_separators_match(house: House) -> None:
    """Rows with backslashes and slashes match pictures and videos alike."""
    mixed_separators(house)
    seen_here(house)
    code, _ = house.say("sync", "--quiet")
    assert code == 0
    assert re.search(r"(\d+) files with a row: Stash has \1\.", house.say("doctor")[1])


def test_reorganised_files_still_match(house: House) -> None:
    """What was moved after the download is matched by its name: a sync changes nothing and makes nothing twice."""
    seen_here(house)
    house.say("sync", "--quiet")
    (house.downloads / "best of").mkdir()
    for picture in house.pictures():
        picture.rename(house.downloads / "best of" / picture.name)
    code, printed = house.say("sync", "--quiet")
    assert code == 0
    assert "created" in printed
    assert not re.search(r"^(galleries|images|scenes) +\d", printed, re.MULTILINE)


def test_a_refusal_is_passed_on(house: House) -> None:
    """Where files are left because Stash sees another path, a sync refuses before it writes, and says which setting helps."""
    code, printed = house.say("sync", "--no-scan", "--quiet")
    assert code == 7
    assert "STASH_SYNC_PATH_MAP" in printed
    assert "--force" in printed
