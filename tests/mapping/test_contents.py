"""Every kind of content: what it becomes in Stash, and that a second run is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image, Scene

from metadata.models import MediaStory, PinnedPost, Wall, WallPost
from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.metadata.factories import MediaVariantFactory, moment

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def galleries(case: Case) -> dict[str, Gallery]:
    """Every gallery by its code."""
    async with case.stash() as store:
        return {str(one.code): one for one in await store.find(Gallery)}


async def images_of(case: Case, gallery: Gallery) -> list[str]:
    """The codes of a gallery's images, in Stash's order."""
    async with case.stash() as store:
        order = (await store.images_in_order([gallery]))[gallery.id]
        return [str((await store.get(Image, one)).code) for one in order]


async def chapters(case: Case, code: object) -> list[tuple[str, int]]:
    """The chapters of a gallery, by their places."""
    found = (await galleries(case))[str(code)].chapters
    return sorted(((one.title, one.image_index) for one in found), key=lambda one: one[1])


async def test_a_post(case: Case) -> None:
    """Post: a gallery and its files with title, text, day, url, studio, performer, tags; the cover is the first image."""
    anna = case.rows.account(username="anna", displayName="Anna", about="About")
    late, early = case.picture(anna, local_filename="b.jpeg"), case.picture(anna, local_filename="a.jpeg")
    video = case.video(anna)
    text = "The first line is the title \r\nand this is not"
    post = case.post(anna, late, early, video, content=text)
    case.rows.tag(post, "Red")
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    (sent,) = case.inputs("galleryCreate")
    assert {k: v for k, v in sent.items() if not k.endswith(("_id", "_ids"))} == {
        "title": "The first line is the title",
        "code": str(post.id),
        "details": text,
        "date": "2025-01-01",
        "urls": [f"https://fansly.com/post/{post.id}"],
        "organized": True,
    }
    async with case.stash() as store:
        gallery = await store.find_one(Gallery)
        assert gallery.cover.code == str(late.id)
        assert [one.code for one in gallery.scenes] == [str(video.id)]
        for entity in (*await store.find(Image), *await store.find(Scene)):
            assert entity.title == "The first line is the title"
            assert entity.urls == [f"https://fansly.com/post/{post.id}"]
            assert entity.studio.name == "anna (Fansly)"
            assert [one.name for one in entity.performers] == ["Anna"]
            assert [one.name for one in entity.tags] == ["red"]
            assert not entity.organized


async def test_a_message(case: Case) -> None:
    """Message: its gallery has the message's url, its files have none; a message of another in the group is the sender's."""
    anna, bea = case.rows.account(username="anna"), case.rows.account(username="bea")
    case.post(bea, case.picture(bea))
    reader = case.rows.account(username="reader")
    group = case.rows.group(anna, bea, reader, maker=reader)
    case.rows.group(anna, reader, maker=reader)
    mine, theirs = case.picture(anna), case.picture(bea)
    said = case.rows.message(anna, case.rows.offered(mine), groupId=group.id)
    answered = case.rows.message(bea, case.rows.offered(theirs), groupId=group.id)
    await case.save()
    await case.settled()
    found = await galleries(case)
    assert found[str(said.id)].urls == [f"https://fansly.com/messages/{group.id}/{said.id}"]
    assert {code: found[str(code)].studio.name for code in (said.id, answered.id)} == {
        said.id: "anna (Fansly)",
        answered.id: "bea (Fansly)",
    }
    async with case.stash() as store:
        assert (await store.find_one(Image, code=str(mine.id))).urls == []


async def test_a_message_of_no_known_group(case: Case) -> None:
    """Where the row names no group there is no address to write, and no other part is missing."""
    anna = case.rows.account(username="anna")
    said = case.rows.message(anna, case.rows.offered(case.picture(anna)), groupId=None)
    await case.save()
    assert (await case.settled()).exit_code == 0
    gallery = (await galleries(case))[str(said.id)]
    assert (gallery.urls, gallery.image_count) == ([], 1)


async def test_a_story(case: Case) -> None:
    """Story: a gallery with the story's url; it has no text, so its title is the creator and the day."""
    anna = case.rows.account(username="anna")
    picture = case.picture(anna, at="Pictures")
    offered = case.rows.offered(picture)
    story = MediaStory(id=5, accountId=anna.id, contentType=1, contentId=offered.id, createdAt=moment(0))
    case.rows.add(story)
    await case.save()
    await case.settled()
    gallery = (await galleries(case))["5"]
    assert (gallery.title, gallery.urls) == ("anna - 2025/01/01", ["https://fansly.com/story/5"])


async def test_a_bundle(case: Case) -> None:
    """Bundle: its media in the order of their positions, its preview with the mark of one."""
    anna = case.rows.account(username="anna")
    pictures = [case.picture(anna) for _ in range(3)]
    preview = case.picture(anna)
    bundle = case.rows.bundle([case.rows.offered(one) for one in reversed(pictures)], preview)
    post = case.rows.post(anna, bundle)
    await case.save()
    await case.settled()
    gallery = (await galleries(case))[str(post.id)]
    assert gallery.cover.code == str(pictures[2].id)
    assert set(await images_of(case, gallery)) == {str(one.id) for one in (*pictures, preview)}
    async with case.stash() as store:
        tagged = [one.code for one in await store.find(Image) if one.tags]
    assert tagged == [str(preview.id)]


