"""A Stash that was put back from a backup, moved to another address, or replaced by another one."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash import jobs
from stash.doctor import examine
from stash.embedded import EmbeddedStash
from stash.errors import RefusedError
from stash.settings import Settings
from stash.sync import SyncOptions, sync
from stash.undo.session import undo
from tests.conftest import Server, Silent
from tests.faults.clock import Seconds
from tests.faults.dumps import server_dump

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stash.doctor import Diagnosis
    from stash.report import Report
    from tests.end_to_end.conftest import Setup

URL = "http://127.0.0.1:9999"


@dataclass
class Home:
    """A small world beside a Stash whose database can be copied and put back."""

    setup: Setup
    folder: Path
    clock: Seconds = field(default_factory=lambda: Seconds(datetime(2026, 1, 1, tzinfo=UTC)))

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the Stash."""
        self.stash = EmbeddedStash([self.setup.server.library], state=self.state, clock=self.clock)
        self.server = Server(
            URL, self.setup.server.library, httpx.ASGITransport(app=self.stash.app), self.stash
        )

    @property
    def state(self) -> Path:
        """The database of Stash."""
        return self.folder / "stash.sqlite"

    def swap(self, copy_from: Path, copy_to: Path) -> None:
        """Copy a database of Stash while it is down."""
        self.stash.close()
        shutil.copyfile(copy_from, copy_to)
        self.start()

    def back_up(self) -> None:
        """Keep a copy."""
        self.swap(self.state, self.folder / "backup.sqlite")

    def restore(self) -> None:
        """Put the copy back."""
        self.swap(self.folder / "backup.sqlite", self.state)

    async def scan(self) -> None:
        """Have Stash scan its library."""
        async with self.server.store() as store:
            await jobs.scan(store.connection, [str(self.server.library)], 60)

    async def sync(self, url: str = URL, **options: Any) -> Report:
        """A run."""
        settings = Settings(url=url, database=str(self.setup.database), downloads=self.setup.downloads)
        return await sync(settings, SyncOptions(**options), Silent(), transport=self.server.transport)

    async def undo(self, run: str = "last") -> Report:
        """An undo."""
        settings = Settings(url=URL, database=str(self.setup.database), downloads=self.setup.downloads)
        return (await undo(settings, run, SyncOptions(), transport=self.server.transport))[1]

    async def dump(self) -> str:
        """All that Stash has, ids and times left out."""
        return (await server_dump(URL, self.server.library, self.server.transport)).text()

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """What a user does in Stash."""
        async with httpx.AsyncClient(transport=self.server.transport, base_url=URL) as http:
            body = (await http.post("/graphql", json={"query": document, "variables": variables})).json()
        assert not body.get("errors"), body
        return dict(body["data"])


@pytest.fixture
def home(small: Setup, tmp_path: Path) -> Iterator[Home]:
    """A world that was never synced."""
    home = Home(small, tmp_path)
    yield home
    home.stash.close()


async def _refused(home: Home, switch: str, **options: Any) -> None:
    """A run is refused with this switch, and writes nothing."""
    before = await home.dump()
    with pytest.raises(RefusedError, match=switch):
        await home.sync(**options)
    assert await home.dump() == before


async def _silent(home: Home, **options: Any) -> None:
    report = await home.sync(**options)
    assert report.requests["mutations"] == 0
    assert not report.kept


async def test_a_backup_from_before_the_first_sync(home: Home) -> None:
    """All that a restore lost is written again, after exit 7 and the switch that it names; a dry run says so, too."""
    await home.scan()
    home.back_up()
    await home.sync()
    wanted = await home.dump()
    home.restore()
    await _refused(home, "--restored")
    await _refused(home, "--restored", dry_run=True)
    plan = await home.sync(dry_run=True, is_restored=True)
    assert {("Gallery", "title"), ("Image", "code")} <= {(one.type, one.field) for one in plan.plan or ()}
    await home.sync(is_restored=True)
    assert await home.dump() == wanted
    await _silent(home)


async def test_within_one_second(home: Home) -> None:
    """A restore is told although Stash's times, in whole seconds, do not show it: nobody takes out every code."""
    home.clock.step = 0
    await test_a_backup_from_before_the_first_sync(home)


@pytest.mark.parametrize("step", [0.02, 0.08, 0.23, 0.4, 0.7])
async def test_many_writes_in_each_second(home: Home, step: float) -> None:
    """A restore is made good wherever the seconds of Stash's clock end: the last one before it is told entity by entity."""
    home.clock.step = step
    await test_a_backup_from_before_the_first_sync(home)


async def test_an_undo_within_one_second(home: Home) -> None:
    """What undo emptied is no sign of a restore, although Stash's times, in whole seconds, are those of the run."""
    home.clock.step = 0
    await home.sync()
    await home.undo()
    await _silent(home)


