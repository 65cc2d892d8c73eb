"""What a user chooses: which items, what they are called, what else goes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from metadata.models import Fact, Wall, WallPost
from stash.settings import Settings
from stash.sync import SyncOptions, sync
from tests.conftest import Silent
from tests.mapping.test_foreign_entities import copied
from tests.metadata.factories import moment

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case


async def chosen(case: Case, *, dry_run: bool = False, **settings: Any) -> Report:
    """A run with these settings and, unless it is dry, a second one that sends nothing."""
    given = Settings(url=case.server.url, database=str(case.database), downloads=case.downloads, **settings)

    async def run() -> Report:
        case.sent.clear()
        options = SyncOptions(server="x", dry_run=dry_run)
        return await sync(given, options, Silent(), transport=case.server.transport)

    first = await run()
    sent = list(case.sent)
    await run()
    assert case.sent == []
    case.sent[:] = sent
    return first


async def several(case: Case) -> dict[str, int]:
    """Two creators; of the first a post a day, a message, and a wall: their ids by name."""
    anna, bea = case.rows.account(username="anna"), case.rows.account(username="bea")
    red = case.post(anna, case.picture(anna), createdAt=moment(0))
    blue = case.post(anna, case.picture(anna), createdAt=moment(24))
    case.rows.tag(red, "Red")
    case.rows.tag(blue, "blue")
    told = case.rows.message(anna, case.rows.offered(case.picture(anna)), createdAt=moment(48))
    wall = case.rows.add(Wall(id=77, accountId=anna.id, name="A wall", createdAt=moment(0)))
    case.rows.add(WallPost(wallId=wall.id, postId=red.id))
    other = case.post(bea, case.picture(bea), createdAt=moment(0))
    await case.save()
    return {"red": red.id, "blue": blue.id, "told": told.id, "wall": wall.id, "other": other.id}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "red blue told wall other"),
        ({"only_creators": "@Anna"}, "red blue told wall"),
        ({"skip_creators": ["ANNA"]}, "other"),
        ({"only_creators": "anna,bea", "skip_creators": "bea"}, "red blue told wall"),
        ({"kinds": "post"}, "red blue other"),
        ({"kinds": ["message", "wall"]}, "told wall"),
        ({"since": "2025-01-02"}, "blue told"),
        ({"until": "2025-01-01"}, "red wall other"),
        ({"since": "2025-01-02", "until": "2025-01-02"}, "blue"),
        ({"only_tags": "#RED"}, "red"),
        ({"skip_tags": ["red"]}, "blue told wall other"),
    ],
)
async def test_only_what_is_asked_for(case: Case, settings: dict[str, Any], expected: str) -> None:
    """Creators, kinds, days and hashtags choose the items; nothing else is made, and nothing of it told as missing."""
    ids = await several(case)
    report = await chosen(case, **settings)
    assert report.exit_code == 0
    async with case.stash() as store:
        found = {one.code for one in await store.find(Gallery)}
    assert found == {str(ids[name]) for name in expected.split()}


async def test_what_is_named_is_synced(case: Case) -> None:
    """A creator who is named is synced, whatever the settings leave out."""
    ids = await several(case)
    settings = Settings(
        url=case.server.url, database=str(case.database), downloads=case.downloads, skip_creators="bea"
    )
    options = SyncOptions(creators=("bea",), server="x")
    await sync(settings, options, Silent(), transport=case.server.transport)
    async with case.stash() as store:
        assert [one.code for one in await store.find(Gallery)] == [str(ids["other"])]


async def test_what_is_left_out_later_stays(case: Case) -> None:
    """What was synced and is not asked for any more stays as it is."""
    ids = await several(case)
    await chosen(case)
    await chosen(case, only_tags="blue")
    async with case.stash() as store:
        assert {one.code for one in await store.find(Gallery)} == {str(one) for one in ids.values()}


async def test_tags_are_renamed_and_ignored(case: Case) -> None:
    """A hashtag's tag has the name that the user gave, found or made; an ignored one becomes none, and goes again."""
    await several(case)
    await chosen(case)
    await chosen(case, rename_tags={"#Red": "Colour of roses"}, ignore_tags=["blue"])
    async with case.stash() as store:
        names = {image.code: [tag.name for tag in image.tags] for image in await store.find(Image)}
        assert sorted(name for tags in names.values() for name in tags) == ["Colour of roses"]
        assert {tag.name for tag in await store.find(Tag)} == {"red", "blue", "Colour of roses"}


async def test_titles_and_studios_are_templates(case: Case) -> None:
    """Galleries, images and studios are called as the user says, and are renamed when that changes."""
    ids = await several(case)
    await chosen(case, title="{date} {name}: {title}", studio="{name} @ Fansly")
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(ids["blue"]))
        assert gallery.title.startswith("2025-01-02 Anna: The text of post")
        assert gallery.studio.name == "Anna @ Fansly"
        assert all(one.title == gallery.title for one in await store.find(Image, title=gallery.title))
    await chosen(case)
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(ids["blue"]))
        assert gallery.title.startswith("The text of post")
        assert gallery.studio.name == "anna (Fansly)"
        assert await store.find(Studio, name="Anna @ Fansly") == []


async def test_extras_are_off_by_default(case: Case) -> None:
    """Kind, access, state, price and likes become tags, the account id a custom field, only where asked for; and go again."""
    anna = case.rows.account(username="anna")
    hidden = case.rows.media(anna, local_filename=None, is_downloaded=False)
    offered = case.rows.offered(hidden, access=False)
    said = case.rows.message(anna, offered, case.rows.offered(case.picture(anna)), deleted=True)
    case.rows.add(Fact(tableName="account_media", recordId=offered.id, price=500))
    case.rows.add(Fact(tableName="messages", recordId=said.id, likes=345))
    await case.save()
    await chosen(case, extras="all")
    async with case.stash() as store:
        (image,), (performer,) = await store.find(Image), await store.find(Performer)
        tags = {"Fansly: message", "Fansly: locked", "Fansly: deleted", "Fansly: price 500"}
        tags |= {"Fansly: 100+ likes"}
        assert {tag.name for tag in image.tags} == tags
        assert performer.custom_fields == {"fansly_id": anna.id}
    await chosen(case)
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert image.tags == []


async def test_a_scene_is_split_where_asked_for(case: Case) -> None:
    """A video that is a further file of a user's scene gets its own; that scene is left alone; a dry run shows it first."""
    code, copy = await copied(case, "mp4", ours_first=False)
    plan = (await chosen(case, dry_run=True, split_scenes=True)).plan
    assert [(one.type, one.field) for one in plan if one.reason == "split as asked"] == [("Scene", "files")]
    assert case.sent == []
    report = await chosen(case, split_scenes=True)
    assert report.kept == []
    async with case.stash() as store:
        scenes = {scene.files[0].basename: scene for scene in await store.find(Scene)}
        assert len(scenes) == 2
        theirs = scenes.pop(copy.name)
        assert (theirs.title, theirs.code, theirs.galleries) == ("", "", [])
        (ours,) = scenes.values()
        assert [one.code for one in ours.galleries] == [code]