async def test_aggregated_posts_are_chapters(case: Case) -> None:
    """Chapters stand at the place of their post's first image, and are moved when images come before it."""
    anna = case.rows.account(username="anna")
    own = case.picture(anna, local_filename="b.jpeg")
    inner = [
        case.post(
            anna,
            *(case.picture(anna, local_filename=f"{name}{n}.jpeg") for n in (2, 1)),
            content=f"The carried post {name}",
            createdAt=moment(-9),
        )
        for name in ("d", "c")
    ]
    outer = case.rows.post(anna, case.rows.offered(own), *inner, content="It carries others")
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post c", 3), ("The carried post d", 5)]
    first = case.picture(anna, local_filename="a.jpeg")
    case.rows.attach(outer, case.rows.offered(first), pos=9)
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post c", 4), ("The carried post d", 6)]
    assert case.inputs("galleryChapterCreate") == []


async def test_chapters_of_one_title_without_a_journal(case: Case) -> None:
    """Two chapters of one title are two, also for whom nothing is remembered: none is made again, none is moved."""
    anna = case.rows.account(username="anna")
    inner = [case.post(anna, case.picture(anna), content="", createdAt=moment(-9)) for _ in range(2)]
    outer = case.rows.post(anna, *inner)
    await case.save()
    await case.settled()
    before = await chapters(case, outer.id)
    assert [place for _, place in before] == [1, 2]
    await case.execute("DELETE FROM sync_entity", "DELETE FROM sync_part")
    await case.settled()
    assert case.inputs("galleryChapterCreate") == case.inputs("galleryChapterUpdate") == []
    assert await chapters(case, outer.id) == before


async def test_posts_that_carry_one_another(case: Case) -> None:
    """A cycle ends: each of the posts has one gallery with the media of both."""
    anna = case.rows.account(username="anna")
    one, other = (case.post(anna, case.picture(anna)) for _ in range(2))
    case.rows.attach(one, other, pos=1)
    case.rows.attach(other, one, pos=1)
    await case.save()
    await case.settled()
    found = await galleries(case)
    assert {code: gallery.image_count for code, gallery in found.items()} == {
        str(one.id): 2,
        str(other.id): 2,
    }


def wall_of(case: Case, owner: Any, *posts: Any, **values: Any) -> Any:
    """A wall with these posts."""
    wall = case.rows.add(Wall(accountId=owner.id, **{"id": 700, "pos": 0} | values))
    for post in posts:
        case.rows.add(WallPost(wallId=wall.id, postId=post.id))
    return wall


@pytest.mark.parametrize(
    ("name", "title"),
    [("Best of", "Best of"), ("", "anna - 2025/01/01"), (None, "anna - 2025/01/01")],
)
async def test_a_wall(case: Case, name: str | None, title: str) -> None:
    """Wall: a gallery with one chapter a post; its files stay what their posts made them."""
    anna = case.rows.account(username="anna")
    posts = [
        case.post(
            anna,
            case.picture(anna, local_filename=f"{n}.jpeg"),
            case.picture(anna, local_filename=f"{n}x.jpeg"),
            content=f"The post number {n}",
            createdAt=moment(9 - n),
        )
        for n in (1, 2)
    ]
    text_only = case.rows.post(anna)
    wall = wall_of(case, anna, *posts, text_only, name=name, description="About it", createdAt=moment(0))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    gallery = (await galleries(case))[str(wall.id)]
    assert (gallery.title, gallery.details, gallery.urls) == (title, "About it", [])
    assert gallery.cover.visual_files == gallery.cover.visual_files
    assert gallery.image_count == 4
    assert await chapters(case, wall.id) == [("The post number 1", 1), ("The post number 2", 3)]
    async with case.stash() as store:
        for image in await store.find(Image):
            assert image.title.startswith("The post number")
            assert len(image.galleries) == 2


async def test_a_post_that_leaves_a_wall(case: Case) -> None:
    """What the source took off a wall leaves its gallery with its chapter, stays in its post's, and may come back."""
    anna = case.rows.account(username="anna")
    posts = [case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("the one", "another")]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" = {posts[0].id}')
    await case.settled()
    assert await chapters(case, wall.id) == [("The text of another", 1)]
    found = await galleries(case)
    assert {code: one.image_count for code, one in found.items()} == {
        str(wall.id): 1,
        **{str(post.id): 1 for post in posts},
    }
    await case.execute(f"INSERT INTO wall_posts VALUES ({wall.id}, {posts[0].id})")
    await case.settled()
    assert await chapters(case, wall.id) == [("The text of the one", 1), ("The text of another", 2)]


