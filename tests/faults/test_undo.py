"""What a run did can be taken back, that can be taken back too, and nothing of a user's goes with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash.errors import UsageError
from stash.pipeline import SyncOptions, sync, undo
from stash.settings import Settings
from tests.conftest import Silent
from tests.faults.rig import URL

if TYPE_CHECKING:
    from stash.report import Report
    from tests.faults.dumps import ServerDump
    from tests.faults.rig import Dumped, Rig

MADE = ("Performer", "Studio", "Tag", "Gallery")
WRITTEN = ("code", "details", "studio", "performers", "tags", "galleries", "urls")


def _settings(rig: Rig) -> Settings:
    return Settings(url=URL, database=str(rig.database), downloads=rig.downloads)


async def take_back(rig: Rig, run: str = "last", **options: bool) -> Report:
    """`undo RUN`."""
    chosen = SyncOptions(**options)  # type: ignore[arg-type]  # flags only
    _, report = await undo(_settings(rig), run, chosen, transport=rig.transport)
    return report


async def redo(rig: Rig) -> Report:
    """`sync --redo`."""
    return await sync(_settings(rig), SyncOptions(redo=True), Silent(), transport=rig.transport)


async def edit(rig: Rig, document: str, **variables: Any) -> dict[str, Any]:
    """What a user does in Stash."""
    async with httpx.AsyncClient(transport=rig.transport) as http:
        reply = await http.post(f"{URL}/graphql", json={"query": document, "variables": variables})
    body: dict[str, Any] = reply.json()
    assert not body.get("errors"), body
    return dict(body["data"])


def left_of(dump: ServerDump) -> list[str]:
    """What a run wrote that still stands."""
    made = [f"{kind} {one}" for kind in MADE for one in dump.entities[kind]]
    written = [
        f"{kind} {one['files']} {name}"
        for kind in ("Image", "Scene")
        for one in dump.entities[kind]
        for name in WRITTEN
        if one[name]
    ]
    return made + written


def stamped(rig: Rig) -> int:
    """How many rows of the downloader's carry an id of Stash."""
    with closing(sqlite3.connect(rig.database)) as connection:
        return sum(
            connection.execute(f"SELECT count(*) FROM {table} WHERE stash_id IS NOT NULL").fetchone()[0]
            for table in ("accounts", "posts", "messages")
        )


async def test_what_a_run_did_is_taken_back(rig: Rig) -> None:
    """Fields go back to what they were, what was made goes with its stamps, and the next sync writes nothing."""
    assert (await rig.run()).exit_code == 0
    assert left_of(await rig.server_dump())
    assert stamped(rig)
    report = await take_back(rig)
    assert report.exit_code == 0
    assert left_of(await rig.server_dump()) == []
    assert stamped(rig) == 0
    rig.asked.clear()
    again = await rig.run()
    assert again.exit_code == 0
    assert rig.mutations == 0
    assert again.report is not None
    assert any("--redo" in one.reason for one in again.report.skipped)


@pytest.mark.parametrize("way", ["undo of the undo", "sync --redo"])
async def test_it_can_be_brought_again(rig: Rig, clean: Dumped, way: str) -> None:
    """The undo of an undo, and a sync with --redo, end where the first sync ended; then there is nothing to do."""
    assert (await rig.run()).exit_code == 0
    await take_back(rig)
    await (take_back(rig, "2") if way == "undo of the undo" else redo(rig))
    assert (await rig.server_dump()).text() == clean.server
    rig.asked.clear()
    assert (await rig.run()).exit_code == 0
    assert rig.mutations == 0


async def test_what_a_user_did_since_stays(rig: Rig) -> None:
    """A title that was edited since, and a tag that was put on something else, stay; the report names the title."""
    assert (await rig.run()).exit_code == 0
    found = await edit(
        rig, "{ findImages(filter: {per_page: 1}) { images { id } } findTags { tags { id name } } }"
    )
    image, tag = found["findImages"]["images"][0]["id"], found["findTags"]["tags"][0]
    await edit(rig, 'mutation($i: ID!) { imageUpdate(input: {id: $i, title: "mine"}) { id } }', i=image)
    await edit(
        rig,
        'mutation($t: [ID!]) { performerCreate(input: {name: "Mine", tag_ids: $t}) { id } }',
        t=[tag["id"]],
    )
    report = await take_back(rig)
    dump = await rig.server_dump()
    assert [one["name"] for one in dump.entities["Tag"]] == [tag["name"]]
    assert [one["name"] for one in dump.entities["Performer"]] == ["Mine"]
    assert [one["title"] for one in dump.entities["Image"] if one["title"]] == ["mine"]
    assert [(one.type, one.id, one.field) for one in report.kept] == [("Image", image, "title")]


async def test_a_dry_run_of_it_writes_nothing(rig: Rig) -> None:
    """`undo --dry-run` plans, and sends no mutation."""
    assert (await rig.run()).exit_code == 0
    rig.asked.clear()
    report = await take_back(rig, dry_run=True)
    assert report.plan
    assert rig.mutations == 0


async def test_it_costs_few_requests(rig: Rig) -> None:
    """A run over two creators is taken back in at most 40 requests."""
    assert (await rig.run()).exit_code == 0
    rig.asked.clear()
    await take_back(rig)
    assert len(rig.asked) <= 40


async def test_an_unknown_run_is_named(rig: Rig) -> None:
    """A run that is not there is exit 2, with the next step."""
    assert (await rig.run()).exit_code == 0
    with pytest.raises(UsageError, match="runs"):
        await take_back(rig, "99")
