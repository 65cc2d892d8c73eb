"""Names of files and folders in questions: whatever is in a name means itself, and no more."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stash import jobs
from stash.demo import files as demo
from stash.doctor import gathering
from stash.files.local import list_downloads
from stash.files.paths import PathMap
from stash.files.stash_index import StashFileIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stash.files.local import LocalFile
    from tests.conftest import Server

KNOWN = [
    "a(1)", "x+y", "a[b]c", "{2}", "a{2}b", "a{2,}", "a|b", "^start", "end$", "dot.dot", "star*star", "what?", "(", ")", "[", "]",
    "{", "}", "(?i)x", "(?P<n>x)", "[[:alpha:]]", "a.*b", ".+", "%41", "100%", "under_score", "a b", " lead", "a  b", "trail ", "#tag",
    "a&b", "~tilde", "-dash-", "it's", '"quoted"', "comma,semi;", "a=b", "@at", "!bang", "`tick`", "<lt>", "$(x)", "${x}", "é", "e\u0301",
    "ß", "名前", "🌊", "ა", "a\u200db", "..x", "-", "+", ".", "^", "$", "*", "?", "|", "~", "Ünïcode (2)+[x]",
]  # fmt: skip
"""Names that mean something else, or nothing at all, in a pattern."""

LETTERS = "ab1 .()[]{}+*?^$|#&~-_%@!'\",;=<>éß名🌊"


def drawn(seed: int, many: int) -> list[str]:
    """The known names, and many drawn ones, no two alike for a file system without cases; hidden ones are never used."""
    dice = random.Random(seed)
    names = {f"{name}.{suffix}" for name, suffix in zip(KNOWN, ["jpeg", "mp4"] * len(KNOWN), strict=False)}
    while len(names) < len(KNOWN) + many:
        stem = "".join(dice.choice(LETTERS) for _ in range(dice.randint(1, 12)))
        names.add(f"{stem}.{dice.choice(['jpeg', 'mp4'])}")
    return told_apart({name.casefold(): name for name in names if name[0] != "."}.values())


def told_apart(names: Iterable[str], wild: str = "%*") -> list[str]:
    """The names that a real Stash keeps: a file with % or *, a folder with _ too, it looks up as a pattern, and takes another for it."""
    held = sorted(names)

    def meant(name: str) -> int:
        pattern = re.escape(name).replace("%", ".*").replace(r"\*", ".*").replace("_", ".")
        return sum(re.fullmatch(pattern, one, re.IGNORECASE | re.DOTALL) is not None for one in held)

    return [name for name in held if not set(wild) & set(name) or meant(name) == 1]


def write(folder: Path, names: list[str]) -> None:
    """A file of its own content under each name."""
    folder.mkdir(parents=True)
    for name in names:
        make = demo.jpeg if name.endswith("jpeg") else demo.mp4
        (folder / name).write_bytes(make(f"content of {name}"))


@pytest.fixture(params=[1, 2])
def names(request: pytest.FixtureRequest) -> list[str]:
    """Awkward names."""
    return drawn(request.param, 60)


async def test_a_file_that_lies_elsewhere_is_found_by_its_name(
    server: Server, tmp_path: Path, names: list[str]
) -> None:
    """A file that Stash has in another folder is found by its base name, all at once and each alone."""
    there, here = server.library / f"{server.prefix}_there", tmp_path / "here"
    write(there, names)
    write(here, names)
    async with server.store() as store:
        await jobs.scan(store.connection, [str(there)], 120)
        together = StashFileIndex(PathMap(), list_downloads(here).files)
        assert len(together.on_host) == len(names)
        await together.find_elsewhere(store, together.on_host, by_content=False)
        assert [file.name for file in together.unknown(together.on_host)] == []
        for file in together.on_host:
            alone = StashFileIndex(PathMap(), [file])
            await alone.find_elsewhere(store, [file], by_content=False)
            assert alone.unknown([file]) == [], file.name
            assert path_of(alone, file) == str(there / file.name)


async def test_a_file_that_is_gone_is_found_by_its_name(server: Server, names: list[str]) -> None:
    """A file that Stash alone has is found by the name in its row, with the id in it."""
    numbered = [
        f"{Path(name).stem}_id_{7_000_000 + place}{Path(name).suffix}" for place, name in enumerate(names)
    ]
    there = server.library / f"{server.prefix}_gone"
    write(there, numbered)
    async with server.store() as store:
        await jobs.scan(store.connection, [str(there)], 120)
        files = StashFileIndex(PathMap(), [])
        assert all(map(files.is_absent, numbered))
        await files.find_absent(store, numbered)
        assert [name for name in numbered if files.is_absent(name)] == []


async def test_the_doctor_finds_each_name(server: Server, names: list[str]) -> None:
    """The doctor sees where Stash has files of these names, all at once and each alone, and no others."""
    there = server.library / f"{server.prefix}_doctor"
    write(there, names)
    async with server.store() as store:
        await jobs.scan(store.connection, [str(there)], 120)
        wanted = {name: {str(there / name)} for name in names}
        assert await gathering._seen(store.connection, names) == wanted
        for name in names:
            assert await gathering._seen(store.connection, [name]) == {name: wanted[name]}, name


async def test_folders_mean_themselves(server: Server) -> None:
    """What Stash has in a folder is what it has in that one, whatever the folder is called."""
    top = server.library / f"{server.prefix}_folders"
    folders = [name.rsplit(".", 1)[0] for name in drawn(3, 40)]
    folders = told_apart({name.casefold(): name for name in folders if name.strip(". ")}.values(), wild="%*_")
    for folder in folders:
        write(top / folder, ["one.jpeg"])
        (top / folder / "one.jpeg").write_bytes(demo.jpeg(folder))
    async with server.store() as store:
        await jobs.scan(store.connection, [str(top)], 120)
        together = StashFileIndex(PathMap(), list_downloads(top).files)
        await together.read(store, together.on_host)
        assert [file.path for file in together.unknown(together.on_host)] == []
        for file in together.on_host:
            alone = StashFileIndex(PathMap(), [file])
            await alone.read(store, [file])
            assert list(alone.in_stash) == [file.path]
            assert await gathering._below(store.connection, file.directory) == 1, file.directory


async def test_a_name_finds_no_other(server: Server, tmp_path: Path) -> None:
    """A name that would be a pattern for another name does not find that one."""
    pairs = {"a.b.jpeg": "axb.jpeg", "a+.jpeg": "aa.jpeg", "[xy].jpeg": "x.jpeg", "p|q.jpeg": "q.jpeg"}
    there, here = server.library / f"{server.prefix}_others", tmp_path / "here"
    write(there, list(pairs.values()))
    write(here, list(pairs))
    async with server.store() as store:
        await jobs.scan(store.connection, [str(there)], 120)
        files = StashFileIndex(PathMap(), list_downloads(here).files)
        await files.find_elsewhere(store, files.on_host, by_content=False)
        assert {file.name for file in files.unknown(files.on_host)} == set(pairs)
        assert await gathering._seen(store.connection, list(pairs)) == {}


def path_of(files: StashFileIndex, file: LocalFile) -> str:
    """Where Stash has a file."""
    found = files._known(file)
    assert found is not None
    return found.path
