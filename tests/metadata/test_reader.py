"""Windows: what is in them, in which order, and what is wrong with it, on hand-made worlds in both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from metadata.models import ContentType
from stash.source.items import NEVER
from stash.source.reader import Reader
from tests.metadata.factories import (
    AttachmentFactory,
    StoryFactory,
    WallFactory,
    WallPostFactory,
    World,
    moment,
)
from tests.metadata.reading import media_of, read
from tests.statements import statements_of

if TYPE_CHECKING:
    from stash.source.database import Database


async def test_items_of_all_kinds_come_oldest_first(database: Database) -> None:
    """Posts, messages and stories are merged by date, then id; undated ones come last."""
    world = World()
    anna = world.account(username="anna")
    late = world.post(anna, world.offered(world.media(anna)), createdAt=moment(9))
    undated = world.post(anna, world.offered(world.media(anna)), createdAt=None)
    message = world.message(anna, world.offered(world.media(anna)), createdAt=moment(2))
    offered = world.offered(world.media(anna))
    story = world.add(StoryFactory(accountId=anna.id, contentId=offered.id, createdAt=moment(1)))
    twin = world.post(anna, world.offered(world.media(anna)), createdAt=moment(9))
    await world.save(database)
    items, problems = await read(database, "anna", size=2)
    assert [item.id for item in items] == [story.id, message.id, late.id, twin.id, undated.id]
    assert [item.kind for item in items] == ["story", "message", "post", "post", "post"]
    assert items[-1].createdAt is None
    assert items[-1].ref.createdAt == NEVER
    assert problems == []


async def test_windows_are_bounded(database: Database) -> None:
    """A window holds at most as many items as asked for, and together they hold each item once."""
    world = World()
    anna = world.account(username="anna")
    for number in range(7):
        world.post(anna, world.offered(world.media(anna)), createdAt=moment(number))
    await world.save(database)
    reader = Reader(database)
    sizes = [len(one.items) async for one in reader.pages(await reader.creator("anna"), 3)]
    assert sizes == [3, 3, 1]


async def test_a_window_that_was_begun_is_not_read_again(database: Database) -> None:
    """What was read before it was asked for is given without a statement, once; the next reading reads anew."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna, world.offered(world.media(anna)))
    await world.save(database)
    reader = Reader(database)
    creator = await reader.creator("anna")
    whole = [window async for window in reader.pages(creator)]
    await reader.begin(creator)
    for is_begun in (True, False):
        with statements_of(database) as statements:
            windows = [window async for window in reader.pages(creator)]
        assert windows == whole
        assert (not statements) == is_begun


async def test_statements_of_a_window_do_not_grow(database: Database) -> None:
    """A window costs the same number of statements for 3 and for 30 items."""
    world = World()
    for name, count in (("few", 3), ("many", 30)):
        account = world.account(username=name)
        for number in range(count):
            picture = world.media(account)
            bundle = world.bundle([world.offered(picture)])
            world.post(account, world.offered(world.media(account)), bundle, createdAt=moment(number))
    await world.save(database)
    reader = Reader(database)
    counts = []
    for name in ("few", "few", "many"):
        creator = await reader.creator(name)
        with statements_of(database) as statements:
            assert [len(window.items) async for window in reader.pages(creator)]
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 30


async def test_tips_carry_nothing(database: Database) -> None:
    """A post with nothing but a tip goal, a poll or no attachment is no item."""
    world = World()
    anna = world.account(username="anna")
    for kind in (ContentType.TIP_GOALS, ContentType.POLL, None):
        post = world.post(anna)
        if kind is not None:
            world.add(AttachmentFactory(postId=post.id, contentId=5, contentType=kind))
    await world.save(database)
    assert await read(database, "anna") == ([], [])


