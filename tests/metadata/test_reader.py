"""The reader on hand-made worlds, in both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from metadata import reader
from metadata.errors import UnknownCreatorError
from metadata.items import NEVER, Creator, Item, ItemRef, Problem
from metadata.models import ContentType, PinnedPost
from metadata.reader import Reader
from metadata.reading.files import find_owners
from tests.metadata.factories import (
    START,
    AttachmentFactory,
    AvatarFactory,
    MediaVariantFactory,
    PostMentionFactory,
    StoryFactory,
    WallFactory,
    WallPostFactory,
    World,
    moment,
)
from tests.statements import statements_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metadata.database import Database


async def read(database: Database, name: str, size: int = 1000) -> tuple[list[Item], list[Problem]]:
    """All items of a creator, and what was wrong."""
    reader = Reader(database)
    items: list[Item] = []
    problems: list[Problem] = []
    async for window in reader.windows(await reader.creator(name), size):
        items += window.items
        problems += window.problems
    return items, problems


async def loose(database: Database, creator: Creator) -> list[int]:
    """Unattached media of a creator."""
    return [one.id async for media in Reader(database).unattached(creator) for one in media]


def media_of(item: Item) -> list[tuple[int, bool]]:
    """Which media an item holds, and which of them are previews."""
    return [(place.media.id, place.is_preview) for place in item.media]


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
    sizes = [len(one.items) async for one in reader.windows(await reader.creator("anna"), 3)]
    assert sizes == [3, 3, 1]


async def test_a_window_that_was_begun_is_not_read_again(database: Database) -> None:
    """What was read before it was asked for is given without a statement, once; the next reading reads anew."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna, world.offered(world.media(anna)))
    await world.save(database)
    reader = Reader(database)
    creator = await reader.creator("anna")
    whole = [window async for window in reader.windows(creator)]
    await reader.begin(creator)
    for is_begun in (True, False):
        with statements_of(database) as statements:
            windows = [window async for window in reader.windows(creator)]
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
            assert [len(window.items) async for window in reader.windows(creator)]
        counts.append(len(statements))
    assert counts[1] == counts[2] <= 30


async def test_media_keep_the_sources_order(database: Database) -> None:
    """Direct media come first, then bundles by position, each followed by its preview; each media once."""
    world = World()
    anna = world.account(username="anna")
    one, two, three, four, cover, preview = (world.media(anna) for _ in range(6))
    bundle = world.bundle([world.offered(three), world.offered(two), world.offered(one)], cover)
    world.post(anna, bundle, world.offered(one, preview), world.offered(four))
    await world.save(database)
    items, _ = await read(database, "anna")
    assert media_of(items[0]) == [
        (one.id, False),
        (preview.id, True),
        (four.id, False),
        (three.id, False),
        (two.id, False),
        (cover.id, True),
    ]


async def test_content_beats_preview(database: Database) -> None:
    """A media that is a preview here and content there is content, at its first place."""
    world = World()
    anna = world.account(username="anna")
    one, two = world.media(anna), world.media(anna)
    world.post(anna, world.offered(one, two), world.offered(two))
    await world.save(database)
    items, _ = await read(database, "anna")
    assert media_of(items[0]) == [(one.id, False), (two.id, False)]


