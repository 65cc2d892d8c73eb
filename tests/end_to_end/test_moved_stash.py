"""A wrong clock, another address, another Stash."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from stash.doctor import examine
from stash.errors import RefusedError
from stash.settings import Settings
from tests.end_to_end.restoring import URL, Home, _refused, _silent

if TYPE_CHECKING:
    from pathlib import Path

    from stash.doctor import Diagnosis


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
        assert (await home.sync()).header.requests[
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
    assert (await home.sync(is_forced=True)).header.requests["mutations"] == 0
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
        assert report.header.requests["mutations"] == 0
    moved = home.folder / "moved"
    moved.mkdir()
    home.stash.close()
    shutil.move(home.state, moved / "stash.sqlite")
    home.folder = moved
    home.start()
    assert (await home.sync()).header.requests["mutations"] == 0
    assert await home.dump() == wanted


def _another_stash(home: Home) -> Path:
    """Start another, empty Stash. Return the state of the first one."""
    first = home.state
    home.stash.close()
    home.folder = home.folder / "other"
    home.folder.mkdir()
    home.start()
    return first


async def test_another_stash_at_the_same_address(home: Home) -> None:
    """Another Stash is refused at a known address; told to go on it gets a memory of its own, and the first keeps its."""
    await home.sync()
    wanted, first = await home.dump(), _another_stash(home)
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
    wanted, first = await home.dump(), _another_stash(home)
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
    """A Stash is recognised by one request of at most 200 fields, however much was synced."""
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
