"""Pictures of people: what undo takes back of them, what it leaves, and what comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Performer

from stash.demo import files
from stash.files.content import picture_url
from stash.journal import Journal
from stash.processing.base import UNDONE
from stash.source.database import Database
from stash.sync import SyncOptions
from stash.undo.planner import EDITED
from stash.undo.session import undo
from tests.mapping.conftest import case  # noqa: F401 - a fixture
from tests.metadata.factories import AvatarFactory, moment

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case


@pytest.fixture
def world(case: Case) -> Case:  # noqa: F811 - the fixture
    """A creator with a post."""
    case.anna = case.rows.account(username="anna")
    case.post(case.anna, case.picture(case.anna))
    return case


async def give(world: Case, number: int) -> bytes:
    """Give the creator a new avatar; answers the picture."""
    face = world.picture(world.anna, at="Pictures", local_filename=f"{number}.jpeg", createdAt=moment(number))
    world.rows.add(AvatarFactory(accountId=world.anna.id, mediaId=face.id))
    await world.save()
    return files.jpeg(str(face.id))


async def shown(world: Case) -> bytes | None:
    """The picture in Stash, None for the default one or where there is nobody."""
    async with world.stash() as store:
        for performer in await store.find(Performer):
            if "default=true" not in str(performer.image_path):
                return await store.connection.picture("performer", performer.id)
    return None


async def take_back(world: Case, run: object = "last", **options: Any) -> Report:
    """Undo a run."""
    chosen = SyncOptions(server=world.server.prefix, **options)
    return (await undo(world.settings(), str(run), chosen, transport=world.server.transport))[1]


async def test_each_picture_gives_way_to_the_one_before(world: Case) -> None:
    """A second avatar goes back to the first, the first to none; syncs after it leave it so and say so, --redo sends it."""
    first = await give(world, 1)
    await world.sync()
    second = await give(world, 2)
    run = await world.sync()
    assert await shown(world) == second
    await take_back(world)
    assert await shown(world) == first
    again = await world.sync()
    assert again.header.requests["mutations"] == 0
    assert UNDONE in {one.reason for one in again.skipped}
    await world.sync(redo=True)
    assert await shown(world) == second
    await take_back(world)
    assert await shown(world) == first
    await take_back(world, run.header.run - 1 if run.header.run else None)
    assert await shown(world) is None


async def test_a_picture_that_a_run_gave_to_somebody_of_the_users_goes(world: Case) -> None:
    """A performer that stood without a picture has none again, and an undo of the undo gives it back."""
    sent = await give(world, 1)
    await world.scan()
    async with world.stash() as store:
        await store.create(Performer, name="anna", urls=["https://fansly.com/anna"])
    await world.sync()
    assert await shown(world) == sent
    report = await take_back(world)
    assert await shown(world) is None
    assert not report.kept
    await take_back(world, report.header.run)
    assert await shown(world) == sent


async def test_a_made_performer_comes_again_with_its_picture(world: Case) -> None:
    """An undo of the undo makes the performer with the picture that it had."""
    sent = await give(world, 1)
    await world.sync()
    report = await take_back(world)
    assert report.removed["performers"] == 1
    await take_back(world, report.header.run)
    assert await shown(world) == sent
    assert (await world.sync()).header.requests["mutations"] == 0


async def test_a_users_picture_stays(world: Case) -> None:
    """What a user put in place of the avatar is kept, on a performer of the user's and on a made one; --force takes it."""
    await give(world, 1)
    await world.sync()
    mine = files.jpeg("mine")
    async with world.stash() as store:
        (performer,) = await store.find(Performer)
        store.attach(performer, image=picture_url(mine))
        await store.flush()
    report = await take_back(world)
    assert EDITED in {one.reason for one in report.skipped if one.kind == "account"}
    assert await shown(world) == mine
    await take_back(world, 1, is_forced=True)
    assert await shown(world) is None


async def test_a_users_custom_field_stays(world: Case) -> None:
    """A performer that the run made and to whom a user gave a custom field of their own is not taken out."""
    await give(world, 1)
    await world.run(world.settings(extras=frozenset({"account_id"})), server=world.server.prefix)
    async with world.stash() as store:
        (performer,) = await store.find(Performer)
        performer.custom_fields = {**performer.custom_fields, "mine": "yes"}
        await store.flush()
    report = await take_back(world)
    assert EDITED in {one.reason for one in report.skipped if one.kind == "account"}


async def test_the_journal_has_the_picture_before(world: Case) -> None:
    """The journal has the mark of what was sent, and of the picture before the picture itself."""
    first = await give(world, 1)
    await world.sync()
    await give(world, 2)
    run = await world.sync()
    async with await Database.open(str(world.database)) as database:
        operations = await (await Journal.open(database)).log.entries(run.header.run or 0)
    (sent,) = [one for one in operations if "image" in one.after]
    assert sent.before["image"] == picture_url(first)
    assert len(sent.after["image"]) == 32
