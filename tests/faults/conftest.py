"""Worlds of a few items, runners, and processes that are killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash import jobs
from stash.demo import write_world
from stash.embedded import EmbeddedStash
from stash.processing import schedule
from tests.faults.clock import Clock
from tests.faults.rig import Dumped, Rig, Template, Victims, killable, numbered, rig_of
from tests.faults.sizes import USUAL, size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    type MakeRig = Callable[..., Rig]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time between two attempts passes at once, and jobs are asked after often."""
    clock = Clock()
    clock.install(monkeypatch)
    monkeypatch.setattr(jobs, "FIRST_WAIT", 0.005)
    return clock


@pytest.fixture(autouse=True)
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many items are written together."""
    monkeypatch.setattr(schedule, "FIRST_BATCH", USUAL)
    monkeypatch.setattr(schedule, "MAX_BATCH", USUAL)


async def _template(folder: Path, **world: int) -> Template:
    made = write_world(folder / "library", **world)
    database, state = folder / "metadata.sqlite", folder / "stash.sqlite"
    async with await open_or_make(str(database)) as opened:
        assert not (await ingest_paths(opened, [made.payloads])).failures
    EmbeddedStash([made.downloads], state=state).close()
    rig = rig_of(folder / "clean", made.downloads, made.downloads, database, state)
    with rig.stash, pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "FIRST_BATCH", USUAL)
        patch.setattr(schedule, "MAX_BATCH", USUAL)
        outcome = await rig.run()
        assert outcome.exit_code == 0, outcome
        clean = await rig.dumped()
    assert not clean.duplicates
    return Template(made.downloads, made.downloads, database, state, clean)


@pytest.fixture(scope="session")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A world of one creator and a few items, with chapters."""
    folder = tmp_path_factory.mktemp("small")
    return asyncio.run(_template(folder, creators=1, items=size("KILL_ITEMS", 16)))


@pytest.fixture(scope="session")
def tiny_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A world of fewer files than a safety stop asks for."""
    return asyncio.run(_template(tmp_path_factory.mktemp("tiny"), creators=1, items=6))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A world of two creators."""
    folder = tmp_path_factory.mktemp("world")
    return asyncio.run(_template(folder, creators=2, items=20))


@pytest.fixture
def make_rig(tmp_path: Path, template: Template) -> Iterator[MakeRig]:
    """Makes copies of the world of two creators."""
    folders, rigs = numbered(tmp_path), []

    def make(**options: object) -> Rig:
        rigs.append(template.copy(next(folders), **options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.stash.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """A copy of the world of two creators."""
    return make_rig()


@pytest.fixture
def clean(template: Template) -> Dumped:
    """How the world of two creators ends when nothing goes wrong."""
    return template.clean


@pytest.fixture
async def victims(small_template: Template) -> AsyncIterator[Victims]:
    """Processes to be killed, on the world of one creator."""
    async for process in killable():
        yield Victims(process, small_template)
