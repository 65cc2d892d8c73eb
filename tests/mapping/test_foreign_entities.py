"""Entities of other files and of folders stay the user's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Scene

from stash import jobs
from stash.demo.files import jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case


async def copied(case: Case, suffix: str, *, ours_first: bool) -> tuple[str, Path]:
    """A media whose file also lies in a folder of the user's; Stash has one entity of both. The post's code, the copy."""
    anna = case.rows.account(username="anna")
    media = case.video(anna) if suffix == "mp4" else case.picture(anna)
    post = case.post(anna, media)
    await case.save()
    (ours,) = case.downloads.rglob(f"*_{media.id}.*")
    copy = case.server.library / "mine" / f"My favourite.{suffix}"
    copy.parent.mkdir()
    shutil.copy(ours, copy)
    async with case.stash() as store:
        for path in (ours, copy) if ours_first else (copy, ours):
            await jobs.scan(store.connection, [str(path.parent)], 60)
    return str(post.id), copy


@pytest.mark.parametrize("suffix", ["mp4", "jpeg"])
async def test_ours_is_primary(case: Case, suffix: str) -> None:
    """An entity whose first file is the download is stamped, whatever copies it has."""
    code, _ = await copied(case, suffix, ours_first=True)
    report = await case.settled()
    assert report.kept == []
    async with case.stash() as store:
        cls = Scene if suffix == "mp4" else Image
        (entity,) = await store.find(cls)
        assert entity.title
        assert [one.code for one in entity.galleries] == [code]


@pytest.mark.parametrize("suffix", ["mp4", "jpeg"])
async def test_a_foreign_primary_is_never_taken_over(case: Case, suffix: str) -> None:
    """An entity about a file of the user's keeps its values; it is named, and is in the item's gallery all the same."""
    code, _ = await copied(case, suffix, ours_first=False)
    report = await case.settled()
    cls = Scene if suffix == "mp4" else Image
    async with case.stash() as store:
        (entity,) = await store.find(cls)
        assert (entity.title, entity.code, entity.studio) == ("", "", None)
        assert [one.code for one in entity.galleries] == [code]
    assert [(one.type, one.field) for one in report.kept] == [(cls.__type_name__, "primary file")]


async def test_a_foreign_primary_with_our_code_is_ours(case: Case) -> None:
    """An entity that an earlier program stamped is ours, whichever of its files is the first now."""
    await copied(case, "mp4", ours_first=False)
    async with case.stash() as store:
        (scene,) = await store.find(Scene)
        scene.code = next(case.downloads.rglob("*.mp4")).stem.rpartition("_")[2]
        await store.flush()
    report = await case.settled()
    assert report.kept == []
    assert len(case.inputs("sceneUpdate")) == 1


async def test_galleries_of_files_are_never_ours(case: Case) -> None:
    """A zip or folder gallery is the user's, also with the item's code and url."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna))
    await case.save()
    archive = case.server.library / "archive"
    archive.mkdir()
    (archive / "one.jpeg").write_bytes(jpeg("one"))
    shutil.make_archive(str(case.server.library / "zips" / "mine"), "zip", archive)
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(case.server.library / "zips")], 60)
        (zipped,) = await store.find(Gallery)
        zipped.code, zipped.urls = str(post.id), [f"https://fansly.com/post/{post.id}"]
        await store.flush()
    await case.settled()
    assert [one["code"] for one in case.inputs("galleryCreate")] == [str(post.id)]
    async with case.stash() as store:
        assert (await store.get(Gallery, zipped.id)).title == zipped.title


async def make_a_gallery_of_the_folder(case: Case) -> Gallery:
    """Have Stash make a gallery of the one folder with pictures, as it does where that is switched on."""
    async with case.stash() as store:
        if case.server.embedded is not None:
            await jobs.scan(store.connection, [str(case.downloads)], 60)
            database = case.server.embedded.database
            now, folder = database.now(), "(SELECT folder_id FROM file LIMIT 1)"
            columns = "(folder_id, created_at, updated_at, organized)"
            gallery = database.run(f"INSERT INTO gallery {columns} VALUES ({folder}, ?, ?, 0)", (now, now))
            for image in await store.find(Image):
                database.run(
                    "INSERT INTO gallery_image (gallery_id, image_id) VALUES (?, ?)", (gallery, image.id)
                )
            return await store.get(Gallery, str(gallery))
        document = "mutation($on: Boolean!) { configureGeneral(input: {createGalleriesFromFolders: $on}) { stashes { path } } }"
        for on in (True, False):
            assert not (await store.connection.mutate(document, {"on": on}, fields=1)).errors
            if on:
                await jobs.scan(store.connection, [str(case.downloads)], 60)
        image = await store.find_one(Image, path__contains=f"/{case.downloads.name}/")
        return image.galleries[0]


async def test_a_gallery_of_a_folder_is_never_ours(everywhere: Case) -> None:
    """A gallery that Stash made of a folder stays as it is, also with the item's code and url; the item's is another."""
    case = everywhere
    anna = case.rows.account(username=f"{case.server.prefix}anna")
    post = case.post(anna, case.picture(anna), case.picture(anna))
    await case.save()
    made = await make_a_gallery_of_the_folder(case)
    async with case.stash() as store:
        gallery = await store.get(Gallery, made.id)
        assert gallery.folder
        gallery.code, gallery.urls = str(post.id), [f"https://fansly.com/post/{post.id}"]
        await store.flush()
    assert (await case.settled()).exit_code == 0
    assert [one["code"] for one in case.inputs("galleryCreate")] == [str(post.id)]
    async with case.stash() as store:
        for image in await store.find(Image, path__contains=f"/{case.downloads.name}/"):
            assert sorted(bool(one.folder) for one in image.galleries) == [False, True]
        assert not (await store.get(Gallery, made.id)).title