async def test_locked_media_are_marked(database: Database) -> None:
    """Without access the media is locked, and its preview is not."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna, world.offered(world.media(anna), world.media(anna), access=False))
    await world.save(database)
    items, _ = await read(database, "anna")
    assert [(place.is_locked, place.is_preview) for place in items[0].media] == [(True, False), (False, True)]


async def test_an_attachment_may_name_the_other_type(database: Database) -> None:
    """An attachment that says bundle but names account media brings that media, and the other way round."""
    world = World()
    anna = world.account(username="anna")
    one, two = world.media(anna), world.media(anna)
    offered, bundle = world.offered(one), world.bundle([world.offered(two)])
    post = world.post(anna, createdAt=moment(1))
    swapped = ((offered, ContentType.ACCOUNT_MEDIA_BUNDLE), (bundle, ContentType.ACCOUNT_MEDIA))
    for pos, (content, kind) in enumerate(swapped):
        world.add(AttachmentFactory(postId=post.id, contentId=content.id, contentType=kind, pos=pos))
    await world.save(database)
    items, problems = await read(database, "anna")
    assert media_of(items[0]) == [(one.id, False), (two.id, False)]
    assert problems == []
    assert await loose(database, items[0].account) == []


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


async def test_aggregated_posts_are_carried_along(database: Database) -> None:
    """A carried post brings its media, nested ones too, and a cycle ends."""
    world = World()
    anna, bella = world.account(username="anna"), world.account(username="bella")
    one, two, three = world.media(bella), world.media(bella), world.media(anna)
    inner = world.post(bella, world.offered(two), createdAt=moment(1))
    outer = world.post(bella, world.offered(one), inner, createdAt=moment(2), content="Outer")
    top = world.post(anna, outer, world.offered(three), createdAt=moment(3))
    world.add(
        AttachmentFactory(postId=inner.id, contentId=top.id, contentType=ContentType.AGGREGATED_POSTS, pos=9)
    )
    await world.save(database)
    items, problems = await read(database, "anna")
    assert problems == []
    assert media_of(items[0]) == [(three.id, False), (one.id, False), (two.id, False)]
    carried = items[0].aggregated
    assert [(post.id, post.content, post.createdAt) for post in carried] == [(outer.id, "Outer", moment(2))]
    assert carried[0].account is not None
    assert carried[0].account.username == "bella"
    assert [place.media.id for place in carried[0].media] == [one.id, two.id, three.id]
    assert {place.owner.id for place in items[0].media} == {inner.id}


async def test_who_only_carries_posts_is_a_creator(database: Database) -> None:
    """An account, or a message's, is a creator if the posts that it carries have files."""
    world = World()
    anna, bella, cleo = (world.account(username=name) for name in ("anna", "bella", "cleo"))
    original = world.post(bella, world.offered(world.media(bella)))
    world.post(anna, original)
    world.message(cleo, original)
    await world.save(database)
    assert [one.username for one in await Reader(database).creators()] == ["anna", "bella", "cleo"]


async def test_the_earliest_item_owns_shared_media(database: Database) -> None:
    """Of all items of the database the earliest owns a media, as content, preview, in a bundle or a story."""
    world = World()
    anna, bella = world.account(username="anna"), world.account(username="bella")
    shared, other, alone = world.media(anna), world.media(anna), world.media(anna)
    offered = world.offered(shared)
    message = world.message(bella, world.bundle([offered]), createdAt=moment(1))
    story = world.add(
        StoryFactory(accountId=bella.id, contentId=world.offered(other).id, createdAt=moment(2))
    )
    post = world.post(anna, offered, world.offered(alone, other), createdAt=moment(3))
    world.post(anna, world.offered(other), createdAt=None)
    await world.save(database)
    items, _ = await read(database, "anna")
    assert {place.media.id: place.owner for place in items[0].media} == {
        shared.id: ItemRef(moment(1), message.id, "message"),
        other.id: ItemRef(moment(2), story.id, "story"),
        alone.id: ItemRef(moment(3), post.id, "post"),
    }
    theirs, _ = await read(database, "bella")
    assert [place.owner.id for item in theirs for place in item.media] == [message.id, story.id]


async def test_variants_come_with_their_media(database: Database) -> None:
    """A media knows its variants, in order of id, and a variant with a file makes its parent downloaded."""
    world = World()
    anna = world.account(username="anna")
    parent = world.media(anna, is_downloaded=False, local_filename=None)
    one, two = world.media(anna), world.media(anna, is_downloaded=False, local_filename=None)
    for variant in (two, one, parent):
        world.add(MediaVariantFactory(mediaId=parent.id, variantId=variant.id))
    world.post(anna, world.offered(parent))
    await world.save(database)
    items, _ = await read(database, "anna")
    assert [one.id for one in items[0].media[0].media.variants] == [one.id, two.id]
    assert await loose(database, items[0].account) == []


async def test_hashtags_come_as_in_the_text(database: Database) -> None:
    """Hashtags stand in the order of the text, those it does not show after them by value, in lower case."""
    world = World()
    anna = world.account(username="anna")
    post = world.post(anna, world.offered(world.media(anna)), content="#Zebra and ##apple, #zebra #mango")
    world.tag(post, "mango", "apple", "yard", "Zebra", "beta")
    await world.save(database)
    items, _ = await read(database, "anna")
    assert [one.value for one in items[0].hashtags] == ["zebra", "apple", "mango", "beta", "yard"]