async def test_dangling_attachments_leave_the_item(database: Database) -> None:
    """An item whose attachments all dangle stays, without media, and each attachment is named."""
    world = World()
    anna = world.account(username="anna")
    world.account(username="bob")
    post = world.post(anna)
    for number, kind in enumerate(
        (ContentType.ACCOUNT_MEDIA, ContentType.ACCOUNT_MEDIA_BUNDLE, ContentType.AGGREGATED_POSTS)
    ):
        world.add(AttachmentFactory(id=number + 900, postId=post.id, contentId=number + 5, contentType=kind))
    await world.save(database)
    items, problems = await read(database, "anna")
    assert [item.media for item in items] == [()]
    assert sorted((one.key, one.reason, one.is_malformed) for one in problems) == [
        ("900", "the account media 5 is unknown", False),
        ("901", "the bundle 6 is unknown", False),
        ("902", "the post 7 is unknown", False),
    ]


async def test_missing_parts_are_named(database: Database) -> None:
    """A preview that is not there, and a bundle's media that are not, are named once; the rest stays."""
    world = World()
    anna = world.account(username="anna")
    one, two = world.media(anna), world.media(anna)
    offered = world.offered(one)
    offered.previewId = 11
    bundle = world.bundle([world.offered(two)])
    bundle.previewId = 12
    lost = world.bundle([world.offered(two)])
    place = next(row for row in reversed(world.rows) if row.__tablename__ == "account_media_bundle_media")
    place.media_id = 13
    world.post(anna, offered, bundle, lost, createdAt=moment(1))
    world.post(anna, offered, createdAt=moment(2))
    await world.save(database)
    items, problems = await read(database, "anna", size=1)
    assert media_of(items[0]) == [(one.id, False), (two.id, False)]
    assert sorted((one.table, one.reason) for one in problems) == [
        ("account_media", "the preview 11 is unknown"),
        ("account_media_bundle_media", "the account media 13 is unknown"),
        ("account_media_bundles", "the preview 12 is unknown"),
    ]


async def test_walls_come_in_parts_of_so_many_posts(database: Database) -> None:
    """A window holds walls with as many posts as it may hold items, or one wall that has more."""
    world = World()
    anna = world.account(username="anna")
    posts = [world.post(anna, world.offered(world.media(anna))) for _ in range(3)]
    for count in (1, 1, 3, 1):
        wall = world.add(WallFactory(accountId=anna.id))
        for post in posts[:count]:
            world.add(WallPostFactory(wallId=wall.id, postId=post.id))
    await world.save(database)
    reader = Reader(database)
    creator = await reader.creator("anna")
    windows = [window async for window in reader.pages(creator, size=2)]
    assert [len(window.items) for window in windows] == [2, 1, 2, 1, 1]


async def test_lost_attachments_are_told(foreign: Database) -> None:
    """A database with posts and files and not one attachment is told, once, with the way to get them."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna)
    world.media(anna)
    await world.save(foreign)
    reader = Reader(foreign)
    creator = await reader.creator("anna")
    for expected in (["attachments", "post_mentions"], []):
        windows = [window async for window in reader.pages(creator)]
        problems = [one for window in windows for one in window.problems]
        assert [one.key for one in problems] == expected
        assert all("ingest" in one.reason or "texts" in one.reason for one in problems)


async def test_stamps_are_read_back(database: Database) -> None:
    """Stash ids that were noted come back with creators, items and media; others stay as they are."""
    world = World()
    anna = world.account(username="anna")
    picture = world.media(anna)
    post = world.post(anna, world.offered(picture))
    message = world.message(anna, world.offered(picture), createdAt=moment(1))
    await world.save(database)
    writebacks = [("accounts", anna.id, 7), ("posts", post.id, 8), ("media", picture.id, 9)]
    async with database.begin() as connection:
        await database.write_back_ids(connection, writebacks)
        await database.write_back_ids(
            connection, [("messages", message.id, 3), ("messages", message.id, None)]
        )
    items, _ = await read(database, "anna")
    assert [item.stash_id for item in items] == [8, None]
    assert items[0].account.stash_id == 7
    assert items[0].media[0].media.stash_id == 9
    assert items[0].createdAt == datetime(2025, 1, 1, 12, tzinfo=UTC)
