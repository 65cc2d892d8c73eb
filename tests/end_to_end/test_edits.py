"""Edits of a user, and changes of the source."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image, Performer

from stash import jobs
from tests.end_to_end.conftest import Setup, made_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Server


async def test_what_a_user_edits_is_kept(small: Setup) -> None:
    """A title, a removed tag, an added performer and an emptied text survive any number of syncs, and are reported."""
    await small.sync()
    async with small.server.store() as store:
        images = [i for i in await store.find(Image) if i.code and i.tags and i.details]
        image, gallery = images[0], await store.find_one(Gallery, organized=True, details__null=False)
        guest = await store.create(Performer, name="A guest")
        dropped = image.tags[0]
        image.title = "My own title"
        await image.remove_tag(dropped)
        await image.add_performer(guest)
        gallery.details = ""
        await store.flush()
    for _ in range(2):
        report = await small.sync()
        assert report.header.requests["mutations"] == 0
        assert {(k.type, k.id, k.field) for k in report.kept} == {
            ("Image", image.id, "title"),
            ("Gallery", gallery.id, "details"),
        }
    async with small.server.store() as store:
        seen = await store.get(Image, image.id)
        assert seen.title == "My own title"
        assert dropped.name not in {tag.name for tag in seen.tags}
        assert "A guest" in {performer.name for performer in seen.performers}
    overwritten = await small.sync(overwrite=frozenset({"title"}))
    assert overwritten.entities["images"].updated == 1


async def test_what_the_source_changes_arrives(small: Setup) -> None:
    """A new text reaches the gallery and the files of its item; a tag that the source dropped goes with it."""
    await small.sync()
    with closing(sqlite3.connect(small.database)) as connection, connection:
        (post,) = connection.execute(
            'SELECT p.id FROM posts p JOIN post_hashtags h ON h."postId" = p.id JOIN attachments a ON a."postId" = p.id'
        ).fetchone()
        connection.execute("UPDATE posts SET content = 'Rewritten at the source' WHERE id = ?", (post,))
        connection.execute('DELETE FROM post_hashtags WHERE "postId" = ?', (post,))
    report = await small.sync()
    assert report.entities["galleries"].updated == 1
    async with small.server.store() as store:
        gallery = await store.find_one(Gallery, code=str(post))
        assert (gallery.title, gallery.details, gallery.tags) == (
            "Rewritten at the source",
            "Rewritten at the source",
            [],
        )
    assert (await small.sync()).header.requests["mutations"] == 0


async def test_organized_files_keep_everything_but_join_their_gallery(
    embedded: Server, tmp_path: Path
) -> None:
    """A scene or an image that the user marked organized is not touched, and is in its gallery all the same."""
    setup = await made_world(embedded, tmp_path / "world", items=16)
    async with embedded.store() as store:
        await jobs.scan(store.connection, [str(setup.downloads)], 60)
        images = await store.find(Image)
        for image in images:
            image.organized = True
        await store.flush()
    report = await setup.sync()
    assert report.entities["images"].updated == 0
    async with embedded.store() as store:
        seen = [image for image in await store.find(Image) if image.galleries]
        assert seen
        assert not any(image.title or image.code or image.tags or image.performers for image in seen)
