"""Chapters that an undo makes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image

from stash.processing.prune import RESTORED
from stash.sync import SyncOptions
from stash.undo.chapters import NO_PLACE
from stash.undo.session import undo
from tests.mapping.test_aggregated import chapters
from tests.metadata.factories import moment

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case


async def carrying(case: Case, name: str = "d.jpeg", place: int = 4) -> tuple[Any, Any]:
    """A post of three pictures that carries another one, whose picture has this name and place; both, synced."""
    anna = case.rows.account(username="anna")
    inner = case.post(
        anna, case.picture(anna, local_filename=name), content="The carried post", createdAt=moment(-9)
    )
    media = [case.rows.offered(case.picture(anna, local_filename=f"{one}.jpeg")) for one in "abc"]
    outer = case.rows.post(anna, *media, inner)
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", place)]
    return outer, inner


async def drop(case: Case, outer: Any, inner: Any) -> Report:
    """The source has the carried post no more; the run that withdraws its chapter."""
    await case.execute(f'DELETE FROM attachments WHERE "postId" = {outer.id} AND "contentId" = {inner.id}')
    report = await case.sync()
    assert await chapters(case, outer.id) == []
    return report


async def undone(case: Case, run: object = "last") -> Report:
    """An undo."""
    chosen = SyncOptions(server=case.server.prefix)
    return (await undo(case.settings(), str(run), chosen, transport=case.server.transport))[1]


async def take_off(case: Case, outer: Any, *names: str) -> None:
    """The user takes images out of the gallery of a post."""
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(outer.id))
        for name in names:
            image = await store.find_one(Image, path__contains=f"/{name}")
            await image.remove_from_gallery(gallery)
        await store.flush()


@pytest.mark.parametrize(("gone", "place"), [((), 4), (("a",), 3), (("a", "b"), 2), (("a", "b", "c"), 1)])
async def test_a_chapter_stands_at_an_image_that_there_is(
    case: Case, gone: tuple[str, ...], place: int
) -> None:
    """Where a user took images out meanwhile, a chapter that comes again stands at the last one; later syncs agree."""
    outer, inner = await carrying(case)
    await drop(case, outer, inner)
    await take_off(case, outer, *(f"{name}.jpeg" for name in gone))
    report = await undone(case)
    assert (report.exit_code, report.skipped) == (0, [])
    assert await chapters(case, outer.id) == [("The carried post", place)]
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", place)]


async def test_redo_withdraws_a_chapter_again(case: Case) -> None:
    """A dropped chapter that an undo brought back stays, named, until `--redo`; an undo of either gives back what was before."""
    outer, inner = await carrying(case)
    dropped = await drop(case, outer, inner)
    there, key = [("The carried post", 4)], ("chapter", f"{outer.id}/{inner.id}", RESTORED)
    brought = await undone(case, dropped.header.run)
    for _ in range(2):
        report = await case.settled()
        assert key in [(one.kind, one.id, one.reason) for one in report.skipped]
        assert await chapters(case, outer.id) == there
    plan = (await case.sync(dry_run=True, redo=True)).plan
    assert [one.before for one in plan if one.type == "GalleryChapter"] == ["The carried post"]
    redone = await case.sync(redo=True)
    assert await chapters(case, outer.id) == []
    assert (await case.settled()).skipped == []
    await undone(case, redone.header.run)
    assert await chapters(case, outer.id) == there
    await case.sync(redo=True)
    await undone(case, brought.header.run)
    assert await chapters(case, outer.id) == []


async def test_a_chapter_whose_return_was_undone_is_withdrawn(case: Case) -> None:
    """An undo of the undo leaves a chapter withdrawn: the source may have it again, and then a sync makes it, unasked."""
    outer, inner = await carrying(case)
    dropped = await drop(case, outer, inner)
    brought = await undone(case, dropped.header.run)
    await undone(case, brought.header.run)
    assert await chapters(case, outer.id) == []
    await case.settled()
    row = f"(99, {outer.id}, {inner.id}, 'AGGREGATED_POSTS', 3)"
    await case.execute(
        f'INSERT INTO attachments (id, "postId", "contentId", "contentType", pos) VALUES {row}'
    )
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", 4)]


async def test_a_sync_moves_a_chapter_that_an_undo_put_elsewhere(case: Case) -> None:
    """The place that an undo gives a chapter is no edit of the user's: the next sync has it at its image again."""
    outer, _ = await carrying(case, "b5.jpeg", 3)
    report = await undone(case)
    async with case.stash() as store:
        ids = [one.id for name in "ab" for one in await store.find(Image, path__contains=f"/{name}.jpeg")]
        assert not (await store.connection.mutate(_deleting("images"), {"i": ids}, fields=1)).errors
    await undone(case, report.header.run)
    assert await chapters(case, outer.id) == [("The carried post", 2)]
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", 1)]


@pytest.mark.parametrize("what", ["gallery", "images"])
async def test_a_chapter_without_an_image_stays_out(case: Case, what: str) -> None:
    """Where a user deleted the gallery, or all of its images, the chapter is named and left out, and the rest is done."""
    outer, inner = await carrying(case)
    await drop(case, outer, inner)
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(outer.id))
        ids = [gallery.id] if what == "gallery" else [one.id for one in await store.find(Image)]
        assert not (await store.connection.mutate(_deleting(what), {"i": ids}, fields=1)).errors
    report = await undone(case)
    assert report.exit_code == 0
    assert [(one.kind, one.id, one.reason) for one in report.skipped] == [
        ("chapter", f"{outer.id}/{inner.id}", NO_PLACE)
    ]


def _deleting(what: str) -> str:
    name = {"gallery": "galleryDestroy", "images": "imagesDestroy"}[what]
    return f"mutation($i: [ID!]!) {{ {name}(input: {{ids: $i}}) }}"
