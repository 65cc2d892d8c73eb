"""Creators, senders, partners and mentions, on hand-made worlds in both kinds of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stash.source.errors import UnknownCreatorError
from stash.source.reader import Reader
from tests.metadata.factories import (
    AvatarFactory,
    MediaVariantFactory,
    PostMentionFactory,
    StoryFactory,
    World,
    moment,
)
from tests.metadata.reading import read

if TYPE_CHECKING:
    from stash.source.database import Database


async def test_who_only_carries_posts_is_a_creator(database: Database) -> None:
    """An account, or a message's, is a creator if the posts that it carries have files."""
    world = World()
    anna, bella, cleo = (world.account(username=name) for name in ("anna", "bella", "cleo"))
    original = world.post(bella, world.offered(world.media(bella)))
    world.post(anna, original)
    world.message(cleo, original)
    await world.save(database)
    assert [one.username for one in await Reader(database).creators()] == ["anna", "bella", "cleo"]


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
