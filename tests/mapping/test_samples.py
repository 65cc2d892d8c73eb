"""Real input of every kind: each file on disk is an entity of the source's, or a line of the report."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Scene

from metadata.models import Attachment
from stash.files.paths import kind_of
from tests.end_to_end.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stash.report import Report
    from tests.conftest import Server

GALLERIES = {
    "v0_15": 8,
    "v0_15_asis": 1,
    "orm_era": 4,
    "sqlite_era": 4,
    "v0_15 in PostgreSQL": 8,
    "v0_15_asis in PostgreSQL": 1,
    "orm_era in PostgreSQL": 4,
}
"""Items and walls with a file that Stash takes, counted from the rows by hand."""


def database_of(name: str, shared: Path, folder: Path, postgres_database: Callable[[str], str]) -> Path | str:
    """A sample, copied or restored."""
    samples, era = shared / "samples", name.removesuffix(" in PostgreSQL")
    if era not in {name, "v0_15"}:
        return postgres_database("".join(as_postgresql(samples / SAMPLES[era][0])))
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
    tree = SAMPLES[name.removesuffix(" in PostgreSQL")][1]
    shutil.copytree(shared / "samples" / tree, folder)
    database = database_of(name, shared, tmp_path, postgres_database)
    report = await server.sync(database, folder)
    assert report.exit_code == 0
    await look(server, folder, report, GALLERIES[name])
    assert (await server.sync(database, folder)).header.requests["mutations"] == 0


def as_postgresql(sample: Path) -> Iterator[str]:
    """A SQLite copy as the statements that make it in PostgreSQL, with the instants of before March 2026: without a zone."""
    types = {"DATETIME": "timestamp", "BOOLEAN": "boolean", "FLOAT": "float8"}
    yield f"CREATE TYPE contenttype AS ENUM {tuple(Attachment.__table__.c.contentType.type.impl.enums)};\n"
    with closing(sqlite3.connect(f"file:{sample}?mode=ro&immutable=1", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            kinds = {
                name: "contenttype"
                if (table, name) == ("attachments", "contentType")
                else types.get(kind, kind)
                for _, name, kind, *_ in columns
            }
            inside = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            yield f'CREATE TABLE "{table}" ({inside});\n'
            quoted = ", ".join(f'quote("{name}")' for name in kinds)
            for row in connection.execute(f'SELECT {quoted} FROM "{table}"'):
                values = [
                    f"'{v}'" if kind == "boolean" else v for v, kind in zip(row, kinds.values(), strict=True)
                ]
                yield f'INSERT INTO "{table}" VALUES ({", ".join(values)});\n'.replace("'NULL'", "NULL")


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
