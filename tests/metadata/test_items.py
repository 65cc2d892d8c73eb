"""What an item holds: media, the posts it carries, words and states, on hand-made worlds in both kinds of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metadata.models import ContentType, PinnedPost
from stash.source.items import ItemRef
from tests.metadata.factories import (
    AttachmentFactory,
    MediaVariantFactory,
    StoryFactory,
    WallFactory,
    WallPostFactory,
    World,
    moment,
)
from tests.metadata.reading import loose, media_of, read

if TYPE_CHECKING:
    from stash.source.database import Database


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
