"""Inside the downloader's daemon: one context held all the time, pass after pass on PostgreSQL, no folder in the state."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import stash_graphql_client
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Tag

import stash as stash_package
from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash import StashProcessing
from stash.demo import write_world
from stash.demo.item import DemoItem
from stash.demo.source import FIRST_ID, DemoSite, Person
from stash.embedded import serve
from stash.store.library_internals import live_store
from tests.downloader import Config, DownloaderDatabase, State, connection_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stash.demo import DemoWorld
    from tests.conftest import Server


ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Daemon:
    """A downloader with a PostgreSQL database, whose files Stash sees under another path."""

    server: Server
    folder: Path
    database: str
    world: DemoWorld

    @property
    def downloads(self) -> Path:
        """The downloads as the downloader sees them."""
        return self.folder / "host"

    @property
    def in_stash(self) -> Path:
        """The downloads as Stash sees them."""
        return self.server.library / "seen"

    @property
    def state(self) -> State:
        """The state of a pass: the creator alone."""
        return State(self.world.usernames[0])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Config]:
        """The configuration of a daemon that holds its context."""
        async with serve(self.server.embedded) as url:
            config = Config(
                connection_to(url), DownloaderDatabase(self.database), self.downloads, self.in_stash
            )
            async with config.get_stash_context():
                yield config

    async def post(self, text: str) -> None:
        """Have one more post with a picture downloaded."""
        payload = json.loads((self.world.payloads / "accounts.json").read_text())
        account = payload["response"]["accounts"][0]
        owner = Person(int(account["id"]), account["username"], account["displayName"])
        item = DemoItem(DemoSite(self.downloads, 9, FIRST_ID + 10**6), owner, "Timeline", 500)
        item.picture()
        response = {"posts": [item.post(text)], "accountMedia": item.held}
        path = self.folder / "new.json"
        path.write_text(json.dumps({"success": True, "response": response}))
        async with await open_or_make(self.database) as database:
            assert not (await ingest_paths(database, [path])).failures


@pytest.fixture
async def daemon(embedded: Server, tmp_path: Path, postgres_url: str) -> Daemon:
    """A daemon with a small world."""
    world = write_world(tmp_path / "world", creators=1, items=14)
    async with await open_or_make(postgres_url) as database:
        assert not (await ingest_paths(database, [world.payloads])).failures
    made = Daemon(embedded, tmp_path, postgres_url, world)
    world.downloads.rename(made.in_stash)
    made.downloads.symlink_to(made.in_stash, target_is_directory=True)
    return made


async def passed(config: Config, state: State) -> dict[str, Any]:
    """Make one pass as the downloader does, without a cleanup, and return what it did."""
    processor = StashProcessing.from_config(config, state)
    await processor.process_creator_incremental()
    return processor.run.report.summary()


async def test_pass_after_pass_in_one_hold(daemon: Daemon, said: list[str]) -> None:
    """A first pass matches every file, the next writes nothing, and one after a new post writes that post alone."""
    async with daemon.running() as config:
        first, again = await passed(config, daemon.state), await passed(config, daemon.state)
        await daemon.post("A morning by the sea")
        later, last = await passed(config, daemon.state), await passed(config, daemon.state)
        store = config.get_stash_context().store
        (new,) = await store.find(Gallery, title="A morning by the sea")
        images, scenes = await store.find(Image), await store.find(Scene)
    counts = first["entities"]
    assert (counts["images"]["updated"], counts["scenes"]["updated"]) == (
        daemon.world.images,
        daemon.world.scenes,
    )
    assert counts["galleries"]["created"] == daemon.world.galleries
    assert {image.studio.name for image in [*images, *scenes] if image.studio} == {
        f"{daemon.world.usernames[0]} (Fansly)"
    }
    assert [one["requests"]["mutations"] for one in (again, last)] == [0, 0]
    assert again["requests"]["reads"] <= 2
    changes = {
        name: (c["created"], c["updated"])
        for name, c in later["entities"].items()
        if c["created"] or c["updated"]
    }
    assert changes == {"galleries": (1, 0), "images": (0, 1)}
    assert later["requests"]["mutations"] == 4  # the gallery, the image, its link, the cover
    assert new.date == "2025-04-20"
    assert [line for line in said if "nothing to do" not in line][1].startswith(
        f"INFO Stash, {daemon.world.usernames[0]}: 1 gallery made; 1 image changed ("
    )


async def test_the_hold_keeps_the_connection(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    """A cleanup within the hold leaves the connection open; with the hold it is closed, and the types are free again."""
    async with daemon.running() as config:
        first = StashProcessing.from_config(config, daemon.state)
        await first.process_creator_incremental()
        client = first.context.client
        await first.cleanup()
        assert "active references" not in caplog.text  # the library's warning of a close within a hold
        second = StashProcessing.from_config(config, daemon.state)
        assert await second.context.get_client() is client
        assert second.store is second.context.store is config.get_stash_context().store is live_store()
        assert config.get_stash_context().ref_count == 1
    assert live_store() is None
    with pytest.raises(RuntimeError):
        _ = config.get_stash_context().client


async def test_a_pass_begins_with_nothing_in_memory(daemon: Daemon) -> None:
    """A pass that failed leaves nothing to be written: the next pass does not send it."""
    async with daemon.running() as config:
        await passed(config, daemon.state)
        performer = (await config.get_stash_context().store.find(Performer))[0]
        performer.details = "never sent"
        tag = (await config.get_stash_context().store.find(Tag))[0]
        tag.description = "never sent"
        again = await passed(config, daemon.state)
        assert again["requests"]["mutations"] == 0
        found = await config.get_stash_context().store.get(Performer, performer.id)
        assert found is not performer
        assert found.details != "never sent"


async def test_preview_repair(daemon: Daemon) -> None:
    """Its rescan of renamed files has the client, a scan of the paths and `invalidate_type`, before any pass."""
    async with daemon.running() as config:
        processor = StashProcessing.from_config(config, daemon.state)
        await processor.context.get_client()
        await processor.scan_creator_folder(paths=[str(daemon.in_stash / "x.jpeg")])
        assert processor.store.requests.scan
        for entity_type in (Gallery, Scene, Image):
            processor.store.invalidate_type(entity_type)
        await processor.cleanup()
        assert (await passed(config, daemon.state))["entities"]["galleries"]["created"] > 0


async def test_an_outage_in_between(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """A pass while Stash is down says one sentence and raises nothing; the next one, with Stash up again, goes on."""
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "0.2")
    config = Config(None, DownloaderDatabase(daemon.database), daemon.downloads, daemon.in_stash)
    async with serve(daemon.server.embedded) as url:
        config.stash_context_conn = connection_to(url)
        context = config.get_stash_context()
        await context.__aenter__()
        assert (await passed(config, daemon.state))["entities"]["galleries"]["created"] > 0
    said.clear()
    await passed(config, daemon.state)
    (line,) = said
    assert line.startswith(f"ERROR Stash at {url} does not answer")
    port = int(url.rpartition(":")[2])
    async with serve(daemon.server.embedded, port=port):
        assert (await passed(config, daemon.state))["requests"]["mutations"] == 0
        await context.__aexit__(None, None, None)


async def test_the_librarys_own_store_is_not_mixed_in(daemon: Daemon) -> None:
    """Connections of the library's context are closed, and a store of another one is still refused."""
    async with daemon.running() as config:
        assert isinstance(config.get_stash_context().client, stash_graphql_client.StashClient)
        await passed(config, daemon.state)
        other = stash_package.StashContext(config.stash_context_conn)
        with pytest.raises(stash_package.errors.UsageError, match="open in this process already"):
            await other.get_client()


