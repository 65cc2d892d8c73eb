"""Real input of every kind: each file on disk is an entity of the source's, or a line of the report."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Scene

from stash.paths import kind_of
from tests.end_to_end.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stash.report import Report
    from tests.conftest import Server

GALLERIES = {
    "v0_15": 8,
    "v0_15_asis": 1,
    "orm_era": 4,
    "sqlite_era": 4,
    "v0_15 in PostgreSQL": 8,
}
"""Items and walls with a file that Stash takes, counted from the rows by hand."""


def database_of(name: str, shared: Path, folder: Path, postgres_database: Callable[[str], str]) -> Path | str:
    """A sample, copied or restored."""
    samples = shared / "samples"
    if name in SAMPLES:
        return shutil.copyfile(samples / SAMPLES[name][0], folder / "metadata.sqlite")
    return postgres_database(
        gzip.decompress((samples / "downloader_v0_15.postgres.sql.gz").read_bytes()).decode()
    )


@pytest.mark.parametrize("name", GALLERIES)
async def test_every_file_is_an_entity_or_a_line(
    server: Server, shared: Path, tmp_path: Path, postgres_database: Callable[[str], str], name: str
) -> None:
    """Each file that Stash takes is stamped, with code, studio and performer; each other is named; twice is silent."""
    folder = server.library / f"{server.prefix}_downloads"
    tree = SAMPLES[name][1] if name in SAMPLES else "downloads"
    shutil.copytree(shared / "samples" / tree, folder)
    database = database_of(name, shared, tmp_path, postgres_database)
    report = await server.sync(database, folder)
    assert report.exit_code == 0
    await look(server, folder, report, GALLERIES[name])
    assert (await server.sync(database, folder)).requests["mutations"] == 0


def files_in(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {str(path) for path in folder.rglob("*") if path.is_file()}


async def look(server: Server, folder: Path, report: Report, galleries: int) -> None:
    """Everything below the folder, in Stash and in the report."""
    files = files_in(folder)
    taken = {path for path in files if kind_of(path)}
    assert taken
    assert {one.file: bool(one.reason) for one in report.unmatched} == dict.fromkeys(files - taken, True)
    async with server.store() as store:
        here = {"path__contains": f"/{folder.name}/"}
        found = [*await store.find(Image, **here), *await store.find(Scene, **here)]
        paths = [
            file.path for one in found for file in (one.visual_files if isinstance(one, Image) else one.files)
        ]
        assert sorted(paths) == sorted(taken)
        assert all(one.code and one.studio and one.performers for one in found)
        held = {gallery.id for one in found for gallery in one.galleries}
        assert len(held) == galleries
        assert (
            len(await store.find(Gallery, code__in=[g.code for o in found for g in o.galleries] or ["-"]))
            == galleries
        )
        assert sum(not one.galleries for one in found) == report.unattached