async def test_mentions_find_their_accounts(database: Database) -> None:
    """A mention finds its account by id, else by its handle in any case; unknown ones keep the handle."""
    world = World()
    anna, bella, cleo = (world.account(username=name) for name in ("anna", "bella", "Cleo"))
    post = world.post(anna, world.offered(world.media(anna)))
    for handle, account in (("old_bella", bella.id), ("cleo", None), ("@nobody", None), ("gone", 5)):
        world.add(PostMentionFactory(postId=post.id, handle=handle, accountId=account))
    await world.save(database)
    items, problems = await read(database, "anna")
    found = [
        (one.handle, one.accountId, one.account and one.account.username) for one in items[0].accountMentions
    ]
    assert found == [
        ("old_bella", bella.id, "bella"),
        ("cleo", cleo.id, "Cleo"),
        ("nobody", None, None),
        ("gone", 5, None),
    ]
    assert problems == []


async def test_messages_belong_to_their_sender_or_the_partner(database: Database) -> None:
    """A creator's message is the sender's, the reader's own is the partner's, and the reader is no creator."""
    world = World()
    reader, anna, bella = (world.account(username=name) for name in ("reader", "anna", "bella"))
    group, other = world.group(reader, anna, maker=reader), world.group(reader, bella, maker=reader)
    sent = [
        world.message(anna, world.offered(world.media(anna)), groupId=group.id, createdAt=moment(1)),
        world.message(reader, world.offered(world.media(reader)), groupId=group.id, createdAt=moment(2)),
        world.message(bella, world.offered(world.media(bella)), groupId=other.id, createdAt=moment(3)),
        world.message(reader, world.offered(world.media(reader)), recipientId=anna.id, createdAt=moment(4)),
    ]
    await world.save(database)
    assert [one.username for one in await Reader(database).creators()] == ["anna", "bella"]
    items, problems = await read(database, "anna")
    assert [item.id for item in items] == [sent[0].id, sent[1].id, sent[3].id]
    assert {item.account.username for item in items} == {"anna"}
    assert [item.groupId for item in items] == [group.id, group.id, None]
    assert problems == []


async def test_a_groups_messages_keep_their_senders(database: Database) -> None:
    """In a group of several creators each sees all messages, and each message stays its sender's."""
    world = World()
    reader, anna, bella = (world.account(username=name) for name in ("reader", "anna", "bella"))
    group = world.group(reader, anna, bella, maker=reader)
    for sender in (anna, bella):
        world.message(sender, world.offered(world.media(sender)), groupId=group.id)
    await world.save(database)
    for name in ("anna", "bella"):
        items, _ = await read(database, name)
        assert [item.account.username for item in items] == ["anna", "bella"]


@pytest.mark.parametrize("maker", ["reader", "anna", None])
async def test_the_reader_is_found_however_made_the_group(database: Database, maker: str | None) -> None:
    """Who takes part in most groups and owns no files reads, even where a partner made the group."""
    world = World()
    names = ("reader", "anna", "bella")
    people = {name: world.account(username=name) for name in names}
    made_by = people.get(maker or "")
    group = world.group(people["reader"], people["anna"], maker=made_by)
    world.group(people["reader"], people["bella"], maker=people["reader"])
    world.message(people["anna"], world.offered(world.media(people["anna"])), groupId=group.id)
    await world.save(database)
    assert [one.username for one in await Reader(database).creators()] == ["anna"]


async def test_a_reader_with_posts_of_its_own_is_a_creator(database: Database) -> None:
    """Who made all groups but has files in own posts is a creator; its partners stay creators too."""
    world = World()
    anna, bella = world.account(username="anna"), world.account(username="bella")
    group = world.group(anna, bella, maker=anna)
    world.post(anna, world.offered(world.media(anna)))
    world.message(bella, world.offered(world.media(bella)), groupId=group.id)
    await world.save(database)
    assert [one.username for one in await Reader(database).creators()] == ["anna", "bella"]


