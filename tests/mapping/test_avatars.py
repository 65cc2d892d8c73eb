"""Avatars: sent once, again when they changed, and never over a picture of the user's."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Performer

from stash.demo import files
from tests.faults.test_in_front import InFront, up_to
from tests.metadata.factories import AvatarFactory, moment

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def picture_of(case: Case) -> bytes | None:
    """The performer's picture in Stash."""
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        return await store.connection.picture("performer", performer.id)


async def avatar(case: Case) -> Any:
    """A creator with a post and an avatar, synced."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    face = case.picture(anna, at="Pictures", local_filename="face.jpeg", createdAt=moment(0))
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    await case.settled()
    assert await picture_of(case) == files.jpeg(str(face.id))
    return anna


async def test_an_avatar_is_sent_once_and_again_when_it_changed(case: Case) -> None:
    """The picture goes with the performer's creation; a new avatar replaces the one that we sent, once."""
    anna = await avatar(case)
    (made,) = case.inputs("performerCreate") + case.inputs("performerUpdate")
    assert base64.b64decode(made["image"].partition(",")[2]).startswith(b"\xff\xd8")
    face = case.picture(anna, at="Pictures", local_filename="new.jpeg", createdAt=moment(9))
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    await case.settled()
    assert await picture_of(case) == files.jpeg(str(face.id))


async def test_an_avatar_that_comes_later(case: Case) -> None:
    """A picture whose file was not there at the first sync is sent when it is."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    face = case.rows.media(anna, local_filename="face.jpeg")
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    await case.settled()
    case.file(anna, face, "Pictures")
    await case.settled()
    assert await picture_of(case) == files.jpeg(str(face.id))


@pytest.mark.parametrize("theirs", ["", "data:image/jpeg;base64,AAAA"], ids=["taken away", "another"])
async def test_a_picture_of_the_users_is_kept(case: Case, theirs: str) -> None:
    """A picture that a user took away or replaced stays so, also when the avatar changes, and that is told."""
    anna = await avatar(case)
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        store.attach(performer, image=theirs or None)
        await store.flush()
    face = case.picture(anna, at="Pictures", local_filename="new.jpeg", createdAt=moment(9))
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    before = await picture_of(case)
    report = await case.settled()
    assert await picture_of(case) == before
    assert ("Performer", "image") in {(one.type, one.field) for one in report.kept}
    assert case.inputs("performerUpdate") == []


async def test_a_picture_that_was_there_is_kept(case: Case) -> None:
    """Where Stash has a picture already the avatar is not sent."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    face = case.picture(anna, at="Pictures", local_filename="face.jpeg")
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    async with case.stash() as store:
        performer = await store.create(Performer, name="anna")
        store.attach(performer, image="data:image/jpeg;base64,AAAA")
        await store.flush()
    await case.settled()
    assert await picture_of(case) == base64.b64decode("AAAA")


@pytest.mark.parametrize("status", [413, 403, 400])
async def test_a_picture_that_is_refused_on_the_way(case: Case, status: int) -> None:
    """What something in front of Stash does not let through is left out and named, on every run; the person is synced."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    face = case.picture(anna, at="Pictures", local_filename="face.jpeg", createdAt=moment(0))
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    await case.save()
    open_way = case.server.transport
    assert open_way is not None
    page = b"<title>%d Too bad</title>" % status
    front = InFront(open_way, lambda content: (status, page) if b"data:image" in content else None)
    case.server.transport = front
    for _ in range(2):
        front.refused.clear()
        report = await case.sync()
        assert report.exit_code == 3
        (failure,) = [one for one in report.skipped if one.is_failure]
        assert f"HTTP {status} Too bad" in failure.reason
        assert "its picture is left out" in failure.reason
        assert ("client_max_body_size" in failure.reason) == (status == 413)
        assert 1 <= len(front.refused) <= 2
        assert case.inputs("performerUpdate") == []
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        (gallery,) = await store.find(Gallery)
        assert [one.id for one in gallery.performers] == [performer.id]
    with closing(sqlite3.connect(case.database)) as connection:
        (stamp,) = connection.execute("SELECT stash_id FROM accounts WHERE id = ?", (anna.id,)).fetchone()
    assert str(stamp) == performer.id
    case.server.transport = open_way
    await case.settled()
    assert await picture_of(case) == files.jpeg(str(face.id))


async def test_links_that_are_too_many_for_one_request(case: Case) -> None:
    """The images of one gallery join it in several requests where one is too large."""
    anna = case.rows.account(username="anna")
    case.post(anna, *(case.picture(anna) for _ in range(120)))
    await case.save()
    assert case.server.transport is not None
    case.server.transport = front = InFront(case.server.transport, up_to(700))
    report = await case.settled()
    assert report.exit_code == 0
    assert any(b"addGalleryImages" in one for one in front.refused)
    async with case.stash() as store:
        (gallery,) = await store.find(Gallery)
        assert gallery.image_count == 120
