"""Files: names and folders of all eras, copies, renditions, and files that lie elsewhere for Stash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stash_graphql_client.types import Image

from stash.demo.files import jpeg
from stash.embedded.media import oshash as media_oshash
from stash.files.content import md5, oshash
from stash.files.paths import PathMap, quoted
from tests.metadata.factories import MediaVariantFactory, moment

if TYPE_CHECKING:
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
