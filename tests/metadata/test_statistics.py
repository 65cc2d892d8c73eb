"""What a database holds, counted: for the doctor, and to tell how far a run is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.source.reader import Reader
from tests.metadata.factories import World

if TYPE_CHECKING:
    from stash.source.database import Database


async def filled(database: Database) -> World:
    """Two creators, with posts, messages in a group, a wall and a loose media."""
    world = World()
    anna, bea = world.account(username="anna"), world.account(username="bea")
    for number in range(3):
        world.post(anna, world.offered(world.media(anna)), content=f"Post {number}")
    world.post(anna, content="Nothing but words")
    world.post(bea, world.offered(world.media(bea)))
    reader = world.account(username="reader")
    group = world.group(anna, reader)
    world.message(anna, world.offered(world.media(anna)), groupId=group.id)
    world.message(reader, world.offered(world.media(reader)), groupId=group.id)
    world.media(bea, local_filename="loose.jpeg", is_downloaded=True)
    await world.save(database)
    return world


async def test_rows_are_counted(foreign: Database) -> None:
    """Rows by table, and media with a file, whatever the kind of the database."""
    await filled(foreign)
    statistics = await Reader(foreign).statistics()
    assert {name: statistics.rows[name] for name in ("accounts", "posts", "messages", "media")} == {
        "accounts": 3,
        "posts": 5,
        "messages": 2,
        "media": 7,
    }
    assert statistics.with_file == 7
    assert statistics.losses == ()


async def test_lost_attachments_are_named(foreign: Database) -> None:
    """A database with posts and files and no attachments says so, and how to get them back."""
    await filled(foreign)
    async with foreign.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM attachments")
    losses = (await Reader(foreign).statistics()).losses
    assert "attachments" in {one.key for one in losses}
    assert all("; " in one.reason for one in losses if one.key == "attachments")


async def test_the_estimate_is_what_a_run_goes_through(foreign: Database) -> None:
    """The estimate of a creator counts the items that the windows hold, and loose media; nothing else."""
    await filled(foreign)
    reader = Reader(foreign)
    for creator in await reader.creators():
        items = sum([len(window.items) async for window in reader.pages(creator)])
        loose = sum([len(part) async for part in reader.unattached(creator)])
        assert await reader.estimate([creator]) == items + loose > 0


async def test_usernames_are_looked_up_by_id(foreign: Database) -> None:
    """Accounts have the name of their row; unknown ids are absent."""
    await filled(foreign)
    reader = Reader(foreign)
    anna = await reader.creator("anna")
    assert await reader.usernames({anna.id, 1}) == {anna.id: "anna"}
    assert await reader.usernames(set()) == {}