async def test_what_an_undo_took_out_in_the_doubtful_second_is_no_loss(home: Home) -> None:
    """Where runs and an undo are of the last second of a backup, a restore takes none of them for lost."""
    assert home.setup.world is not None
    one, other = home.setup.world.usernames
    await home.scan()
    scanned = await home.dump()
    home.clock.step = 0
    kept = await home.sync(creators=(one,))
    await home.sync(creators=(other,))
    await home.undo()
    home.back_up()
    standing = await home.dump()
    home.clock.step = 1
    with closing(sqlite3.connect(home.setup.database)) as connection:
        connection.execute("UPDATE accounts SET about = about || ' and more'")
        connection.commit()
        await home.sync(creators=(one,))
        connection.execute("UPDATE accounts SET about = replace(about, ' and more', '')")
        connection.commit()
    home.restore()
    await _refused(home, "--restored")
    await home.sync(is_restored=True)
    assert await home.dump() == standing
    await home.undo(str(kept.run))
    assert await home.dump() == scanned


@pytest.mark.parametrize("is_scanned", [False, True])
async def test_a_backup_from_between_two_runs(home: Home, is_scanned: bool) -> None:
    """What the second run made is made again, whether its files were scanned before the backup or after it."""
    hidden = max(home.setup.downloads.rglob("*.jpeg"))
    aside = home.folder / hidden.name
    shutil.move(hidden, aside)
    await home.sync()
    if is_scanned:
        shutil.move(aside, hidden)
        await home.scan()
    home.back_up()
    if not is_scanned:
        shutil.move(aside, hidden)
    with closing(sqlite3.connect(home.setup.database)) as connection, connection:
        connection.execute("UPDATE accounts SET about = about || ' and more'")
    await home.sync()
    wanted = await home.dump()
    home.restore()
    await _refused(home, "--restored")
    await home.sync(is_restored=True)
    assert await home.dump() == wanted
    await _silent(home)


async def test_what_the_user_did_before_the_backup_stays(home: Home) -> None:
    """An emptied title and a removed tag stay so; what a later run wrote to the same image is written again."""
    await home.sync()
    images = (await home.ask("{ findImages(filter: {per_page: -1}) { images { id title tags { id } } } }"))[
        "findImages"
    ]
    tagged = next(one for one in images["images"] if one["tags"])
    await home.ask(
        "mutation($i: ImageUpdateInput!) { imageUpdate(input: $i) { id } }",
        i={"id": tagged["id"], "title": "", "tag_ids": []},
    )
    await home.sync()
    home.back_up()
    with closing(sqlite3.connect(home.setup.database)) as connection, connection:
        connection.execute("UPDATE posts SET content = content || ' and more'")
        connection.execute("UPDATE messages SET content = content || ' and more'")
    await home.sync()
    wanted = await home.dump()
    home.restore()
    await _refused(home, "--restored")
    await home.sync(is_restored=True)
    assert await home.dump() == wanted
    here = await home.ask("query($i: ID) { findImage(id: $i) { title tags { id } } }", i=tagged["id"])
    assert here["findImage"] == {"title": "", "tags": []}


async def test_a_clock_that_was_wrong(home: Home) -> None:
    """A clock that is set back looks like a restore once all is edited: --force goes on, and no later run asks."""
    await home.sync()
    home.clock.moment = datetime(2025, 1, 1, tzinfo=UTC)
    types = {
        "image": "images",
        "scene": "scenes",
        "gallery": "galleries",
        "performer": "performers",
        "studio": "studios",
    }
    for name, plural in (types | {"tag": "tags"}).items():
        assert (await home.sync()).requests[
            "mutations"
        ] == 0  # whatever is not edited tells that nothing was put back
        many, one = f"find{plural.capitalize()}", name.capitalize()
        found = await home.ask(f"{{ {many}(filter: {{per_page: -1}}) {{ {plural} {{ id }} }} }}")
        for row in found[many][plural]:
            mutation = f"mutation($i: {one}UpdateInput!) {{ {name}Update(input: $i) {{ id }} }}"
            await home.ask(
                mutation, i={"id": row["id"]} | ({"favorite": True} if name == "tag" else {"rating100": 20})
            )
    await _refused(home, "--force")
    assert (await home.sync(is_forced=True)).requests["mutations"] == 0
    await _silent(home)


