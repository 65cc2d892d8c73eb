"""The benchmark's own honesty: its worlds, its checker, its counting, its table."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Gallery, Image

from benchmarks.__main__ import main
from benchmarks.checker import faults
from benchmarks.competitors import Task, floor
from benchmarks.counting import counting
from benchmarks.source import read
from benchmarks.table import Run, growth, ratios, table, typical, write
from benchmarks.worlds import write_world
from stash import connect, jobs
from stash.embedded import EmbeddedStash, serve

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_world_is_what_it_says(tmp_path: Path) -> None:
    """Its counts are those of its rows and of its files, and each media belongs to an item."""
    world = await write_world(tmp_path / "world", tmp_path / "downloads", 60, 1_000_000)
    items = read(world.database, world.username)
    assert len(items) == world.galleries
    assert sum(len(item.media) for item in items) == world.media
    assert len(list((tmp_path / "downloads").rglob("*.*"))) == world.media
    with closing(sqlite3.connect(world.database)) as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone()[0] == 54
        assert connection.execute("SELECT count(*) FROM messages").fetchone()[0] == 6


async def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    """What the floor leaves has no faults; a title that differs and a gallery that is gone are found."""
    library = tmp_path / "library"
    library.mkdir()
    world = await write_world(tmp_path / "world", library / "downloads", 10, 1_000_000)
    with EmbeddedStash([library]) as stash:
        async with serve(stash) as url:
            task = Task(url, world.database, library / "downloads", world.username)
            async with connect(url) as store:
                await jobs.scan(store.connection, [str(library)], 60)
                await floor.sync(task)
                assert await asyncio.to_thread(faults, task) == []
                image = (await store.find(Image))[0]
                image.title = "another"
                await store.save(image)
                assert len(await asyncio.to_thread(faults, task)) == 1
                await (await store.find(Gallery))[-1].delete(store.connection)
                assert any("missing" in fault for fault in await asyncio.to_thread(faults, task))


async def test_requests_and_mutations_are_counted(tmp_path: Path) -> None:
    """The proxy counts every request once, and each root field of a mutation."""
    with EmbeddedStash([tmp_path]) as stash:
        async with serve(stash) as url:
            with counting(url) as counted:
                async with httpx.AsyncClient(base_url=counted.url) as http:
                    for query in (
                        "{ version { version } }",
                        'mutation { a: tagCreate(input: {name: "a"}) { id } b: tagCreate(input: {name: "b"}) { id } }',
                    ):
                        assert "errors" not in (await http.post("/graphql", json={"query": query})).json()
                taken = counted.take()
                assert taken.pop("received") > 200
                assert taken == {"requests": 2, "mutations": 2}
                assert counted.take() == {"requests": 0, "mutations": 0, "received": 0}


def _run(name: str, what: str, media: int, wall: float, requests: int) -> Run:
    return Run(name, media, what, "the embedded Stash", wall, wall / 2, 100, requests, 0, 1000)


RUNS = [
    _run("ours", "fresh", 1000, 1.0, 10),
    _run("ours", "again", 1000, 0.1, 5),
    _run("floor", "fresh", 1000, 0.8, 8),
    _run("before", "fresh", 1000, 50.0, 5000),
    _run("ours", "fresh", 10_000, 10.0, 80),
    _run("ours", "again", 10_000, 1.0, 30),
]


def test_ratios_are_paired_within_one_size() -> None:
    """Each ratio compares runs of one world; the growth is the slope of the logarithms."""
    text = ratios(RUNS)
    assert "1,000 media: 1.25 times the floor's wall time" in text
    assert "500 times fewer requests, 50 times faster; unchanged 500 times" in text
    assert "10,000 media, wall against the fresh run: again 0.10" in text
    assert growth([RUNS[0], RUNS[4]], "wall") == pytest.approx(1.0)


def test_rounds_are_paired_in_turn() -> None:
    """The ratio to the floor is the median of those within a round, not one of medians; the table has the medians."""
    walls = {"ours": (1.0, 6.0, 4.0), "floor": (1.0, 2.0, 4.0)}
    rounds = [_run(name, "fresh", 1000, walls[name][k], 10) for k in range(3) for name in walls]
    assert "1,000 media: 1.00 times the floor's wall time (1.00 to 3.00 in 3 rounds)" in ratios(rounds)
    assert [(one.name, one.wall) for one in typical(rounds)] == [("ours", 4.0), ("floor", 2.0)]


def test_the_page_is_written_between_its_markers(tmp_path: Path) -> None:
    """The table and the ratios replace what stood between the markers; the rest of the page stays."""
    page = tmp_path / "benchmarks.md"
    marks = "".join(
        f"<!-- embedded {name} -->\nold\n<!-- /embedded {name} -->\n" for name in ("ratios", "table")
    )
    page.write_text(f"before\n{marks}after\n", "utf-8")
    write(RUNS, tmp_path)
    write(RUNS, tmp_path)
    text = page.read_text("utf-8")
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count(table(RUNS)) == 1
    assert "<svg" in (tmp_path / "benchmarks-embedded.svg").read_text("utf-8")


def test_a_folder_without_the_page_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where `--write` would find no page to fill, nothing is run: one sentence, exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["--write", str(tmp_path)])
    assert ended.value.code == 2
    assert "has no benchmarks.md" in capsys.readouterr().err
