"""Every kind of content: what it becomes in Stash, and that a second run is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Scene

from metadata.models import MediaStory, PinnedPost
from tests.mapping.contents import galleries
from tests.metadata.factories import MediaVariantFactory, moment

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def images_of(case: Case, gallery: Gallery) -> list[str]:
    """The codes of a gallery's images, in Stash's order."""
    async with case.stash() as store:
        order = (await store.images_in_order([gallery]))[gallery.id]
        return [str((await store.get(Image, one)).code) for one in order]


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
