"""Where files lie for the downloader and for Stash: mapped folders, reorganised ones, names that several files have."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Image, Performer

from stash import jobs
from stash.demo.files import jpeg
from stash.settings import Settings
from stash.sync import SyncOptions, sync
from tests.conftest import Silent
from tests.metadata.factories import AvatarFactory

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case


async def elsewhere(case: Case, name: str, **settings: object) -> tuple[str, Report]:
    """A run where Stash has the one picture in another folder, under that name; the media's id, and the report."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.post(anna, media)
    await case.save()
    (path,) = case.downloads.rglob("*.jpeg")
    away = case.folder / "host" / "anna_fansly"
    away.mkdir(parents=True)
    shutil.copy(path, away)
    sorted_by = case.server.library / "sorted" / "by year"
    sorted_by.mkdir(parents=True)
    path.rename(sorted_by / name.format(name=path.name))
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(sorted_by)], 60)
    chosen = Settings(url=case.server.url, database=str(case.database), downloads=away.parent, **settings)
    for _ in range(2):
        sent = list(case.sent)
        case.sent.clear()
        report = await sync(chosen, SyncOptions(server="x"), Silent(), transport=case.server.transport)
    assert case.sent == []
    case.sent[:] = sent
    return str(media.id), report


@pytest.mark.parametrize("name", ["{name}", "holiday.jpeg"], ids=["same name", "another name"])
async def test_files_that_were_reorganised(case: Case, name: str) -> None:
    """A file that Stash has in another folder is found by its base name; under another name by its content."""
    media, report = await elsewhere(case, name)
    assert report.exit_code == 0
    assert [one["code"] for one in case.inputs("imageUpdate")] == [media]


@pytest.mark.parametrize("copies", [1, 2])
async def test_files_that_are_on_the_host_no_more(case: Case, copies: int) -> None:
    """A file that was moved out of the downloads is found in Stash by the name in its row, if one alone has it."""
    anna = case.rows.account(username="anna")
    moved, left = case.picture(anna), case.picture(anna)
    face = case.picture(anna, at="Pictures")
    case.rows.add(AvatarFactory(accountId=anna.id, mediaId=face.id))
    case.post(anna, moved, left)
    await case.save()
    for media in (moved, face):
        (path,) = case.downloads.rglob(f"*_{media.id}.jpeg")
        for number in range(copies):
            place = case.server.library / f"sorted {number}" / path.name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(jpeg(f"{media.id} {number}"))
        path.unlink()
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(case.server.library)], 60)
    report = await case.settled()
    assert report.exit_code == 0
    wanted = {str(left.id)} | ({str(moved.id)} if copies == 1 else set())
    async with case.stash() as store:
        assert {one.code for one in await store.find(Image) if one.galleries} == wanted
    missing = {one.id for one in report.skipped if one.reason == "its file is not in the downloads folder"}
    assert missing == {str(moved.id), str(left.id)} - wanted


async def test_a_file_that_comes_to_stash_later(case: Case) -> None:
    """A file that was moved, and that Stash has seen only since the last run, is found by the next one."""
    anna = case.rows.account(username="anna")
    moved = case.picture(anna)
    case.post(anna, moved, case.picture(anna))
    await case.save()
    (path,) = case.downloads.rglob(f"*_{moved.id}.jpeg")
    place = case.server.library / "sorted" / path.name
    place.parent.mkdir()
    shutil.move(path, place)
    await case.settled()
    assert case.inputs("imageUpdate")[0]["code"] != str(moved.id)
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(place.parent)], 60)
    await case.settled()
    assert [one["code"] for one in case.inputs("imageUpdate")] == [str(moved.id)]