ALONE = """
import asyncio, sys
from pathlib import Path

for name in sys.argv[5].split():
    sys.modules[name] = None  # as if it were not installed
from stash import StashProcessing
from tests.downloader import Config, DownloaderDatabase, State, connection_to

url, database, downloads, mapped = sys.argv[1:5]
config = Config(connection_to(url), DownloaderDatabase(database), Path(downloads), Path(mapped))
processor = StashProcessing.from_config(config, State(sys.argv[6]))
asyncio.run(processor.process_creator_incremental())
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module}
assert not loaded & {"metadata", "alembic"}, loaded
print(processor.run.report.entities["galleries"].created)
"""


@pytest.mark.parametrize("without", ["jinja2 starlette typer uvicorn yaml sniffio PIL aiosqlite portalocker"])
async def test_nothing_else_is_needed(daemon: Daemon, without: str) -> None:
    """On PostgreSQL a pass needs neither the packages of the command, nor the drivers of SQLite, nor a dist-info."""
    outside = daemon.folder / "tree"
    outside.mkdir()
    for package in ("stash", "tests"):
        (outside / package).symlink_to(ROOT / package, target_is_directory=True)
    async with serve(daemon.server.embedded) as url:
        words = [url, daemon.database, daemon.downloads, daemon.in_stash, without, daemon.world.usernames[0]]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ALONE, *map(str, words), cwd=outside,
            env={**os.environ, "PYTHONPATH": str(outside)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert int(out) == daemon.world.galleries