async def test_media_without_an_item_are_unattached(database: Database) -> None:
    """Media that nothing holds are unattached; held ones, variants, avatars and previews are not."""
    world = World()
    anna = world.account(username="anna", id=800_000_000_000_000_000)
    held, preview, parent, variant, avatar = (world.media(anna) for _ in range(5))
    world.offered(parent)
    world.add(MediaVariantFactory(mediaId=parent.id, variantId=variant.id))
    world.add(AvatarFactory(accountId=anna.id, mediaId=avatar.id))
    world.post(anna, world.offered(held, preview))
    bob = world.account(username="bob", id=800_000_000_000_000_001)
    lonely = world.media(bob)
    await world.save(database)
    reader = Reader(database)
    creators = await reader.creators()
    assert [one.username for one in creators] == ["anna", "bob"]
    assert creators[0].avatar is not None
    assert creators[0].avatar.id == avatar.id
    assert await loose(database, creators[0]) == [parent.id]
    assert await loose(database, creators[1]) == [lonely.id]


async def test_variants_of_each_other_are_not_lost(foreign: Database) -> None:
    """Of two media that name each other as variants one is unattached, so no file is lost."""
    world = World()
    anna = world.account(username="anna")
    one, two = world.media(anna), world.media(anna)
    world.add(MediaVariantFactory(mediaId=one.id, variantId=two.id))
    world.add(MediaVariantFactory(mediaId=two.id, variantId=one.id))
    await world.save(foreign)
    creator = await Reader(foreign).creator("anna")
    assert await loose(foreign, creator) == [min(one.id, two.id)]


@pytest.mark.parametrize("kind", ["post", "message", "story", "variant", "loose"])
async def test_downloaded_media_make_a_creator(foreign: Database, kind: str) -> None:
    """In the downloader's database an account is a creator by media with a file, wherever they are."""
    world = World()
    anna, bella = world.account(username="anna"), world.account(username="bella")
    for account, has_file in ((anna, True), (bella, False)):
        name = {} if has_file else {"is_downloaded": False, "local_filename": None}
        media = world.media(account, **name)
        if kind == "variant":
            variant, media = media, world.media(account, is_downloaded=False, local_filename=None)
            world.add(MediaVariantFactory(mediaId=media.id, variantId=variant.id))
        if kind in ("post", "variant"):
            world.post(account, world.offered(media))
        elif kind == "message":
            world.message(account, world.offered(media))
        elif kind == "story":
            world.add(StoryFactory(accountId=account.id, contentId=world.offered(media).id))
    await world.save(foreign)
    assert [one.username for one in await Reader(foreign).creators()] == ["anna"]


@pytest.mark.parametrize("name", [{"is_downloaded": True, "local_filename": None}, {"is_downloaded": False}])
async def test_either_sign_of_a_file_counts(foreign: Database, name: dict[str, object]) -> None:
    """A media has a file if its row says downloaded, or names a file."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna, world.offered(world.media(anna, **name)))
    await world.save(foreign)
    assert [one.username for one in await Reader(foreign).creators()] == ["anna"]


async def test_the_newest_avatar_with_a_file_counts(database: Database) -> None:
    """Of several avatars the newest one that was downloaded is the account's."""
    world = World()
    anna = world.account(username="anna")
    avatars = [
        world.media(anna, createdAt=moment(1)),
        world.media(anna, createdAt=moment(2)),
        world.media(anna, createdAt=moment(3), is_downloaded=False, local_filename=None),
    ]
    for one in avatars:
        world.add(AvatarFactory(accountId=anna.id, mediaId=one.id))
    await world.save(database)
    creator = await Reader(database).creator("anna")
    assert creator.avatar is not None
    assert creator.avatar.id == avatars[1].id


async def test_a_creator_is_found_by_any_name(database: Database) -> None:
    """A username in any case, with or without @, and an account id name the same creator."""
    world = World()
    anna = world.account(username="Anna_B")
    world.post(anna, world.offered(world.media(anna)))
    await world.save(database)
    reader = Reader(database)
    for name in ("Anna_B", "anna_b", "@ANNA_B", " anna_b ", str(anna.id)):
        assert (await reader.creator(name)).id == anna.id


