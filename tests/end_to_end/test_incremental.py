"""A run costs what changed: what it asks Stash, what it leaves alone, and what it looks at nevertheless."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image, Tag

from stash import jobs
from stash.demo import files
from stash.errors import RetriableError
from stash.processing.creator_sync import CreatorSync
from stash.report import LookedAt

if TYPE_CHECKING:
    from stash.report import Report
    from tests.end_to_end.conftest import Setup


async def again(setup: Setup, **options: Any) -> Report:
    """One incremental run."""
    return await setup.sync(is_full=False, **options)


def execute(setup: Setup, statement: str, *values: object) -> None:
    """Change the source."""
    with closing(sqlite3.connect(setup.database)) as connection, connection:
        connection.execute(statement, values)


def same(one: Report, other: Report) -> bool:
    """Tell whether two reports say the same, but for what the run cost."""
    other = replace(other, header=one.header, looked_at=one.looked_at)
    return one == other


async def settled(setup: Setup) -> Report:
    """Two runs: after the second one nothing is left to do."""
    await again(setup)
    return await again(setup)


async def test_a_run_with_nothing_new_asks_one_question(small: Setup) -> None:
    """If source and Stash are as the last run left them, a run sends one request, and reports what a full run does."""
    await again(small)
    second = await again(small)
    assert second.header.requests == {"reads": 1, "writes": 0, "mutations": 0, "scan": 0}
    full = await small.sync()
    assert second.looked_at == LookedAt(0, full.looked_at.of)
    assert full.looked_at.items == full.looked_at.of > 0
    assert same(second, full)


async def test_a_dry_run_with_nothing_new_plans_nothing(small: Setup) -> None:
    """A dry run asks the same question, plans nothing and records no run."""
    await again(small)
    dry = await again(small, dry_run=True)
    assert (dry.plan, dry.header.run, dry.header.requests["reads"]) == ([], None, 1)


async def test_every_run_is_recorded(small: Setup) -> None:
    """A run that has nothing to do has a number like any other."""
    first = await again(small)
    second = await again(small)
    assert second.header.run == (first.header.run or 0) + 1


async def test_one_edit_at_the_source_costs_that_item_alone(small: Setup) -> None:
    """After an edit of one post that item is looked at. The next runs report the same, whether they look at all or not."""
    await settled(small)
    execute(small, "UPDATE posts SET content = 'Quite another text' WHERE id = (SELECT max(id) FROM posts)")
    report = await again(small)
    assert report.entities["galleries"].updated == 1
    assert report.looked_at.items == 1
    nothing_new = await again(small)
    full = await small.sync()
    assert nothing_new.looked_at.items == full.header.requests["mutations"] == 0
    assert same(nothing_new, full)


async def test_an_item_that_left_has_its_chunk_decided(small: Setup) -> None:
    """If a post is gone at the source, its whole chunk is looked at, because the report is to name it no more."""
    await settled(small)
    execute(small, 'DELETE FROM attachments WHERE "postId" = (SELECT max(id) FROM posts)')
    report = await again(small)
    assert report.looked_at.items > 1
    assert same(await again(small), await small.sync())


async def test_items_of_one_media_are_decided_together(small: Setup) -> None:
    """If a post changed, an item that shares a media with it is decided too: the media's links are of both."""
    await settled(small)
    execute(
        small,
        """INSERT INTO attachments (id, "postId", "contentId", "contentType", pos)
        SELECT (SELECT max(id) + 1 FROM attachments), newest.id, other."contentId", other."contentType", 9
        FROM posts AS newest, posts AS earlier, attachments AS other
        WHERE newest.id = (SELECT max(id) FROM posts) AND earlier."accountId" = newest."accountId"
        AND earlier.id <> newest.id AND other."postId" = earlier.id AND other."contentType" = 'ACCOUNT_MEDIA'
        LIMIT 1""",
    )
    report = await again(small)
    assert 2 <= report.looked_at.items < report.looked_at.of
    assert same(await again(small), await small.sync())


# --- what depends on Stash alone ---


async def test_a_deleted_entity_makes_the_next_run_look_at_all(small: Setup) -> None:
    """If a user deleted something in Stash, the next run looks at everything, and names it."""
    await settled(small)
    async with small.server.store() as store:
        (gallery, *_) = await store.find(Gallery)
        await store.delete(gallery)
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of
    assert any("deleted in Stash" in one.reason for one in report.skipped)


async def test_a_merged_tag_makes_the_next_run_look_at_all(small: Setup) -> None:
    """If a user merged two tags, one of them went, so that the next run looks at everything."""
    await settled(small)
    async with small.server.store() as store:
        one, other, *_ = await store.find(Tag)
        await store.connection.execute(
            "mutation($s: [ID!]!, $d: ID!) { tagsMerge(input: {source: $s, destination: $d}) { id } }",
            {"s": [one.id], "d": other.id},
        )
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of


async def test_an_edit_is_left_until_the_source_or_a_full_look_comes_to_it(small: Setup) -> None:
    """A user's edit is kept at once and always. It is counted by the next run that looks at its chunk."""
    await settled(small)
    async with small.server.store() as store:
        (image, *_) = await store.find(Image)
        image.title = "mine"
        await store.save(image)
    report = await again(small)
    assert not any(one.id == image.id for one in report.kept)
    full = await small.sync()
    assert any((one.id, one.field) == (image.id, "title") for one in full.kept)
    assert full.header.requests["mutations"] == 0


