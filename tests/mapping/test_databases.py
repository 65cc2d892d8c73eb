"""Databases of every version: what they lack is found elsewhere, or told, and costs nobody a link."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene

from tests.end_to_end.conftest import SAMPLES, Setup
from tests.metadata.factories import PostMentionFactory, moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Server
    from tests.mapping.conftest import Case

GALLERIES = {"v0_15": 8, "v0_15_asis": 1, "orm_era": 4, "sqlite_era": 4}
"""Items and walls of the samples with a file that Stash takes, counted from their rows by hand."""


@pytest.mark.parametrize("name", SAMPLES)
async def test_the_samples(embedded: Server, shared: Path, tmp_path: Path, name: str) -> None:
    """Every sample ends with a gallery for each item with a file, and a second run is silent."""
    database, downloads = SAMPLES[name]
    shutil.copyfile(shared / "samples" / database, tmp_path / database)
    folder = embedded.library / downloads
    shutil.copytree(shared / "samples" / downloads, folder)
    setup = Setup(embedded, tmp_path / database, folder)
    await setup.sync()
    async with embedded.store() as store:
        assert len(await store.find(Gallery)) == GALLERIES[name]
    assert (await setup.sync()).requests["mutations"] == 0


async def test_lost_attachments_are_told_with_the_way_out(case: Case) -> None:
    """Of a v0.15 database the files are stamped with what their rows say, and the loss is told, not failed."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.rows.post(anna)
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert report.unattached == 1
    reasons = {one.id: one.reason for one in report.skipped if one.kind == "database"}
    assert reasons.keys() == {"attachments", "post_mentions"}
    assert "ingest" in reasons["attachments"]
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert (image.code, str(image.date)) == (str(media.id), "2025-01-01")
        assert [one.name for one in image.performers] == [anna.displayName]


async def test_a_database_without_mentions_takes_no_performer_away(case: Case) -> None:
    """Mentions that an earlier version of the database knew stay in Stash when the newer one has lost them."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna), content="Nobody is named in this text")
    case.rows.add(PostMentionFactory(postId=post.id, handle="a_friend"))
    await case.save()
    await case.settled()
    await case.execute("DELETE FROM post_mentions")
    await case.settled()
    async with case.stash() as store:
        for entity in (*await store.find(Image), *await store.find(Gallery)):
            assert {one.name for one in entity.performers} == {anna.displayName, "a_friend"}


async def test_a_mention_that_the_source_dropped_goes(case: Case) -> None:
    """Where the database knows mentions, one that is gone takes its performer with it."""
    anna = case.rows.account(username="anna")
    posts = [case.post(anna, case.picture(anna)) for _ in range(2)]
    for post in posts:
        case.rows.add(PostMentionFactory(postId=post.id, handle="a_friend"))
    await case.save()
    await case.settled()
    await case.execute(f'DELETE FROM post_mentions WHERE "postId" = {posts[0].id}')
    await case.settled()
    async with case.stash() as store:
        found = {one.code: len(one.performers) for one in await store.find(Gallery)}
    assert found == {str(posts[0].id): 1, str(posts[1].id): 2}


async def test_mentions_of_known_accounts_come_from_the_text(case: Case) -> None:
    """Without any mention in the database, `@handle` of a known account is one; of an unknown one it is just text."""
    anna = case.rows.account(username="anna")
    case.rows.account(username="bea", displayName="Bea")
    case.post(anna, case.picture(anna), content="A day with @BEA, and @nobody")
    await case.save()
    await case.settled()
    async with case.stash() as store:
        assert {one.name for one in await store.find(Performer)} == {anna.displayName, "Bea"}


@pytest.mark.parametrize("others", [0, 1], ids=["one video", "two videos"])
async def test_a_rendition_without_a_link(case: Case, others: int) -> None:
    """A video saved in winter 2025/26 is its post's where time tells it, and only then; else it is loose."""
    anna = case.rows.account(username="anna")
    never = {"mimetype": "video/mp4", "local_filename": None, "is_downloaded": False}
    posts = [case.post(anna, case.rows.media(anna, **never)) for _ in range(1 + others)]
    case.video(anna, createdAt=moment(0))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert report.unattached == others
    async with case.stash() as store:
        found = [one.code for one in await store.find(Gallery)]
        (scene,) = await store.find(Scene)
    assert found == ([] if others else [str(posts[0].id)])
    assert bool(scene.galleries) is not bool(others)


async def test_rows_that_lead_nowhere(case: Case) -> None:
    """Dangling attachments, places of bundles, media and mentions cost themselves alone, and are named."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna))
    bundle = case.rows.bundle([case.rows.offered(case.picture(anna))])
    other = case.rows.post(anna, bundle)
    await case.save()
    with closing(sqlite3.connect(case.database)) as connection, connection:
        connection.execute(
            'INSERT INTO attachments (id, "postId", "contentId", "contentType", pos)'
            " VALUES (900, ?, 5, 'ACCOUNT_MEDIA', 5), (901, ?, 6, 'AGGREGATED_POSTS', 6)",
            (post.id, post.id),
        )
        connection.execute(
            "INSERT INTO account_media_bundle_media (bundle_id, media_id, pos) VALUES (?, 7, 9)", (bundle.id,)
        )
    report = await case.settled()
    assert report.exit_code == 0
    assert {(one.kind, one.id) for one in report.skipped} == {
        ("attachments", "900"),
        ("attachments", "901"),
        ("account_media_bundle_media", f"{bundle.id}/7"),
    }
    async with case.stash() as store:
        assert {one.code for one in await store.find(Gallery)} == {str(post.id), str(other.id)}