async def test_an_unknown_creator_is_named_with_close_ones(database: Database) -> None:
    """A wrong name is answered with the closest usernames, or any where none is close."""
    world = World()
    for name in ("anna", "bella"):
        account = world.account(username=name)
        world.post(account, world.offered(world.media(account)))
    await world.save(database)
    reader = Reader(database)
    with pytest.raises(UnknownCreatorError, match=r"no creator anne in .*; the closest are anna\."):
        await reader.creator("anne")
    with pytest.raises(UnknownCreatorError, match="anna, bella"):
        await reader.creator("9" * 30)


async def test_an_empty_database_knows_nobody(database: Database) -> None:
    """Without accounts there is no creator, and the error says so."""
    reader = Reader(database)
    assert await reader.creators() == []
    assert await reader.problems() == ()
    with pytest.raises(UnknownCreatorError, match="knows no creator"):
        await reader.creator("anna")


async def test_files_find_their_media(database: Database) -> None:
    """A file is found by the id in its name, a variant's id meaning its parent, else by its name."""
    world = World()
    anna = world.account(username="anna")
    parent, variant = world.media(anna), world.media(anna)
    world.add(MediaVariantFactory(mediaId=parent.id, variantId=variant.id))
    world.post(anna, world.offered(parent))
    lonely = world.media(anna, local_filename="C:\\old\\place\\lonely.jpg")
    await world.save(database)
    files = {
        "a.jpg": parent.id,
        "b.jpg": variant.id,
        "lonely.jpg": None,
        "stranger.jpg": 5,
        "huge.jpg": 10**30,
        "none.jpg": None,
    }
    found = await Reader(database).find_media(files.items())
    assert {name: (one.media, one.accountId, one.is_attached) for name, one in found.items()} == {
        "a.jpg": (parent.id, anna.id, True),
        "b.jpg": (parent.id, anna.id, True),
        "lonely.jpg": (lonely.id, anna.id, False),
    }
    assert await Reader(database).find_media([]) == {}


async def test_files_are_looked_up_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are, so many are looked up at once, and the answer is the same."""
    world = World()
    anna = world.account(username="anna")
    media = [world.media(anna) for _ in range(5)]
    await world.save(database)
    files = {f"{one.id}.jpg": one.id for one in media}
    at_once = await Reader(database).find_media(files.items())
    parts: list[int] = []

    async def counted(connection: Any, source: Any, part: Mapping[str, int | None], world: Any) -> Any:
        parts.append(len(part))
        return await find_owners(connection, source, part, world)

    monkeypatch.setattr(reader, "find_owners", counted)
    monkeypatch.setattr(reader, "FILES", 2)
    assert await Reader(database).find_media(files.items()) == at_once
    assert at_once.keys() == files.keys()
    assert parts == [2, 2, 1]


async def test_names_of_files_are_base_names(database: Database) -> None:
    """Rows of old versions hold whole paths; the item's media has the base name."""
    world = World()
    anna = world.account(username="anna")
    world.post(anna, world.offered(world.media(anna, local_filename="/downloads/anna/a.jpg")))
    await world.save(database)
    items, _ = await read(database, "anna")
    assert items[0].media[0].media.local_filename == "a.jpg"


async def test_walls_are_made_of_posts(database: Database) -> None:
    """A post on two walls is its account's post once; each wall carries its posts, oldest first, and owns no media."""
    world = World()
    anna = world.account(username="anna")
    posts = [world.post(anna, world.offered(world.media(anna)), createdAt=moment(hours)) for hours in (2, 1)]
    walls = [
        world.add(WallFactory(accountId=anna.id, name=name, description="What it holds"))
        for name in ("Main", None)
    ]
    for wall in walls:
        for post in posts:
            world.add(WallPostFactory(wallId=wall.id, postId=post.id))
    world.add(WallFactory(accountId=anna.id, name="Empty"))
    await world.save(database)
    items, _ = await read(database, "anna")
    later, earlier = posts
    assert [(item.kind, item.id, item.name) for item in items] == [
        ("post", earlier.id, None),
        ("post", later.id, None),
        *[("wall", wall.id, wall.name) for wall in walls],
    ]
    for wall in items[2:]:
        assert [post.id for post in wall.aggregated] == [earlier.id, later.id]
        assert [one.owner.id for one in wall.media] == [earlier.id, later.id]
        assert wall.content == "What it holds"


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
    windows = [window async for window in reader.windows(creator, size=2)]
    assert [len(window.items) for window in windows] == [2, 1, 2, 1, 1]


