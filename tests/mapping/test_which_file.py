"""Which of the files on a disk gets a media's metadata: whatever lies there, in whatever order."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Image, Scene

from stash.files.local import list_downloads, local_file
from stash.files.paths import PathMap
from stash.files.stash_index import StashFile, StashFileIndex
from stash.next_steps import step_for
from stash.source.items import StoredMedia
from tests.mapping.which import KINDS, USABLE, stamped

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


ROW = "2025-01-01_at_12-00_UTC_id_5.jpeg"


ORDER = [
    ROW,
    "2024-01-01_at_12-00_UTC_id_5.jpeg",
    "unknown_id_5.png",
    "2024-01-01_at_12-00_UTC_id_6.jpeg",  # of a rendition
    "holiday_id_5.jpeg",
    "2025-01-01_at_12-00_UTC_id_5 (1).jpeg",
    "2025-01-01_at_12-00_UTC_id_5 copy.jpeg",
    "2025-01-01_at_12-00_UTC_id_5 (2)_id_7.jpeg",  # of another media
]
"""Names on a disk, the one that counts first; the last one never does."""


NEVER = [
    f"._{ROW}",
    f".{ROW}",
    f"{ROW}.part",
    f"{ROW}.json",
    "2025-01-01_at_12-00_UTC_id_5_thumb.jpeg",
    "thumb_2025-01-01_at_12-00_UTC_id_5.jpeg",
    "2025-01-01_at_12-00_UTC_id_5.mp4.jpg",
]
"""Companions: none of them is ever a media's file."""


MEDIA = StoredMedia(5, 1, "image/jpeg", local_filename=ROW, variants=(StoredMedia(6, 1, "image/jpeg"),))


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(ORDER + NEVER), st.sampled_from(sorted(KINDS))),
    st.sets(st.sampled_from(ORDER)),
    st.sets(st.sampled_from(ORDER)),
    st.randoms(use_true_random=False),
)
def test_any_disk_in_any_order(kinds: dict[str, str], broken: set[str], unscanned: set[str], chance) -> None:
    """The downloader's exact file comes first, what Stash could not read last, and nothing else but regular files counts."""
    with TemporaryDirectory() as folder:
        for name, kind in kinds.items():
            KINDS[kind](Path(folder, name))
        found = list_downloads(Path(folder)).files
    usable = [name for name in ORDER if kinds.get(name) in USABLE]
    assert {file.name for file in found if not file.name.startswith("content")} == set(usable)
    chance.shuffle(found)
    files = StashFileIndex(PathMap(), found)
    for file in found:
        if file.name not in unscanned:
            files.in_stash[file.path] = StashFile(
                "Image", file.name, "", file.path, is_primary=True, is_broken=file.name in broken
            )
    known = [name for name in usable if name not in unscanned and name != ORDER[-1]]
    expected = next(iter(sorted(known, key=lambda name: (name in broken, ORDER.index(name)))), None)
    match = files.match(MEDIA)
    assert (match.id if match else None) == expected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_equal_names_the_creators_own_comes_first(order: tuple[int, ...]) -> None:
    """Where one name lies in several folders the creator's own counts, then the first path; never the order of the walk."""
    found = [local_file(ROW, f"/dl/{folder}/", folder) for folder in ("aaa", "anna_fansly", "zzz")]
    files = StashFileIndex(
        PathMap(), [found[place] for place in order], creator_folders={1: frozenset({"anna_fansly"})}
    )
    assert [file.folder for file in files.of(MEDIA)][:1] == ["anna_fansly"]
    files.creator_folders.clear()
    assert [file.folder for file in files.of(MEDIA)] == ["aaa", "anna_fansly", "zzz"]


def test_the_type_of_the_row_tells_a_thumbnail_from_its_video() -> None:
    """Of a video and a picture with its id the row's type decides."""
    found = [local_file(f"2025-01-01_at_12-00_UTC_id_5{suffix}", "/dl/") for suffix in (".jpg", ".mp4")]
    for mimetype, suffix in (
        ("video/mp4", ".mp4"),
        ("image/jpeg", ".jpg"),
        ("application/x-mpegURL", ".mp4"),
    ):
        media = StoredMedia(5, 1, mimetype)
        assert StashFileIndex(PathMap(), found).of(media)[0].name.endswith(suffix)


async def test_a_row_without_a_name_and_a_broken_copy(case: Case) -> None:
    """What was ingested has no file names: the downloader's own file gets everything, not the copy beside it."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna, local_filename=None)
    own = case.write(anna, f"Timeline/Pictures/2025-01-01_at_12-00_UTC_id_{media.id}.jpeg", "own")
    copy = own.with_name(f"2025-01-01_at_12-00_UTC_id_{media.id} (1).jpeg")
    copy.write_bytes(own.read_bytes()[:40])
    hidden = own.with_name(f"._{own.name}")
    hidden.write_bytes(b"Mac OS X")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert [(one.file, one.reason) for one in report.unmatched] == [
        (str(copy), f"its media is matched by another file, {own.name}")
    ]
    assert await stamped(case) == {own.name}


async def test_a_broken_file_gives_way_to_a_copy(case: Case) -> None:
    """Where Stash could not read the downloader's file the copy that it could read is the media's."""
    anna = case.rows.account(username="anna")
    media = case.rows.media(anna)
    own = case.file(anna, media, "Timeline/Pictures")
    copy = own.with_name(f"{own.stem} (1).jpeg")
    shutil.copy(own, copy)
    own.write_bytes(b"\xff\xd8broken")
    case.post(anna, media)
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    assert await stamped(case) == {copy.name}


@pytest.mark.parametrize("suffix", ["jpeg", "mp4"])
async def test_what_was_deleted_in_stash_is_called_so(case: Case, suffix: str) -> None:
    """A file whose image or scene was deleted in Stash is named as that, with the switch that brings it back."""
    anna = case.rows.account(username="anna")
    gone = case.video(anna) if suffix == "mp4" else case.picture(anna)
    stays = case.picture(anna)
    case.post(anna, gone, stays)
    alone = case.post(anna, case.picture(anna))
    await case.save()
    await case.sync()
    async with case.stash() as store:
        cls, noun = (Scene, "scene") if suffix == "mp4" else (Image, "image")
        ids = [one.id for one in await store.find(cls, code=str(gone.id))]
        document = f"mutation($i: {cls.__name__}sDestroyInput!) {{ {noun}sDestroy(input: $i) }}"
        assert not (await store.connection.mutate(document, {"i": {"ids": ids}}, fields=1)).errors
    for _ in range(2):
        report = await case.sync()
        assert [(one.id, one.reason) for one in report.unmatched] == [
            (str(gone.id), f"its {noun} was deleted in Stash")
        ]
        assert report.exit_code == 0
        assert step_for(report.unmatched[0].reason, "stash-sync sync")[1] == "stash-sync sync --recreate"
    report = await case.sync(recreate=True)
    assert report.unmatched == []
    async with case.stash() as store:
        assert len(await store.find(cls, code=str(gone.id))) == 1
        assert len(await store.find(Gallery, code=str(alone.id))) == 1
