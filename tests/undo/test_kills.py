"""An undo that is killed, wherever that may be, is gone on with when it is run again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.embedded import EmbeddedStash
from tests.faults.rig import numbered
from tests.faults.sizes import size

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.rig import Dumped, Template, Victims

UNDO_OF_THE_UNDO = "2"
MINE = 'mutation($gallery: ID!) { sceneCreate(input: {title: "mine", gallery_ids: [$gallery]}) { id } }'


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a database says."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(query).fetchall()


async def taken_back(victims: Victims, folder: Path, kill_at: str = "") -> dict[str, object]:
    """Sync a world and take that back, killed where so said."""
    victims.prepare(folder)
    await victims.run(folder)
    return await victims.run(folder, kill_at, undo="last")


async def wrong_with(victims: Victims, folder: Path, template: Template, expected: Dumped) -> list[str]:
    """What an undo that goes on, a sync after it, and the undo of it leave to wish for."""
    second = await victims.run(folder, undo="last")
    found = [f"exit {second['exit_code']}"] if second["exit_code"] else []
    found += filter(None, [expected.differences(await victims.dumped(folder))])
    runs = rows(folder / "metadata.sqlite", "SELECT command, outcome FROM sync_run WHERE command <> 'sync'")
    found += [f"{runs}"] if runs != [("undo 1", "done")] else []
    silent = await victims.run(folder)
    found += [f"a sync sent {silent['mutations']}"] if silent["mutations"] else []
    await victims.run(folder, undo=UNDO_OF_THE_UNDO)
    brought = (await victims.dumped(folder)).server
    return found + (["the undo of it brought something else"] if brought != template.clean.server else [])


@pytest.mark.parametrize("moment", ["before-send", "after-reply", "after-record"])
async def test_killed_at_every_boundary(
    victims: Victims, small_template: Template, tmp_path: Path, moment: str
) -> None:
    """SIGKILL at each request and each record in turn, then once more: the state, and one undo, of an undisturbed one.

    The sync after it writes nothing, and the undo of the undo brings all of it again.
    """
    folders, failures, killed = numbered(tmp_path), [], 0
    await taken_back(victims, undisturbed := next(folders))
    expected = await victims.dumped(undisturbed)
    for number in count(1, size("UNDO_STEP", 25)):
        first = await taken_back(victims, folder := next(folders), f"{number}:{moment}")
        if first["signal"] is None:
            break
        killed += 1
        wrong = await wrong_with(victims, folder, small_template, expected)
        failures += [f"{number}:{moment}: {one}" for one in wrong]
    assert killed > 0, f"nothing was killed: no {moment} was reached"
    assert not failures, f"{len(failures)} of {killed}\n" + "\n".join(failures)


async def test_what_a_user_put_there_meanwhile_stays(
    victims: Victims, small_template: Template, tmp_path: Path
) -> None:
    """A gallery that got a scene of a user's after the undo was killed stays, with that scene, and the others go."""
    for number in count(1):
        first = await taken_back(victims, folder := tmp_path / f"run{number}", f"{number}:after-reply")
        assert first["signal"] is not None, "no moment at which galleries had lost scenes and stood"
        links = rows(folder / "stash.sqlite", "SELECT * FROM scene_gallery")
        galleries = [one for (one,) in rows(folder / "stash.sqlite", "SELECT id FROM gallery ORDER BY id")]
        if not links and galleries:
            break
    with EmbeddedStash([small_template.library], state=folder / "stash.sqlite") as stash:
        transport = httpx.ASGITransport(app=stash.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded.test") as http:
            made = await http.post("/graphql", json={"query": MINE, "variables": {"gallery": galleries[0]}})
    scene = int(made.json()["data"]["sceneCreate"]["id"])
    assert (await victims.run(folder, undo="last"))["exit_code"] == 0
    assert rows(folder / "stash.sqlite", "SELECT id FROM gallery") == [(galleries[0],)]
    assert rows(folder / "stash.sqlite", "SELECT scene_id FROM scene_gallery") == [(scene,)]