async def test_states_are_told(database: Database) -> None:
    """What is pinned, a reply, expires or was deleted at the source is an item all the same, and says so."""
    world = World()
    anna = world.account(username="anna")
    reply = world.post(anna, world.offered(world.media(anna)), inReplyTo=5, expiresAt=moment(5))
    pinned = world.post(anna, world.offered(world.media(anna)), createdAt=moment(1))
    world.add(PinnedPost(postId=pinned.id, accountId=anna.id, pos=0))
    deleted = world.message(anna, world.offered(world.media(anna)), createdAt=moment(2), deleted=True)
    await world.save(database)
    items, _ = await read(database, "anna")
    assert [(item.id, item.states) for item in items] == [
        (reply.id, ("reply", "expires")),
        (pinned.id, ("pinned",)),
        (deleted.id, ("deleted",)),
    ]


async def test_mentions_come_from_the_text_where_none_were_kept(foreign: Database) -> None:
    """Without any mention in the database, handles of known accounts in the text are mentions; the item says so."""
    world = World()
    anna, bea = world.account(username="anna"), world.account(username="bea_2")
    text = "With @BEA_2. and @nobody, not @bea_2x nor anna@bea_2"
    world.post(anna, world.offered(world.media(anna)), content=text)
    await world.save(foreign)
    items, _ = await read(foreign, "anna")
    assert [(one.handle, one.accountId) for one in items[0].accountMentions] == [("bea_2", bea.id)]
    assert not items[0].has_all_mentions


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
        windows = [window async for window in reader.windows(creator)]
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
    stamps = [("accounts", anna.id, 7), ("posts", post.id, 8), ("media", picture.id, 9)]
    async with database.begin() as connection:
        await database.stamp(connection, stamps)
        await database.stamp(connection, [("messages", message.id, 3), ("messages", message.id, None)])
    items, _ = await read(database, "anna")
    assert [item.stash_id for item in items] == [8, None]
    assert items[0].account.stash_id == 7
    assert items[0].media[0].media.stash_id == 9
    assert items[0].createdAt == datetime(2025, 1, 1, 12, tzinfo=UTC)


async def test_renditions_without_a_link_are_found_by_time(foreign: Database) -> None:
    """A video's file under another id, made within a minute, is that video's; its item holds it, and it is not loose."""
    world = World()
    anna = world.account(username="anna")
    video = world.media(anna, mimetype="video/mp4", createdAt=None, local_filename=None, is_downloaded=False)
    world.post(anna, world.offered(video))
    saved = world.media(anna, mimetype="video/mp4", createdAt=START + timedelta(seconds=59))
    await world.save(foreign)
    items, _ = await read(foreign, "anna")
    assert [one.id for one in items[0].media[0].media.variants] == [saved.id]
    assert await loose(foreign, items[0].account) == []
    owners = await Reader(foreign).find_media([(saved.local_filename, saved.id)])
    assert (owners[saved.local_filename].media, owners[saved.local_filename].is_attached) == (video.id, True)


@pytest.mark.parametrize(
    ("seconds", "others", "more"),
    [
        ([61], 0, {}),
        ([0, 30], 0, {}),
        ([0], 1, {}),
        ([0], 0, {"mimetype": "image/jpeg"}),
        ([0], 0, {"createdAt": None}),
    ],
    ids=["too late", "two files", "two videos", "a picture", "no time"],
)
async def test_what_time_does_not_tell_stays_loose(
    foreign: Database, seconds: list[int], others: int, more: dict
) -> None:
    """Nothing is guessed: too far apart, two files or two videos at one time, a picture, or no time at all."""
    world = World()
    anna = world.account(username="anna")
    for _ in range(others + 1):
        video = world.media(anna, mimetype="video/mp4", local_filename=None, is_downloaded=False)
        world.post(anna, world.offered(video))
    saved = [
        world.media(anna, **{"mimetype": "video/mp4", "createdAt": START + timedelta(seconds=s)} | more)
        for s in seconds
    ]
    await world.save(foreign)
    creator = await Reader(foreign).creator("anna")
    assert sorted(await loose(foreign, creator)) == [one.id for one in saved]
