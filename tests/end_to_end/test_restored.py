"""A Stash that was put back from a backup, moved to another address, or replaced by another one."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.end_to_end.restoring import Home, _refused, _silent


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
    await home.undo(str(kept.header.run))
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
