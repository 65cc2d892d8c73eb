"""The whole way, from a metadata database and files to a filled Stash."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from stash.embedded import EmbeddedStash
from stash.errors import RefusedError
from stash.files.paths import kind_of
from tests.conftest import Server
from tests.end_to_end.conftest import Setup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_the_demo_world_is_complete(demo: Setup) -> None:
    """Every file with a row ends with its code, every item with media in a gallery, everything else is named."""
    report = await demo.sync()
    world = demo.world
    assert world is not None
    entities = report.entities
    assert entities["images"].updated == world.images
    assert entities["scenes"].updated == world.scenes
    assert entities["galleries"].created == world.galleries
    assert entities["chapters"].created > 0
    assert len(report.unmatched) == world.ignored + world.foreign
    assert report.exit_code == 0
    async with demo.server.store() as store:
        here = {"path__contains": f"/{demo.downloads.name}/"}
        files = [*await store.find(Image, **here), *await store.find(Scene, **here)]
        with_code = [entity for entity in files if entity.code]
        assert len(with_code) == world.taken
        assert all(entity.galleries and entity.studio and entity.performers for entity in with_code)


async def test_budgets_of_the_demo_world(demo: Setup) -> None:
    """A fresh sync needs at most 40 requests; the next one at most 10, and no mutation."""
    first, second = await demo.sync(), await demo.sync()
    assert first.header.requests["reads"] + first.header.requests["writes"] <= 40
    assert second.header.requests["reads"] + second.header.requests["writes"] <= 10
    assert second.header.requests["mutations"] == 0
    assert second.header.requests["scan"] == 0
    assert all(c.created == c.updated == 0 for c in second.entities.values())


async def test_an_unchanged_run_writes_no_row(small: Setup) -> None:
    """A second run changes no row of the database but its own record and its look."""

    def rows() -> dict[str, list[tuple]]:
        with closing(sqlite3.connect(small.database)) as connection, connection:
            names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                n: connection.execute(f'SELECT * FROM "{n}"').fetchall()
                for n in names
                if n not in {"sync_run", "sync_look"}
            }

    await small.sync()
    before = rows()
    assert before["sync_entity"]
    await small.sync()
    assert rows() == before


async def test_every_sample_file_has_a_match_or_a_reason(sample: Setup) -> None:
    """Each file of a type that Stash takes and that has a row is stamped; each other one is listed with its reason."""
    report = await sample.sync()
    files = {str(path) for path in sample.downloads.rglob("*") if path.is_file()}
    taken = {path for path in files if kind_of(path)}
    listed = {one.file for one in report.unmatched}
    assert listed == files - taken
    assert all(one.reason for one in report.unmatched)
    async with sample.server.store() as store:
        here = {"path__contains": f"/{sample.downloads.name}/"}
        found = [*await store.find(Image, **here), *await store.find(Scene, **here)]
        assert len(found) == len(taken)
        assert all(entity.code and entity.studio and entity.performers for entity in found)
        assert sum(not entity.galleries for entity in found) == report.unattached
    again = await sample.sync()
    assert again.header.requests["mutations"] == 0


async def test_dangling_attachments_are_named(sample: Setup) -> None:
    """An attachment that points nowhere is reported with its key, and stops nothing."""
    report = await sample.sync()
    with closing(sqlite3.connect(sample.database)) as connection, connection:
        dangling = connection.execute(
            "SELECT id FROM attachments WHERE \"contentType\" = 'ACCOUNT_MEDIA'"
            ' AND "contentId" NOT IN (SELECT id FROM account_media)'
        ).fetchall()
    assert {one.id for one in report.skipped if one.kind == "attachments"} == {
        str(key) for (key,) in dangling
    }
    assert report.exit_code == 0


async def test_the_downloaders_rows_get_the_stash_ids(sample: Setup) -> None:
    """The stash_id of accounts, media, posts and messages names the entity; nothing else of theirs changes."""

    def rows(table: str) -> list[dict]:
        with closing(sqlite3.connect(sample.database)) as connection, connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY id')]

    tables = ("accounts", "media", "posts", "messages")
    before = {table: rows(table) for table in tables}
    await sample.sync()
    after = {table: rows(table) for table in tables}
    async with sample.server.store() as store:
        for row in (row for row in after["media"] if row["stash_id"]):
            kind = Image if row["mimetype"].startswith("image/") else Scene
            entity = await store.get(kind, row["stash_id"])
            assert entity.code == str(row["id"])
    for table in tables:
        assert [row | {"stash_id": None} for row in after[table]] == [
            r | {"stash_id": None} for r in before[table]
        ]
    assert any(row["stash_id"] for row in after["accounts"])


async def test_a_dry_run_writes_nothing_and_plans_what_the_run_does(small: Setup) -> None:
    """A dry run sends no mutation, leaves the database file as it is, and lists the fields that the run then sets."""
    await small.sync()
    async with small.server.store() as store:
        for tag in await store.find(Tag):
            await tag.delete(store.connection)
    digest = hashlib.sha256(small.database.read_bytes()).hexdigest()
    plan = await small.sync(dry_run=True, recreate=True)
    assert plan.header.requests["mutations"] == 0
    assert hashlib.sha256(small.database.read_bytes()).hexdigest() == digest
    assert plan.plan
    done = await small.sync(recreate=True)
    planned = {
        name: (c.created, c.updated, c.unchanged) for name, c in plan.entities.items() if name != "chapters"
    }
    assert planned == {
        n: (c.created, c.updated, c.unchanged) for n, c in done.entities.items() if n != "chapters"
    }


async def test_a_dry_run_before_the_first_sync(small: Setup) -> None:
    """Before any sync, and before any scan, a dry run makes no table, and names the files that Stash does not know."""
    before = small.database.read_bytes()
    report = await small.sync(dry_run=True)
    assert small.database.read_bytes() == before
    assert report.header.requests["mutations"] == report.header.requests["scan"] == 0
    assert any("does not know" in one.reason for one in report.unmatched)


async def test_people_are_who_they_are(demo: Setup) -> None:
    """Each creator is one performer with its url, and studios stand under the network."""
    await demo.sync()
    assert demo.world is not None
    async with demo.server.store() as store:
        for username in demo.world.usernames:
            found = await store.find(Performer, url=f"https://fansly.com/{username}")
            assert len(found) == 1
            studio = await store.find_one(Studio, name=f"{username} (Fansly)")
            assert studio.parent_studio.name == "Fansly (network)"


async def test_one_creator_alone(small: Setup) -> None:
    """A sync of one creator touches that creator's files only; the other's are not even listed."""
    assert small.world is not None
    name = small.world.usernames[1]
    report = await small.sync(creators=(f"@{name.upper()}",))
    async with small.server.store() as store:
        galleries = await store.find(Gallery)
        assert galleries
        assert {gallery.studio.name for gallery in galleries} == {f"{name} (Fansly)"}
    assert not [one for one in report.unmatched if f"/{name}_fansly/" not in one.file]


async def test_two_users_of_one_database_converge(small: Setup) -> None:
    """Syncing creator by creator, or all at once, ends in the same Stash."""
    assert small.world is not None
    for name in small.world.usernames:
        await small.sync(creators=(name,))
    assert (await small.sync()).header.requests["mutations"] == 0


async def test_a_stash_made_anew_is_filled_anew(small: Setup) -> None:
    """A Stash that lacks all that was recorded is refused; told that it was made anew, it is filled, whatever its ids."""
    first = await small.sync()
    with closing(sqlite3.connect(small.database)) as connection, connection:
        yesterday = "2020-01-01T00:00:00+00:00"
        connection.execute("UPDATE sync_entity SET created_at = ?", (yesterday,))
    with EmbeddedStash([small.server.library]) as fresh:
        new = Server(
            small.server.url,
            small.server.library,
            httpx.ASGITransport(app=fresh.app),
            prefix=small.server.prefix,
        )
        anew = Setup(new, small.database, small.downloads)
        with pytest.raises(RefusedError, match="--recreate"):
            await anew.sync()
        again = await anew.sync(recreate=True)
        figures = [
            {n: (c.created, c.updated, c.kept) for n, c in run.entities.items()} for run in (first, again)
        ]
        assert figures[0] == figures[1]
        assert not again.kept


async def test_what_was_downloaded_and_is_gone_is_named(small: Setup) -> None:
    """A row that says downloaded, and whose file is not there, is reported by its key; the rest is synced."""
    with closing(sqlite3.connect(small.database)) as connection, connection:
        connection.execute("UPDATE media SET is_downloaded = 1")
        (media_id,) = connection.execute("SELECT id FROM media WHERE mimetype = 'image/jpeg'").fetchone()
    (path,) = small.downloads.rglob(f"*_{media_id}.jpeg")
    path.unlink()
    report = await small.sync()
    assert ("media", str(media_id)) in {(one.kind, one.id) for one in report.skipped}
    assert report.entities["images"].updated > 0


async def test_locked_items_are_named(small: Setup) -> None:
    """An item whose media were not bought, and of which no preview is there, is reported and stops nothing."""
    with closing(sqlite3.connect(small.database)) as connection, connection:
        (preview,) = connection.execute('SELECT "previewId" FROM account_media WHERE access = 0').fetchone()
    (path,) = small.downloads.rglob(f"*_{preview}.jpeg")
    path.unlink()
    report = await small.sync()
    assert [one.reason for one in report.skipped] == ["its media are locked"]
    assert report.exit_code == 0


async def test_postgresql_is_as_good(
    embedded: Server, shared: Path, postgres_database: Callable[[str], str]
) -> None:
    """A sync from the downloader's PostgreSQL database does what one from SQLite does, and is silent the second time."""
    dump = gzip.decompress((shared / "samples" / "downloader_v0_15.postgres.sql.gz").read_bytes()).decode()
    downloads = embedded.library / "downloads"
    shutil.copytree(shared / "samples" / "downloads", downloads)
    setup = Setup(embedded, postgres_database(dump), downloads)  # type: ignore[arg-type]
    first, second = await setup.sync(), await setup.sync()
    assert {n: (c.created, c.updated) for n, c in first.entities.items()} == {
        "performers": (3, 0),
        "studios": (4, 0),
        "tags": (3, 0),
        "galleries": (8, 0),
        "scenes": (0, 5),
        "images": (0, 4),
        "chapters": (0, 0),
    }
    assert second.header.requests["mutations"] == 0


class Impatient(httpx.AsyncBaseTransport):
    """Answers what is asked of galleries only once a tag is being made, or after a while."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._made = asyncio.Event()
        self.asked = 0
        self.was_in_vain = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        if b"tagCreate" in request.content:
            self._made.set()
        if b"findGalleries" in request.content:
            self.asked += 1
            try:
                await asyncio.wait_for(self._made.wait(), 5)
            except TimeoutError:
                self.was_in_vain = True
        return await self._inner.handle_async_request(request)


async def test_tags_are_made_while_galleries_are_looked_up(small: Setup) -> None:
    """People, studios and tags go out before anything is known of the galleries."""
    assert small.server.transport is not None
    impatient = small.server.transport = Impatient(small.server.transport)
    assert (await small.sync()).exit_code == 0
    assert impatient.asked
    assert not impatient.was_in_vain
