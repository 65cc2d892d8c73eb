"""The cover of a gallery where ours was never set: Stash's own choice is replaced, a user's is not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def without_a_cover(case: Case) -> None:
    """A gallery of three, whose first image is not the first by path, as a run left it whose cover was refused."""
    anna = case.rows.account(username="anna")
    case.post(anna, *[case.picture(anna, local_filename=f"{name}.jpeg") for name in "cba"])
    await case.save()
    await case.settled()
    async with case.stash() as store:
        gallery = await store.find_one(Gallery)
        gallery.cover = None
        await store.flush()
    with closing(sqlite3.connect(case.database)) as connection, connection:
        connection.execute("DELETE FROM sync_part")
        query = "SELECT source_id, seen_and_wrote FROM sync_entity WHERE type = 'Gallery'"
        for key, text in connection.execute(query).fetchall():
            content = json.loads(text)
            del content["wrote"]["cover"]
            connection.execute(
                "UPDATE sync_entity SET seen_and_wrote = ? WHERE type = 'Gallery' AND source_id = ?",
                (json.dumps(content), key),
            )


@pytest.mark.parametrize("chosen", [None, "b.jpeg"])
async def test_a_cover_that_was_never_set(case: Case, chosen: str | None) -> None:
    """Where ours was refused, Stash's own choice gives way to the source's first image; a user's stays, and is named."""
    await without_a_cover(case)
    async with case.stash() as store:
        if chosen is not None:
            gallery = await store.find_one(Gallery)
            gallery.cover = await store.find_one(Image, path__contains=chosen)
            await store.flush()
    report = await case.settled()
    async with case.stash() as store:
        gallery = await store.find_one(Gallery)
        image = await store.get(Image, gallery.cover.id)
        assert [file.path.rsplit("/")[-1] for file in image.visual_files] == [chosen or "c.jpeg"]
    assert [one.field for one in report.kept] == (["cover"] if chosen else [])
