"""Worlds to sync: the demo's, and the samples of every version of the downloader."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from loguru import logger

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import DemoWorld, write_world
from tests.end_to_end.restoring import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stash.report import Report
    from tests.conftest import Server


@dataclass
class Setup:
    """A server with a database and downloads that its library holds."""

    server: Server
    database: Path
    downloads: Path
    world: DemoWorld | None = None

    async def sync(self, **options: Any) -> Report:
        """One run."""
        return await self.server.sync(self.database, self.downloads, **options)


async def made_world(server: Server, folder: Path, **size: int) -> Setup:
    """A made-up world, ingested, its downloads in the server's library."""
    world = write_world(folder, **size)
    downloads = server.library / f"{server.prefix}_downloads"
    shutil.move(world.downloads, downloads)
    database = await open_or_make(str(folder / "metadata.sqlite"))
    result = await ingest_paths(database, [world.payloads])
    await database.close()
    assert not result.failures
    return Setup(server, folder / "metadata.sqlite", downloads, world)


@pytest.fixture
async def demo(server: Server, tmp_path: Path) -> Setup:
    """The demo's world on the server under test."""
    return await made_world(server, tmp_path / "world")


@pytest.fixture
async def small(embedded: Server, tmp_path: Path) -> Setup:
    """A small world on the embedded Stash."""
    return await made_world(embedded, tmp_path / "world", creators=2, items=16)


SAMPLES = {
    "v0_15": ("downloader_v0_15.sqlite", "downloads"),
    "v0_15_asis": ("downloader_v0_15_asis.sqlite", "downloads"),
    "orm_era": ("downloader_orm_era.sqlite", "downloads_orm_era"),
    "sqlite_era": ("downloader_sqlite_era.sqlite3", "downloads_orm_era"),
}


@pytest.fixture(params=list(SAMPLES))
def sample(request: pytest.FixtureRequest, server: Server, shared: Path, tmp_path: Path) -> Setup:
    """A copy of real input: the database and the files of one version of the downloader."""
    database, downloads = SAMPLES[request.param]
    shutil.copyfile(shared / "samples" / database, tmp_path / database)
    folder = server.library / f"{server.prefix}_{downloads}"
    shutil.copytree(shared / "samples" / downloads, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Setup(server, tmp_path / database, folder)


@pytest.fixture
def home(small: Setup, tmp_path: Path) -> Iterator[Home]:
    """A world that was never synced."""
    home = Home(small, tmp_path)
    yield home
    home.stash.close()


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Collect the lines of the downloader's console from the level INFO on: level and message, without the time."""
    lines: list[str] = []

    def note(message: Any) -> None:
        record = message.record
        if record["extra"].get("logger") == "stash":
            lines.append(f"{record['level'].name} {record['message']}")

    handler = logger.add(note, level="INFO", format="{message}")
    yield lines
    logger.remove(handler)
