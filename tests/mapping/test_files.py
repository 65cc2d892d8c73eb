"""Files: names and folders of all eras, copies, renditions, and files that lie elsewhere for Stash."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Scene

from stash import jobs
from stash.demo.files import jpeg
from stash.embedded.media import oshash as media_oshash
from stash.files.content import md5, oshash
from stash.files.paths import PathMap, quoted
from tests.metadata.factories import MediaVariantFactory, moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case


@pytest.mark.parametrize(
    "name",
    [
        "2025-01-19_at_12-49_UTC_id_{id}.jpeg",
        "2025-01-19_at_12-49_id_{id}.jpeg",
        "2025-01-19_at_12-49_UTC_preview_id_{id}.jpg",
        "2025-01-19_at_12-49_UTC_id_{id}_hash2_0123456789abcdef.jpeg",
        "2024-01-19_at_12-49_hash_0a1b_id_{id}.JPG",
        "2024-01-19_at_12-49_id_{id}_hash1_0a1b.png",
        "unknown_id_{id}.jpeg",
        "unknown_preview_id_{id}.png",
        'it\'s _ 100% "quoted" & [odd] (1)_id_{id}.jpeg',
        "日本 😀_id_{id}.jpeg",
    ],
)
@pytest.mark.parametrize("is_named", [True, False], ids=["name in the row", "id in the name"])
async def test_names_of_all_eras(case: Case, name: str, is_named: bool) -> None:
    """A file is its media's by the name in the row, or by the id in its own name, in whatever form."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna)
    media.local_filename = name.format(id=media.id)
    case.file(anna, media, "Timeline/Pictures")
    case.post(anna, media)
    if not is_named:
        media.local_filename = None
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert [one["code"] for one in case.inputs("imageUpdate")] == [str(media.id)]


@pytest.mark.parametrize(
    "folder",
    [
        "anna_fansly/Timeline/Pictures",
        "anna/Messages/Pictures/Previews",
        "ANNA_Fansly/pictures",
        "Collections",
        "my own folder/it's & 100% [new]",
        "日本/😀",
        "",
    ],
)
async def test_folders_of_all_eras(case: Case, folder: str) -> None:
    """A file counts wherever it lies below the downloads: other suffixes, other case, no folder at all."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna)
    path = case.downloads / folder / media.local_filename
    case.file(anna, media, "Timeline/Pictures").unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(str(media.id)))
    case.post(anna, media)
    await case.save()
    assert (await case.settled()).exit_code == 0
    assert [one["code"] for one in case.inputs("imageUpdate")] == [str(media.id)]


async def test_a_preview_without_a_type_is_named(case: Case) -> None:
    """`….None` is a file that Stash does not take; it is listed, and its item goes on."""
    anna = case.rows.account(username="anna")
    preview = case.rows.media(anna, local_filename="2025-01-01_at_12-00_UTC_preview_id_5.None")
    path = case.file(anna, preview, "Timeline/Pictures")
    case.post(anna, preview, case.picture(anna))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert [(one.file, one.reason) for one in report.unmatched] == [
        (str(path), "Stash does not take .None files")
    ]


async def test_further_files_of_one_media(case: Case) -> None:
    """Of several files of one media one is matched; the others are named, every time, unless they are copies of it."""
    anna = case.rows.account(username="anna")
    video, picture = case.video(anna), case.picture(anna)
    rendition = case.rows.media(anna, mimetype="video/mp4", local_filename=None)
    case.rows.add(MediaVariantFactory(mediaId=video.id, variantId=rendition.id))
    others = [
        case.write(anna, f"Timeline/Videos/x_id_{rendition.id}.mp4", "rendition"),
        case.write(anna, f"Messages/Pictures/x_id_{picture.id}.jpeg", "another"),
    ]
    case.write(anna, f"Messages/Pictures/copy_id_{picture.id}.jpeg", str(picture.id))
    nothing = others[1].with_suffix(".None")
    nothing.write_bytes(b"nothing")
    case.post(anna, video, picture)
    await case.save()
    for _ in range(2):
        report = await case.settled()
        assert report.exit_code == 0
        assert {one.file: one.reason for one in report.unmatched} == {
            str(others[0]): f"its media is matched by another file, {video.local_filename}",
            str(others[1]): f"its media is matched by another file, {picture.local_filename}",
            str(nothing): "Stash does not take .None files",
        }


async def test_rows_that_share_a_file(case: Case) -> None:
    """Two rows of one file: one image, with the code of the earliest; both posts' galleries have it."""
    anna = case.rows.account(username="anna")
    first = case.picture(anna)
    second = case.rows.media(anna, local_filename=first.local_filename)
    posts = [case.post(anna, second, createdAt=moment(2)), case.post(anna, first, createdAt=moment(1))]
    await case.save()
    assert (await case.settled()).exit_code == 0
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert image.code == str(first.id)
        assert {one.code for one in image.galleries} == {str(post.id) for post in posts}