async def test_a_library_in_folders_of_its_own_is_scanned_as_a_whole(case: Case) -> None:
    """Where Stash has the downloads sorted otherwise, it is asked to scan the mapped folder, and files are found by name."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.post(anna, media)
    await case.save()
    host, place = case.folder / "host", case.server.library / "sorted" / "by year"
    shutil.move(case.downloads, host)
    place.mkdir(parents=True)
    for path in host.rglob("*.jpeg"):
        shutil.copy(path, place)
    chosen = {"downloads": host, "path_map": f"{host}={place.parent}"}
    assert (await case.run(case.settings(**chosen))).exit_code == 3
    assert (await case.run(case.settings(**chosen, reorganised=True))).exit_code == 0
    assert [one["code"] for one in case.inputs("imageUpdate")] == [str(media.id)]
    await case.run(case.settings(**chosen, reorganised=True))
    assert case.sent == []


async def test_two_files_of_one_name_are_not_guessed(case: Case) -> None:
    """Where two files of the name are there, none is taken by name alone."""
    anna = case.rows.account(username="anna")
    media = case.picture(anna)
    case.post(anna, media)
    await case.save()
    (path,) = case.downloads.rglob("*.jpeg")
    away = case.folder / "host" / "anna_fansly"
    away.mkdir(parents=True)
    shutil.copy(path, away)
    name = path.name
    path.unlink()
    for folder in ("one", "two"):
        place = case.server.library / folder
        place.mkdir()
        (place / name).write_bytes(jpeg(folder))
        async with case.stash() as store:
            await jobs.scan(store.connection, [str(place)], 60)
    chosen = Settings(url=case.server.url, database=str(case.database), downloads=away.parent)
    report = await sync(chosen, SyncOptions(server="x"), Silent(), transport=case.server.transport)
    assert report.exit_code == 3
    assert case.inputs("imageUpdate") == []


@pytest.mark.parametrize("is_same", [True, False], ids=["same size", "another size"])
async def test_a_name_without_an_id_needs_the_size(case: Case, is_same: bool) -> None:
    """`1.jpeg` elsewhere is the picture only if it is as large; another picture of that name is never taken."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna, local_filename="1.jpeg")
    case.post(anna, media)
    await case.save()
    away = case.folder / "host" / "anna_fansly"
    away.mkdir(parents=True)
    place = case.server.library / "holidays"
    place.mkdir()
    picture = jpeg("one")
    (away / "1.jpeg").write_bytes(picture + b"ours")
    (place / "1.jpeg").write_bytes(picture + (b"mine" if is_same else b"another"))
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(place)], 60)
    chosen = Settings(url=case.server.url, database=str(case.database), downloads=away.parent)
    report = await sync(chosen, SyncOptions(server="x"), Silent(), transport=case.server.transport)
    assert report.exit_code == (0 if is_same else 3)
    assert len(case.inputs("imageUpdate")) == is_same


async def test_creators_whose_files_have_one_name(case: Case) -> None:
    """Of two files of one name each is its own creator's."""
    for name in ("anna", "bea"):
        creator = case.rows.account(username=name)
        case.post(creator, case.picture(creator, local_filename="1.jpeg"), content=f"A picture of {name}")
    await case.save()
    assert (await case.settled()).exit_code == 0
    async with case.stash() as store:
        found = {image.visual_files[0].path: image.title for image in await store.find(Image)}
    assert {Path(path).parts[-4]: title for path, title in found.items()} == {
        "anna_fansly": "A picture of anna",
        "bea_fansly": "A picture of bea",
    }


async def test_a_folder_that_creators_share(case: Case) -> None:
    """Files of another creator in the same folder are no failure of a run for one creator alone."""
    people = [case.rows.account(username=name) for name in ("anna", "bea")]
    for creator in people:
        media = case.rows.media(creator)
        place = case.downloads / "Collections" / media.local_filename
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(jpeg(str(media.id)))
        case.post(creator, media)
    await case.save()
    await case.settled()
    report = await case.sync(creators=("anna",))
    assert report.exit_code == 0
    assert [one.reason for one in report.unmatched] == ["its row belongs to no item of these creators"]


async def mapped(case: Case, path_map: str, **moved: str) -> tuple[Settings, dict[str, Any]]:
    """Creators whose folders, on the host below `dl`, are below the library under other names; their media."""
    host, media = case.folder / "dl", {}
    for name, place in moved.items():
        creator = case.rows.account(username=name)
        media[name] = case.picture(creator)
        face = case.picture(creator, at="Pictures")
        case.rows.add(AvatarFactory(accountId=creator.id, mediaId=face.id))
        case.post(creator, media[name])
        home = case.downloads / f"{name}_fansly"
        shutil.copytree(home, host / f"{name}_fansly")
        (case.server.library / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(home, case.server.library / place)
    await case.save()
    text = path_map.format(host=host, library=case.server.library)
    return (
        Settings(url=case.server.url, database=str(case.database), downloads=host, path_map=text),
        media,
    )


@pytest.mark.parametrize(
    "path_map",
    [
        "{host}={library}/my data/it's;{host}/bea_fansly={library}/other/bea",
        '"{host}/"="{library}/my data/it\'s/" ; "{host}/bea_fansly/" = {library}/other/bea/',
    ],
    ids=["plain", "quoted, with slashes"],
)
async def test_several_mapped_folders(case: Case, path_map: str) -> None:
    """Each file is where its longest map says, avatars are read from the host, and Stash scans its own folders."""
    settings, media = await mapped(case, path_map, anna="my data/it's/anna_fansly", bea="other/bea")
    for _ in range(2):
        report = await sync(settings, SyncOptions(server="x"), Silent(), transport=case.server.transport)
        assert report.exit_code == 0, report.unmatched
    async with case.stash() as store:
        codes = {image.code for image in await store.find(Image) if image.galleries}
        people = await store.find(Performer)
    assert codes == {str(one.id) for one in media.values()}
    assert not [one.name for one in people if "default=true" in one.image_path]