async def test_a_chapter_that_was_taken_out_comes_back_with_undo(case: Case) -> None:
    """Undo of a run that took a chapter out makes it again, at its place."""
    anna = case.rows.account(username="anna")
    posts = [case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("first", "second")]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    before = await chapters(case, wall.id)
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" = {posts[0].id}')
    await case.sync()
    assert len(await chapters(case, wall.id)) == 1
    options = SyncOptions(server=case.server.prefix)
    _, report = await undo(case.settings(), "last", options, transport=case.server.transport)
    assert report.exit_code == 0
    assert await chapters(case, wall.id) == before


async def test_a_chapter_that_a_user_renamed_stays(case: Case) -> None:
    """A chapter whose post left the wall is the user's once it has a title of theirs; a dry run plans, and takes nothing."""
    anna = case.rows.account(username="anna")
    posts = [
        case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("first", "second", "third")
    ]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(wall.id))
        next(one for one in gallery.chapters if one.title.endswith("first")).title = "My own"
        await store.flush()
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" IN ({posts[0].id}, {posts[1].id})')
    plan = (await case.sync(dry_run=True)).plan
    assert [one.before for one in plan if one.type == "GalleryChapter" and one.field == "id"] == [
        "The text of second"
    ]
    await case.settled()
    assert await chapters(case, wall.id) == [("My own", 1), ("The text of third", 1)]


async def test_what_the_source_marked_is_synced_all_the_same(case: Case) -> None:
    """Replies, pinned posts, what expires and what was deleted there have their galleries, and no further tag."""
    anna = case.rows.account(username="anna")
    reply = case.post(anna, case.picture(anna), inReplyTo=5, inReplyToRoot=5)
    pinned = case.post(anna, case.picture(anna), expiresAt=moment(1))
    case.rows.add(PinnedPost(postId=pinned.id, accountId=anna.id, pos=0))
    deleted = case.rows.message(
        anna, case.rows.offered(case.picture(anna), deleted=True), deleted=True, deletedAt=moment(2)
    )
    await case.save()
    assert (await case.settled()).exit_code == 0
    assert (await galleries(case)).keys() == {str(one.id) for one in (reply, pinned, deleted)}
    assert case.inputs("tagCreate") == []


async def test_audio_is_named_and_stops_nothing(case: Case) -> None:
    """Stash takes no audio: the file is listed with the reason, the rest of its post is synced."""
    anna = case.rows.account(username="anna")
    sound = case.rows.media(anna, mimetype="audio/mp4", local_filename="sound_id_9.mp3")
    path = case.file(anna, sound, "Timeline/Audio")
    post = case.post(anna, sound, case.picture(anna))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert [(one.file, one.reason) for one in report.unmatched] == [
        (str(path), "Stash does not take .mp3 files")
    ]
    assert (await galleries(case))[str(post.id)].image_count == 1


async def test_an_animated_picture_is_what_stash_makes_of_it(case: Case) -> None:
    """A gif is an image to Stash, also where the row says video, and is stamped as one."""
    anna = case.rows.account(username="anna")
    moving = case.picture(anna, mimetype="video/mp4", local_filename="x_id_{n}.gif")
    post = case.post(anna, moving)
    await case.save()
    await case.settled()
    assert [one["code"] for one in case.inputs("imageUpdate")] == [str(moving.id)]
    assert (await galleries(case))[str(post.id)].image_count == 1


@pytest.mark.parametrize("mimetype", ["application/vnd.apple.mpegurl", "application/dash+xml", "video/mp4"])
@pytest.mark.parametrize("is_on_parent", [True, False])
async def test_a_rendition(case: Case, mimetype: str, is_on_parent: bool) -> None:
    """The file name carries the rendition's id: code is the parent's, whichever row has the name."""
    anna = case.rows.account(username="anna")
    parent = case.rows.media(anna, mimetype="video/mp4", local_filename=None, is_downloaded=is_on_parent)
    rendition = case.rows.media(anna, mimetype=mimetype, local_filename=None, is_downloaded=not is_on_parent)
    case.rows.add(MediaVariantFactory(mediaId=parent.id, variantId=rendition.id))
    named = parent if is_on_parent else rendition
    named.local_filename = f"2025-01-01_at_12-00_UTC_id_{rendition.id}.mp4"
    case.file(anna, named, "Timeline/Videos")
    case.post(anna, parent)
    await case.save()
    await case.settled()
    assert [one["code"] for one in case.inputs("sceneUpdate")] == [str(parent.id)]


async def test_text_and_locked_items(case: Case) -> None:
    """A text alone has no gallery; locked media without a preview is reported, with one the preview is synced."""
    anna = case.rows.account(username="anna")
    case.rows.post(anna)
    never = {"local_filename": None, "is_downloaded": False}
    bare = case.rows.post(anna, case.rows.offered(case.rows.media(anna, **never), access=False))
    shown = case.picture(anna)
    case.rows.post(anna, case.rows.offered(case.rows.media(anna, **never), shown, access=False))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert [(one.id, one.reason) for one in report.skipped] == [(str(bare.id), "its media are locked")]
    assert len(await galleries(case)) == 1
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert [tag.name for tag in image.tags] == ["Trailer"]
