"""Databases of every version: what they lack is found elsewhere, or told, and costs nobody a link."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene

from metadata.making import open_or_make
from tests.mapping.conftest import Recording
from tests.mapping.test_samples import GALLERIES
from tests.metadata.factories import PostMentionFactory, World, moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.mapping.conftest import Case


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


@pytest.mark.parametrize("is_later", [True, False], ids=["later files", "earlier files"])
async def test_a_database_that_v0_15_took_over(case: Case, is_later: bool) -> None:
    """What has attachments is synced; that later posts have none is told, with the last one that has some."""
    anna = case.rows.account(username="anna")
    loose = None if is_later else case.picture(anna)
    post = case.post(anna, case.picture(anna))
    case.rows.post(anna)
    loose = loose or case.picture(anna)
    await case.save()
    report = await case.settled()
    assert (report.exit_code, report.unattached) == (0, 1)
    told = [one.reason for one in report.skipped if (one.kind, one.id) == ("database", "attachments")]
    assert [f"up to the post {post.id} alone" in one for one in told] == ([True] if is_later else [])
    async with case.stash() as store:
        assert [one.code for one in await store.find(Gallery)] == [str(post.id)]
        assert len(await store.find(Image, code=str(loose.id))) == 1


async def test_payloads_complete_what_v0_15_left(case: Case) -> None:
    """After a sync from a v0.15 database, one from a database made of payloads brings the rest, and doubles nothing."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    rows = list(case.rows.rows)
    post = case.rows.post(anna, case.rows.offered(media), content="The text of the post")
    case.rows.tag(post, "red")
    whole, case.rows.rows = case.rows.rows, [*rows, post]
    await case.save()
    assert (await case.settled()).unattached == 1
    ours = case.folder / "ours.sqlite"
    async with await open_or_make(str(ours)) as database:
        media.local_filename, media.is_downloaded = None, False
        payloads = World()
        payloads.rows = [
            type(row)(**{c.name: getattr(row, c.name) for c in row.__table__.c}) for row in whole
        ]
        await payloads.save(database)
    settings = case.settings(database=str(ours))
    report = await case.run(settings)
    assert (report.exit_code, report.unattached, report.skipped) == (0, 0, [])
    assert (await case.run(settings)).header.requests["mutations"] == 0
    async with case.stash() as store:
        (image,), (performer,) = await store.find(Image), await store.find(Performer)
        assert (image.code, image.title) == (str(media.id), "The text of the post")
        assert ([one.code for one in image.galleries], [one.name for one in image.tags]) == (
            [str(post.id)],
            ["red"],
        )
        assert [one.id for one in image.performers] == [performer.id]


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


async def test_the_downloader_writes_while_we_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that the downloader adds between our requests disturb nothing; the next run has them all."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    await case.save()
    later: set[str] = set()
    handle = Recording.handle_async_request

    async def written_to(self: Recording, request: httpx.Request) -> httpx.Response:
        if not later and b"galleryCreate" in request.content:
            later.update(str(case.post(anna, case.picture(anna)).id) for _ in range(3))
            await case.save()
        return await handle(self, request)

    monkeypatch.setattr(Recording, "handle_async_request", written_to)
    assert (await case.sync()).exit_code == 0
    assert later
    assert (await case.settled()).exit_code == 0
    async with case.stash() as store:
        assert later < {one.code for one in await store.find(Gallery)}


@pytest.mark.parametrize("mode", ["delete", "wal"])
async def test_a_transaction_of_the_downloaders_is_open(case: Case, mode: str) -> None:
    """Reading does not wait for a downloader that is in the middle of a write, and sees nothing half written."""
    anna = case.rows.account(username="anna")
    case.post(anna, case.picture(anna))
    await case.save()
    with closing(sqlite3.connect(case.database, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE accounts SET about = 'half written'")
        report = await case.run(case.settings(patience=0.1), dry_run=True)
        connection.execute("ROLLBACK")
    assert report.exit_code == 0
    assert report.plan
    assert not [one for one in report.plan if one.after == "half written"]


async def test_a_database_that_may_only_be_read(
    case: Case, shared: Path, postgres_database: Callable[[str], str]
) -> None:
    """With a state of its own a sync works on what it may only read: all is in Stash, and the second run is silent."""
    dump = gzip.decompress((shared / "samples" / "downloader_v0_15.postgres.sql.gz").read_bytes()).decode()
    rights = "CREATE ROLE guest LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest;"
    url = postgres_database(dump + rights).replace("postgres@", "guest@")
    shutil.copytree(shared / "samples" / "downloads", case.downloads)
    settings = case.settings(database=url, state=str(case.folder / "state.sqlite"))
    first, second = await case.run(settings), await case.run(settings)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.entities["galleries"].created == GALLERIES["v0_15"]
    assert second.header.requests["mutations"] == 0


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
