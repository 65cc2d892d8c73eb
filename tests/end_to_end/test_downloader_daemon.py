"""The downloader's daemon and its configuration: held contexts, pass after pass, its own settings."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
import stash_graphql_client
from stash_graphql_client.types import Gallery, Scene

from stash import StashProcessing
from stash.embedded import serve
from stash.errors import UsageError
from stash.run import ingest
from stash.settings import Settings
from stash.store import connect
from stash.store.library_internals import live_store
from tests.conftest import Silent

if TYPE_CHECKING:
    import asyncio

    from tests.end_to_end.conftest import Setup


@dataclass
class Database:
    """The downloader's database object."""

    db_url: str


@dataclass
class Config:
    """The configuration of v0.15.1, as far as it concerns Stash."""

    stash_context_conn: dict[str, Any] | None
    _database: Database | None
    download_directory: Path | None = None
    stash_mapped_path: Path | None = None
    stash_override_dldir_w_mapped: bool = False
    stash_enable_scene_split: bool | Literal["dry-run"] = False
    tasks: list[asyncio.Task] = field(default_factory=list)
    held: stash_graphql_client.StashContext | None = None

    def get_background_tasks(self) -> list[asyncio.Task]:
        """The tasks that the downloader waits for."""
        return self.tasks

    def get_stash_context(self) -> stash_graphql_client.StashContext:
        """The library's context, one for the life of the daemon."""
        self.held = self.held or stash_graphql_client.StashContext(conn=self.stash_context_conn)
        return self.held


@dataclass
class State:
    """The state of a daemon's pass: no download has set a folder."""

    creator_name: str | None
    creator_id: int | None = None
    base_path: Path | None = None
    download_path: Path | None = None


def conn_of(url: str) -> dict[str, Any]:
    """The connection settings of the downloader."""
    host, port = url.removeprefix("http://").split(":")
    return {"scheme": "http", "host": host, "port": int(port), "apikey": ""}


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    """See what the downloader's user sees."""
    caplog.set_level(logging.INFO, logger="stash.processing")


async def one_pass(config: Config, name: str) -> StashProcessing:
    """One pass of the daemon: nothing is closed afterwards."""
    processor = StashProcessing.from_config(config, State(name))
    await processor.process_creator_incremental()
    return processor


