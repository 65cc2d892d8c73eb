"""Paths of the host and of Stash, and what names tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.errors import UsageError
from stash.files.paths import PathMap, base_name, kind_of, media_name


@pytest.mark.parametrize(
    ("mapping", "host", "stash"),
    [
        (None, "/dl/a/x.jpg", "/dl/a/x.jpg"),
        ("/dl=/data", "/dl/a/x.jpg", "/data/a/x.jpg"),
        ("/dl/=/data/", "/dl/a/x.jpg", "/data/a/x.jpg"),
        ("/dl=/data", "/dl2/a/x.jpg", "/dl2/a/x.jpg"),
        ("/dl=/data;/dl/b=/other", "/dl/b/x.jpg", "/other/x.jpg"),
        ("/my dl=/the data", "/my dl/it's/x.jpg", "/the data/it's/x.jpg"),
        (r"C:\dl=/data", r"C:\dl\a\x.jpg", "/data/a/x.jpg"),
        (r"c:/dl=/data", r"C:\DL\a\x.jpg", "/data/a/x.jpg"),
        (r"/dl=D:\media", "/dl/a/x.jpg", r"D:\media\a\x.jpg"),
        (r"\\nas\dl=/data", r"\\nas\dl\a\x.jpg", "/data/a/x.jpg"),
        ("/=/data", "/a/x.jpg", "/data/a/x.jpg"),
        ('"/a=b;c"="/d;=e"', "/a=b;c/x.jpg", "/d;=e/x.jpg"),
        ('"/a b"=/c ; /e="/f g/"', "/e/x.jpg", "/f g/x.jpg"),
    ],
)
def test_host_paths_become_stash_paths(mapping: str | None, host: str, stash: str) -> None:
    """The longest fitting host folder is replaced, component by component, in either style of path."""
    assert PathMap.parse(mapping).to_stash(host) == stash


def test_stash_paths_become_host_paths() -> None:
    """A mapping works backwards; a path that none fits has no place on the host."""
    mapping = PathMap.parse("/dl=/data;/pics=/data/p")
    assert mapping.to_host("/data/p/x.jpg") == "/pics/x.jpg"
    assert mapping.to_host("/data/x.jpg") == "/dl/x.jpg"
    assert mapping.to_host("/else/x.jpg") is None
    assert PathMap().to_host("/x.jpg") == "/x.jpg"


@pytest.mark.parametrize("text", ["/dl", "=/data", "/dl=", "/a=/b;/c"])
def test_a_wrong_mapping_is_said(text: str) -> None:
    """A pair without two sides is named, with the form that it should have."""
    with pytest.raises(UsageError, match="host=stash"):
        PathMap.parse(text)


@given(
    st.lists(
        st.text(
            st.characters(exclude_characters="/\\;=\0", exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]),
            min_size=1,
        )
    )
)
def test_there_and_back(parts: list[str]) -> None:
    """A path below the mapped folder comes back as it was."""
    mapping = PathMap.parse("/dl=/data/x")
    path = "/".join(["/dl", *parts])
    assert mapping.to_host(mapping.to_stash(path)) == path


@pytest.mark.parametrize(
    ("name", "media_id", "is_preview"),
    [
        ("2025-01-19_at_12-49_UTC_id_737344486891335698.mp4", 737344486891335698, False),
        ("2025-01-19_at_12-49_id_737344486891335698.mp4", 737344486891335698, False),
        ("unknown_preview_id_737344489891335693.jpeg", 737344489891335693, True),
        ("2025-01-19_at_12-49_UTC_preview_id_5.None", 5, True),
        ("2025-01-19_at_12-49_UTC_hash2_00ff_id_7.jpg", 7, False),
        ("2025-01-19_at_12-49_UTC_id_7_hash2_00ff.jpg", 7, False),
    ],
)
def test_names_of_every_era(name: str, media_id: int, is_preview: bool) -> None:
    """The id, and whether it is a preview's, are read from the names of all versions."""
    found = media_name(name)
    assert found is not None
    assert (found.id, found.is_preview) == (media_id, is_preview)


@pytest.mark.parametrize(
    "name",
    ["holiday.jpg", "id_5.jpg", "x_id_.jpg", "x_id_99999999999999999999.jpg", "x_id_9223372036854775808.jpg"],
)
def test_names_without_an_id(name: str) -> None:
    """A name of another form, or an id that no row can have, tells nothing."""
    assert media_name(name) is None


@given(st.text())
def test_no_name_crashes(name: str) -> None:
    """Any text may be a file's name."""
    media_name(name)
    kind_of(name)
    assert "/" not in base_name(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", "image"),
        ("a.gif", "image"),
        ("a.mp4", "scene"),
        ("a.None", None),
        ("a.mp3", None),
        ("jpg", None),
        ("a.zip", None),
    ],
)
def test_what_stash_takes(name: str, kind: str | None) -> None:
    """Stash takes pictures and videos by their suffix, in any case, and nothing else."""
    assert kind_of(name) == kind


def test_base_names_of_both_styles() -> None:
    """The last component, whatever the separators, also mixed."""
    assert base_name(r"C:\a/b\c.jpg") == "c.jpg"
    assert base_name("c.jpg") == "c.jpg"