async def test_the_same_stash_elsewhere(home: Home) -> None:
    """Another address, scheme or path of its database is no other Stash: what the user deleted stays deleted."""
    await home.sync()
    tags = await home.ask("{ findTags(filter: {per_page: 1}) { tags { id } } }")
    galleries = await home.ask("{ findGalleries(filter: {per_page: 1}) { galleries { id } } }")
    await home.ask("mutation($i: ID!) { tagDestroy(input: {id: $i}) }", i=tags["findTags"]["tags"][0]["id"])
    gallery = galleries["findGalleries"]["galleries"][0]["id"]
    await home.ask("mutation($i: ID!) { galleryDestroy(input: {ids: [$i]}) }", i=gallery)
    wanted = await home.dump()
    for url in ("http://localhost:9999", "HTTP://stash.lan", "http://stash:80", URL):
        report = await home.sync(url)
        assert report.requests["mutations"] == 0
    moved = home.folder / "moved"
    moved.mkdir()
    home.stash.close()
    shutil.move(home.state, moved / "stash.sqlite")
    home.folder = moved
    home.start()
    assert (await home.sync()).requests["mutations"] == 0
    assert await home.dump() == wanted


async def test_another_stash_at_the_same_address(home: Home) -> None:
    """Another Stash is refused at a known address; told to go on it gets a memory of its own, and the first keeps its."""
    await home.sync()
    wanted, first = await home.dump(), home.state
    home.stash.close()
    home.folder = home.folder / "other"
    home.folder.mkdir()
    home.start()
    await home.scan()
    await _refused(home, "--recreate")
    await home.sync(recreate=True)
    assert await home.dump() == wanted
    await _silent(home)
    home.stash.close()
    home.folder = first.parent
    home.start()
    await _silent(home)
    assert await home.dump() == wanted


async def test_a_new_stash_at_another_address_is_filled(home: Home) -> None:
    """A second Stash elsewhere is told apart without a question, and its writes leave the first one's memory alone."""
    await home.sync()
    wanted, first = await home.dump(), home.state
    home.stash.close()
    home.folder = home.folder / "other"
    home.folder.mkdir()
    home.start()
    await home.sync("http://other:9999")
    assert await home.dump() == wanted
    home.stash.close()
    home.folder = first.parent
    home.start()
    await _silent(home)


async def test_the_doctor_says_so(home: Home) -> None:
    """The doctor names a restore with the switch and exit code of a sync, and where a moved Stash was before."""

    async def examined(url: str) -> Diagnosis:
        settings = Settings(url=url, database=str(home.setup.database), downloads=home.setup.downloads)
        return await examine(settings, transport=home.server.transport)

    await home.scan()
    home.back_up()
    await home.sync()
    moved = await examined("http://elsewhere")
    assert [URL in one.title for one in moved.findings if "was synced at" in one.title] == [True]
    assert moved.exit_code == 0
    home.restore()
    restored = await examined(URL)
    assert restored.exit_code == RefusedError.exit_code
    assert [one.level for one in restored.findings if "--restored" in one.next_step] == ["problem"]


async def test_to_ask_costs_one_request(home: Home) -> None:
    """Which Stash it is, is asked in one request, of at most 200 fields, however much was synced."""
    await home.sync()
    asked: list[tuple[str, ...]] = []

    async def note(call: Any, proceed: Any) -> Any:
        asked.append(call.fields)
        return await proceed()

    home.stash.middleware.append(note)
    await home.sync()
    samples = [one for one in asked if "findPerformer" in one]
    assert len(samples) == 1
    assert len(samples[0]) <= 200


async def test_nothing_is_written_where_a_later_creator_is_gone(home: Home) -> None:
    """Most of the second creator is gone from Stash: the run is refused before the first one is written."""
    await home.sync()
    assert home.setup.world is not None
    second = home.setup.world.usernames[1]
    gone = await home.ask(
        "query($n: String!) { images: findImages(filter: {per_page: -1}, image_filter: {path: {value: $n, modifier: INCLUDES}})"
        " { images { id } } scenes: findScenes(filter: {per_page: -1}, scene_filter: {path: {value: $n, modifier: INCLUDES}})"
        " { scenes { id } } }",
        n=f"/{second}_fansly/",
    )
    for name, one in (("images", "imagesDestroy"), ("scenes", "scenesDestroy")):
        ids = [row["id"] for row in gone[name][name]]
        await home.ask(f"mutation($i: [ID!]!) {{ {one}(input: {{ids: $i}}) }}", i=ids)
    galleries = await home.ask("{ findGalleries(filter: {per_page: -1}) { galleries { id image_count } } }")
    empty = [one["id"] for one in galleries["findGalleries"]["galleries"] if not one["image_count"]]
    await home.ask("mutation($i: [ID!]!) { galleryDestroy(input: {ids: $i}) }", i=empty)
    with closing(sqlite3.connect(home.setup.database)) as connection, connection:
        connection.execute("UPDATE posts SET content = content || ' and more'")
    before = await home.dump()
    with pytest.raises(RefusedError, match=second):
        await home.sync()
    assert await home.dump() == before