async def test_passes_follow_one_another_in_one_held_context(
    small: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    """With the library's context held open, and no cleanup, each pass syncs: the second one writes the one new post alone."""
    assert small.world is not None
    name = small.world.usernames[0]
    with closing(sqlite3.connect(small.database)) as rows:
        (post,) = rows.execute(
            "SELECT posts.id FROM posts JOIN accounts ON accounts.id = posts.accountId WHERE username = ?"
            " AND posts.id IN (SELECT postId FROM attachments WHERE contentType = 'ACCOUNT_MEDIA') LIMIT 1",
            [name],
        ).fetchone()
        rows.execute("DELETE FROM posts WHERE id = ?", [post])
        rows.commit()
    async with serve(small.server.embedded) as url:
        config = Config(conn_of(url), Database(f"sqlite:///{small.database}"), small.downloads)
        async with config.get_stash_context():
            held = live_store()
            first = await one_pass(config, name)
            assert live_store() is held
            made = first.run.report.entities["galleries"].created
            assert made > 0
            await ingest(Settings(database=str(small.database)), [small.world.payloads], Silent())
            second = await one_pass(config, name)
            assert second.run.report.entities["galleries"].created == 1
            third = await one_pass(config, name)
            assert third.run.report.header.requests["mutations"] == 0
            assert live_store() is held
        async with connect(url) as store:
            galleries = [one for one in await store.find(Gallery) if one.studio.name.startswith(name)]
            assert len(galleries) == made + 1
    assert "1 gallery" in caplog.text
    assert f"Stash: {name}: nothing to do" in caplog.text


async def test_without_a_folder_nothing_is_guessed(
    small: Setup, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither config nor state knows a folder the task says so; the current directory is not walked."""
    monkeypatch.chdir(small.downloads)
    async with serve(small.server.embedded) as url:
        config = Config(conn_of(url), Database(str(small.database)), Path("Local_directory"))
        processor = StashProcessing.from_config(config, State("lena_fields"))
        await processor.start_creator_processing()
        with pytest.raises(UsageError, match="No downloads folder is known"):
            await processor._background_task
        await processor.cleanup()
        await one_pass(config, "lena_fields")
    assert "No downloads folder is known; set download_directory" in caplog.text


async def test_an_outage_is_one_sentence(
    small: Setup, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass in which Stash is down ends with a warning, not with an error, and the next pass syncs."""
    assert small.world is not None
    name = small.world.usernames[0]
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "0.1")
    async with serve(small.server.embedded) as url:
        config = Config(conn_of(url), Database(str(small.database)), small.downloads)
        down = Config({**conn_of(url), "port": 9}, Database(str(small.database)), small.downloads)
        await one_pass(down, name)
        warnings = [one.getMessage() for one in caplog.records if one.name == "stash.processing"]
        assert len(warnings) == 1
        assert warnings[0].startswith("Stash: ")
        assert "Traceback" not in caplog.text
        monkeypatch.delenv("STASH_SYNC_PATIENCE")
        processor = await one_pass(config, name)
    assert processor.run.report.entities["galleries"].created > 0


async def test_the_mapped_path_counts(small: Setup, tmp_path: Path) -> None:
    """`stash_mapped_path` stands for the download directory: files are found where Stash sees them."""
    assert small.world is not None
    name = small.world.usernames[0]
    elsewhere = tmp_path / "on the host"
    shutil.copytree(small.downloads, elsewhere)
    async with serve(small.server.embedded) as url:
        config = Config(
            conn_of(url), Database(str(small.database)), elsewhere, stash_mapped_path=small.downloads
        )
        report = (await one_pass(config, name)).run.report
    assert report.entities["galleries"].created > 0
    assert not [one for one in report.unmatched if one.is_failure]


@pytest.mark.parametrize(("chosen", "scenes"), [(False, 1), ("dry-run", 1), (True, 2)])
async def test_scenes_are_split_as_the_config_says(
    small: Setup, tmp_path: Path, chosen: Any, scenes: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A video that Stash joined to a user's own scene gets one of its own with true alone; `dry-run` says so."""
    assert small.world is not None
    name = small.world.usernames[0]
    video = next(small.downloads.glob(f"{name}_fansly/**/*.mp4"))
    own = small.server.library / "0_mine" / "mine.mp4"
    own.parent.mkdir()
    shutil.copy(video, own)
    hidden = tmp_path / video.name
    video.rename(hidden)
    async with serve(small.server.embedded) as url:
        async with connect(url) as store:
            await store.connection.metadata_scan([str(own.parent)])
            await small.server.embedded.jobs.idle()
        hidden.rename(video)
        config = Config(
            conn_of(url),
            Database(str(small.database)),
            small.downloads,
            stash_enable_scene_split=chosen,
        )
        await one_pass(config, name)
        async with connect(url) as store:
            found = await store.find(Scene)
            of_video = [one for one in found if any(f.path in {str(own), str(video)} for f in one.files)]
    assert len(of_video) == scenes
    assert ("would be split off" in caplog.text) == (chosen == "dry-run")


async def test_names_that_the_guide_promises(small: Setup) -> None:
    """Names and arguments of the guide that the downloader's maintainers call."""
    assert small.world is not None
    name = small.world.usernames[0]
    async with serve(small.server.embedded) as url:
        config = Config(conn_of(url), Database(str(small.database)), small.downloads)
        state = State(name)
        processor = StashProcessing.from_config(config, state)
        assert (processor.config, processor.state, processor.database) == (config, state, config._database)
        day = datetime(2025, 1, 2, tzinfo=UTC)
        assert processor._generate_title_from_content(None, "anna", day, 1, 2) == "anna - 2025/01/02 - 1/2"
        account = type("Account", (), {"username": name})()
        await processor.process_creator_messages(account, None, None)
        messages = processor.run.report.entities["galleries"].created
        await processor.process_creator_posts(account, None)
        posts = processor.run.report.entities["galleries"].created
        assert messages > 0
        assert posts > 0
        await processor.cleanup()
