"""Fixtures that every suite uses."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import hypothesis
import pytest
from stash_graphql_client.types import Image, Scene

import stash as stash_package
from stash import jobs
from stash.demo import files
from stash.embedded import EmbeddedStash
from stash.settings import Settings
from stash.sync import SyncOptions, sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from stash.report import Report
    from stash.store import StashStore

# A change is judged by the same cases every time; a seed of one's own draws others.
hypothesis.settings.register_profile("patient", deadline=None, derandomize="TORTURE_SEED" not in os.environ)
hypothesis.settings.load_profile("patient")  # how long a case takes says nothing of whether it holds

pytest_plugins = ["stash.testing.plugin", "tests.browser", "tests.postgres"]


def pytest_collection_finish() -> None:
    """Leave what was imported out of the collections of a run, which would take longer than the run itself."""
    gc.collect()
    gc.freeze()


SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of real sample data beside a checkout; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared with sample data beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("STASH_SYNC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


class Silent:
    """Progress that nobody watches."""

    def start(self, step: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, amount: int = 1) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


@dataclass
class Server:
    """A Stash to test on: `url` and `transport` reach it, files written into `library` can be scanned."""

    url: str
    library: Path
    transport: httpx.AsyncBaseTransport | None = None
    embedded: EmbeddedStash | None = None
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")

    @asynccontextmanager
    async def store(self) -> AsyncIterator[StashStore]:
        """A store on this Stash."""
        async with stash_package.connect(self.url, transport=self.transport) as store:
            yield store

    async def images(self, store: StashStore, count: int) -> list[Image]:
        """That many images, scanned."""
        return await self._scanned(store, Image, count, "jpeg")

    async def scenes(self, store: StashStore, count: int) -> list[Scene]:
        """That many scenes, scanned."""
        return await self._scanned(store, Scene, count, "mp4")

    async def _scanned(self, store: StashStore, kind: type[Any], count: int, suffix: str) -> list[Any]:
        folder = self.library / f"{self.prefix}_{uuid.uuid4().hex[:6]}"
        folder.mkdir(parents=True)
        make = {"jpeg": files.jpeg, "mp4": files.mp4}[suffix]
        for number in range(count):
            (folder / f"{number:05}.{suffix}").write_bytes(make(f"{folder.name} {number}"))
        await jobs.scan(store.connection, [str(folder)], 60)
        found = await store.find(kind, path__contains=f"/{folder.name}/")
        assert len(found) == count
        return sorted(found, key=lambda entity: int(entity.id))

    async def sync(self, database: Path | str, downloads: Path, **options: Any) -> Report:
        """A run of the pipeline on this Stash, which looks at everything unless it is told otherwise."""
        settings = Settings(url=self.url, database=str(database), downloads=downloads)
        chosen = SyncOptions(server=self.prefix, **{"is_full": True} | options)
        return await sync(settings, chosen, Silent(), transport=self.transport)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Server]:
    """The embedded Stash, in this process."""
    library = tmp_path / "library"
    library.mkdir()
    with EmbeddedStash([library]) as stash:
        yield Server("http://embedded.test", library, httpx.ASGITransport(app=stash.app), stash)


REAL = pytest.param("real", marks=pytest.mark.real) if os.environ.get("STASH_URL") else None


@pytest.fixture(params=[param for param in ("embedded", REAL) if param is not None])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The embedded Stash and, where STASH_URL and STASH_LIBRARY name one made for tests, a real one."""
    if request.param == "embedded":
        yield request.getfixturevalue("embedded")
        return
    real = Server(os.environ["STASH_URL"], Path(os.environ["STASH_LIBRARY"]))
    yield real
    asyncio.run(_clear(real))


async def _clear(real: Server) -> None:
    """Take away the files that a test made, with their scenes, images and galleries."""
    async with real.store() as store:
        here = {"path__contains": f"/{real.prefix}"}
        images, scenes = await store.find(Image, **here), await store.find(Scene, **here)
        galleries = {g.id for entity in (*images, *scenes) for g in entity.galleries}
        # Those of a zip file go with its gallery.
        images = [one for one in images if ".zip/" not in one.visual_files[0].path]
        for name, ids in (
            ("galleryDestroy(input: {ids: $ids})", sorted(galleries)),
            ("imagesDestroy(input: {ids: $ids})", [image.id for image in images]),
            ("scenesDestroy(input: {ids: $ids})", [scene.id for scene in scenes]),
        ):
            if ids:
                document = f"mutation($ids: [ID!]!) {{ {name} }}"
                assert not (await store.connection.mutate(document, {"ids": ids}, fields=1)).errors
    for folder in real.library.glob(f"{real.prefix}*"):
        shutil.rmtree(folder)


@pytest.fixture
async def store(server: Server) -> AsyncIterator[StashStore]:
    """A store on the server under test."""
    async with server.store() as store:
        yield store