async def test_a_deleted_image_makes_the_next_run_look_at_all(small: Setup) -> None:
    """If an image went from Stash, which moves the places of chapters, the next run looks at everything."""
    await settled(small)
    async with small.server.store() as store:
        (image, *_) = await store.find(Image)
        await store.delete(image)
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of


async def test_a_value_that_is_put_back_is_left(small: Setup) -> None:
    """A value that a user edited and put back to what a sync wrote needs no write, by a partial run or by a full one."""
    await settled(small)
    async with small.server.store() as store:
        (image, *_) = await store.find(Image)
        wrote = image.title
        for title in ("mine", wrote):
            image.title = title
            await store.save(image)
    assert (await again(small)).looked_at.items == 0
    full = await small.sync()
    assert full.header.requests["mutations"] == 0
    assert not any(one.id == image.id for one in full.kept)


async def test_a_cover_that_a_user_took_off_waits_for_a_full_look(small: Setup) -> None:
    """A cover that was reset moves no count, so that a partial run leaves it."""
    await settled(small)
    async with small.server.store() as store:
        (gallery, *_) = await store.find(Gallery)
        document = "mutation($g: ID!) { resetGalleryCover(input: {gallery_id: $g}) }"
        await store.connection.execute(document, {"g": gallery.id})
    assert (await again(small)).looked_at.items == 0
    assert (await small.sync()).exit_code == 0


async def test_an_image_that_a_user_adds_to_a_gallery_waits_for_a_full_look(small: Setup) -> None:
    """An image that joins a gallery of ours moves no count. Its chapters are put right by the next full look."""
    await settled(small)
    async with small.server.store() as store:
        one, *_, other = await store.find(Gallery)
        (image, *_) = await store.find(Image, galleries__includes=[other.id])
        document = (
            "mutation($g: ID!, $i: [ID!]!) { addGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
        )
        await store.connection.execute(document, {"g": one.id, "i": [image.id]})
    report = await again(small)
    assert report.looked_at.items == 0
    assert (await small.sync()).exit_code == 0


async def test_a_file_that_was_unmatched_is_synced_once_stash_scans_it(small: Setup) -> None:
    """A file that Stash does not know is looked for by each run, and matched by the first one after a scan."""
    picture = min(small.downloads.rglob("*.jpeg"))
    content = picture.read_bytes()
    picture.unlink()
    await settled(small)
    picture.write_bytes(content)
    for _ in range(2):
        report = await again(small, scan=False)
        assert str(picture) in {one.file for one in report.unmatched}
    async with small.server.store() as store:
        await jobs.scan(store.connection, [str(small.downloads)], 60)
    report = await again(small, scan=False)
    assert str(picture) not in {one.file for one in report.unmatched}
    assert report.entities["images"].updated == 1


async def test_what_failed_is_tried_again(small: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a run that ended with an error the next one looks at everything."""
    await again(small)
    execute(small, "UPDATE posts SET content = 'Quite another text' WHERE id = (SELECT max(id) FROM posts)")

    async def fail(*_: object) -> None:
        raise RetriableError("Stash went away; run again.")

    with monkeypatch.context() as patch:
        patch.setattr(CreatorSync, "_decide", fail)
        with pytest.raises(RetriableError):
            await again(small)
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of
    assert report.entities["galleries"].updated == 1


# --- what makes a run look at everything ---


@pytest.mark.parametrize(
    "options",
    [
        {"is_full": True},
        {"is_forced": True},
        {"recreate": True},
        {"redo": True},
        {"overwrite": frozenset({"title"})},
    ],
    ids=str,
)
async def test_flags_that_concern_what_did_not_change(small: Setup, options: dict[str, Any]) -> None:
    """With a flag that concerns what did not change, a run looks at everything."""
    await settled(small)
    report = await small.sync(**{"is_full": False} | options)
    assert report.looked_at.items == report.looked_at.of


@pytest.mark.parametrize(
    ("name", "value"), [("FULL_AFTER", "0"), ("SKIP_TAGS", "ceramics"), ("EXTRAS", "price")]
)
async def test_settings_that_concern_what_did_not_change(
    small: Setup, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """After a change of a setting a run looks at everything."""
    await settled(small)
    monkeypatch.setenv(f"STASH_SYNC_{name}", value)
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of


async def test_an_undo_makes_the_next_run_look_at_all(small: Setup) -> None:
    """After an undo nothing of an earlier look counts."""
    await settled(small)
    with closing(sqlite3.connect(small.database)) as connection, connection:
        connection.execute(
            "INSERT INTO sync_run (server_id, command, creators, started_at, heartbeat_at, outcome)"
            " SELECT server_id, 'undo 1', creators, started_at, heartbeat_at, 'done' FROM sync_run LIMIT 1"
        )
    report = await again(small)
    assert report.looked_at.items == report.looked_at.of


async def test_a_new_file_on_disk_is_seen(small: Setup) -> None:
    """A file that is added to an old folder is found, although no row changed."""
    await again(small)
    for folder, _, _ in os.walk(small.downloads):
        os.utime(folder, (1, 1))
    before = await again(small)
    assert (await again(small)).header.requests["reads"] == 1
    place = min(small.downloads.rglob("*.jpeg")).with_name("unknown.jpeg")
    place.write_bytes(files.jpeg("unknown"))
    report = await again(small)
    assert {one.file for one in report.unmatched} - {one.file for one in before.unmatched} == {str(place)}