async def test_a_file_of_several_items_of_two_creators(case: Case) -> None:
    """The earliest item owns the values, whoever is synced first; every item's gallery has the file."""
    anna, bea = case.rows.account(username="anna"), case.rows.account(username="bea")
    shared = case.picture(bea)
    offered = case.rows.offered(shared)
    own = case.picture(anna)
    later = case.rows.post(anna, offered, case.rows.offered(own), createdAt=moment(5))
    earlier = case.rows.post(bea, offered, content="The earliest post of all", createdAt=moment(1))
    await case.save()
    for creator in ("anna", "bea", "anna"):
        await case.sync(creators=(creator,))
    for creator in ("bea", "anna"):
        await case.sync(creators=(creator,))
        assert case.sent == []
    async with case.stash() as store:
        image = await store.find_one(Image, code=str(shared.id))
        assert image.title == "The earliest post of all"
        assert image.studio.name == "bea (Fansly)"
        assert {one.code for one in image.galleries} == {str(later.id), str(earlier.id)}


@pytest.mark.parametrize("creators", [("anna", "bea"), ("bea", "anna"), ()])
async def test_copies_that_two_creators_have(case: Case, creators: tuple[str, ...]) -> None:
    """Files of one content are one image: the first that is synced stamps it, the other joins it to its gallery alone."""
    people = {name: case.rows.account(username=name) for name in ("anna", "bea")}
    media = {name: case.picture(person) for name, person in people.items()}
    posts = {name: case.post(people[name], media[name], content=f"The text of {name}") for name in people}
    paths = [next(case.downloads.rglob(f"*_{one.id}.jpeg")) for one in media.values()]
    paths[1].write_bytes(paths[0].read_bytes())
    await case.save()
    for number in range(2):
        for creator in creators or (None,):
            report = await case.sync(creators=(creator,) if creator else ())
            assert (report.exit_code, report.kept) == (0, [])
            assert number == 0 or case.sent == []
    first = creators[0] if creators else "anna"
    async with case.stash() as store:
        (image,) = await store.find(Image)
        assert (image.code, image.title) == (str(media[first].id), f"The text of {first}")
        assert [one.name for one in image.performers] == [first.title()]
        assert {one.code for one in image.galleries} == {str(one.id) for one in posts.values()}


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


@given(st.binary(min_size=1, max_size=99), st.integers(0, 70_000) | st.integers(131_064, 131_080))
def test_fingerprints_are_stashs(tmp_path_factory: pytest.TempPathFactory, pattern: bytes, size: int) -> None:
    """Fingerprints are those that Stash makes of the same bytes."""
    content = (pattern * size)[:size]
    path = tmp_path_factory.mktemp("file") / "file"
    path.write_bytes(content)
    assert md5(path).value == hashlib.md5(content).hexdigest()
    assert oshash(path).value == media_oshash(path)
    assert md5(path).size == oshash(path).size == len(content)


_COMPONENT = st.text(
    st.characters(exclude_characters="/\\;=\0", exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]),
    min_size=1,
).filter(lambda text: text.strip("\"'") == text)


@given(st.lists(_COMPONENT, min_size=1), st.lists(_COMPONENT, min_size=1), _COMPONENT)
def test_a_folder_is_never_a_part_of_another(host: list[str], below: list[str], more: str) -> None:
    """A map of `/dl` says nothing of `/dl2`, and everything below `/dl` keeps its way."""
    folder, way = "/" + "/".join(host), "/".join(below)
    mapping = PathMap.parse(f"{quoted(folder)}=/data")
    assert mapping.to_stash(f"{folder}/{way}") == f"/data/{way}"
    assert mapping.to_stash(f"{folder}{more}/{way}") == f"{folder}{more}/{way}"
