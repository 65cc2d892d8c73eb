"""Files and media without an item, on hand-made worlds in both kinds of database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from stash.source import reader
from stash.source.reader import Reader
from stash.source.reading.files import find_owners
from tests.metadata.factories import (
    START,
    AvatarFactory,
    MediaVariantFactory,
    World,
)
from tests.metadata.reading import loose, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stash.source.database import Database


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
    assert {name: (one.media, one.accountId) for name, one in found.items()} == {
        "a.jpg": (parent.id, anna.id),
        "b.jpg": (parent.id, anna.id),
        "lonely.jpg": (lonely.id, anna.id),
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
    monkeypatch.setattr(reader, "FILES_PER_LOOKUP", 2)
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
    assert owners[saved.local_filename].media == video.id


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
