"""The downloader's configuration, its folders and its names, in its own process."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loguru import logger
from stash_graphql_client.types import Gallery

import stash
from stash import StashContext, StashProcessing, connect
from stash.downloader import is_rehearsal, settings_of
from stash.embedded import serve
from stash.errors import UsageError
from stash.logging import client_logger, debug_print, processing_logger
from stash.processing.creator_sync import CreatorSync
from stash.source.database import Database
from stash.source.reader import Reader
from stash.transport.graphql import GraphQLTransport, TransportConfig
from tests.downloader import Config, ConfigWithPostgres, DownloaderDatabase, State, connection_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.conftest import Setup

OPEN = DownloaderDatabase("sqlite:////data/metadata.sqlite")


@pytest.mark.parametrize(
    ("state", "downloads"),
    [
        (State("anna"), "/dl"),
        (State("anna", None, Path("/dl/anna_fansly"), Path("/dl/anna_fansly/Timeline")), "/dl"),
        (State("anna", None, None, Path("/dl/anna_fansly/Messages")), "/dl"),
        (State("anna", None, Path("/other/anna_fansly")), "/other"),
    ],
    ids=["stash-only", "downloaded", "messages", "elsewhere"],
)
def test_the_downloads(state: State, downloads: str) -> None:
    """The downloads are the config's folder, unless the creator's own folder lies elsewhere."""
    assert settings_of(Config({}, OPEN, Path("/dl")), state).downloads == Path(downloads)


async def test_no_folder_is_guessed(small: Setup, said: list[str]) -> None:
    """Without any folder a pass is refused with one sentence, before Stash is asked; the current folder is not walked."""
    assert small.world is not None
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)))
        processor = StashProcessing.from_config(config, State(small.world.usernames[0]))
        await processor.process_creator_incremental()
        assert config.get_stash_context().ref_count == 0
        assert processor.run.files.on_host == []
        await processor.start_creator_processing()
        with pytest.raises(UsageError, match="names no download_directory"):
            await processor._background_task
        assert config.tasks == []
        await processor.cleanup()
    assert said == [
        "ERROR The downloader's config names no download_directory; set it there or set STASH_SYNC_DOWNLOADS, then sync again."
    ]


def test_the_path_map() -> None:
    """The path map counts, and so does that Stash has the files in folders of its own."""
    config = Config({}, OPEN, Path("/dl"), Path("/data=x"), stash_override_dldir_w_mapped=True)
    settings = settings_of(config, State("anna"))
    assert settings.paths().to_stash("/dl/anna_fansly/x.jpg") == "/data=x/anna_fansly/x.jpg"
    assert settings.reorganised


@pytest.mark.parametrize(
    ("value", "splits", "rehearses"), [(True, True, False), (False, False, False), ("dry-run", False, True)]
)
def test_the_scene_split(value: bool | str, splits: bool, rehearses: bool) -> None:
    """Scenes are split only with true; with `dry-run` it is only told."""
    config = Config({}, OPEN, Path("/dl"), stash_enable_scene_split=value)
    assert (settings_of(config, State("anna")).split_scenes, is_rehearsal(config)) == (splits, rehearses)


def test_the_database() -> None:
    """The open database counts; without one the section of PostgreSQL does, with the downloader's own defaults."""
    assert settings_of(Config({}, OPEN, Path("/dl")), State("anna")).database == OPEN.db_url
    config = ConfigWithPostgres({}, None, Path("/dl"))
    by_default = "postgresql://fansly_user@localhost:5432/fansly_metadata"
    assert settings_of(config, State("anna")).database == by_default
    config.pg_host, config.pg_password = "db", "a/b"
    assert (
        settings_of(config, State("a")).database == "postgresql://fansly_user:a%2Fb@db:5432/fansly_metadata"
    )
    with pytest.raises(UsageError, match="no database open; set STASH_SYNC_DATABASE_URL"):
        settings_of(Config({}, None, Path("/dl")), State("anna"))


def test_our_own_settings_go_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment goes before the downloader's configuration, but for its open database; a wrong value names its place."""
    for name, value in {"DOWNLOADS": "/mine", "PATH_MAP": "/mine=/seen", "DATABASE_URL": "other.db"}.items():
        monkeypatch.setenv(f"STASH_SYNC_{name}", value)
    settings = settings_of(Config({}, OPEN, Path("/dl"), Path("/data")), State("anna"))
    assert (settings.downloads, settings.path_map) == (Path("/mine"), "/mine=/seen")
    assert settings.database == OPEN.db_url


async def test_the_dry_run_of_the_split_is_told(
    small: Setup, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `dry-run` a pass says how many videos would get a scene of their own, and makes no scene."""
    assert small.world is not None
    monkeypatch.setattr("stash.files.stash_index.StashFileIndex.foreign_primary", lambda *_: "/mine/a.mp4")
    sync: Any = CreatorSync.sync

    async def with_further_files(self: CreatorSync, *arguments: Any) -> None:
        await sync(self, *arguments)
        scenes = [one for one in self._run.files.in_stash.values() if one.type == "Scene"]
        for one in scenes:
            one.is_primary = False

    monkeypatch.setattr(CreatorSync, "sync", with_further_files)
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)), small.downloads)
        config.stash_enable_scene_split = "dry-run"
        processor = StashProcessing.from_config(config, State(small.world.usernames[0]))
        await processor.process_creator_incremental()
        await processor.cleanup()
    assert processor.run.report.entities["scenes"].created == 0
    assert said[-1].endswith("would get a scene of its own with `enable_scene_split: true`.")


def test_a_certificate_need_not_be_verified() -> None:
    """`verify_ssl` of the context counts, in each form that the library takes; by default a certificate is verified."""
    for value, is_verified in ((False, False), ("false", False), ("true", True), (True, True)):
        assert StashContext({"scheme": "https"}, verify_ssl=value)._config.is_verified is is_verified
    config = Config({"scheme": "https", "host": "nas", "port": 9999}, OPEN, verify_ssl=False)
    context = StashProcessing.from_config(config, State("anna")).context
    assert isinstance(context, StashContext)
    assert not context._config.is_verified


async def test_what_need_not_be_verified_is_not() -> None:
    """Without `is_verified` the transport asks for no authority; with it, it does."""
    for is_verified, mode in ((False, ssl.CERT_NONE), (True, ssl.CERT_REQUIRED)):
        transport = GraphQLTransport(TransportConfig("https://127.0.0.1:1", is_verified=is_verified))
        assert transport._http._transport._pool._ssl_context.verify_mode is mode
        await transport.close()


async def test_what_could_not_be_synced_is_a_warning(
    small: Setup, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures are one warning: how many, one of them with its reason, and the command that names each."""
    assert small.world is not None
    sync: Any = CreatorSync.sync

    async def failing(self: CreatorSync, *arguments: Any) -> None:
        await sync(self, *arguments)
        for number in (7, 8):
            self._run.report.skip("post", str(number), "Stash {refused} it", is_failure=True)

    monkeypatch.setattr(CreatorSync, "sync", failing)
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)), small.downloads)
        processor = StashProcessing.from_config(config, State(small.world.usernames[0]))
        await processor.process_creator_incremental()
        await processor.cleanup()
    name = small.world.usernames[0]
    assert [line for line in said if line.startswith("WARNING")] == [
        (
            f"WARNING Stash, {name}: 2 entries could not be synced, such as post 7 (Stash {{refused}} it); "
            "`stash-sync report 1` names each."
        )
    ]
    summary = processor.run.report.summary()
    assert summary["requests"]["reads"] > 0 < summary["seconds"]


class EarlierConfig(Config):
    """The configuration of the versions that had a client of their own: its context comes from this package."""

    def make_context(self, conn: Mapping[str, Any]) -> StashContext:
        """A context of the package `stash`."""
        return stash.StashContext(conn=dict(conn))


@pytest.mark.parametrize("kind", [EarlierConfig, Config], ids=["a client of its own", "the library's"])
async def test_the_versions_around_the_migration(small: Setup, kind: type[Config]) -> None:
    """Before and after the client library the calls are the same three, creator after creator, and find every file."""
    assert small.world is not None
    async with serve(small.server.embedded) as url:
        config = kind(connection_to(url), DownloaderDatabase(f"sqlite:///{small.database}"))
        mutations = []
        for name in [*small.world.usernames, small.world.usernames[0]]:
            state = State(name, None, small.downloads / f"{name}_fansly")
            processor = StashProcessing.from_config(config, state)
            await processor.start_creator_processing()
            await processor._background_task
            await processor.cleanup()
            assert config.tasks == []
            mutations.append(processor.run.report.header.requests["mutations"])
        async with connect(url) as store:
            assert len(await store.find(Gallery)) == small.world.galleries
    assert mutations[0] > 0 < mutations[1]
    assert mutations[2] == 0


async def test_the_names_of_the_guide(small: Setup) -> None:
    """config, state and database are the downloader's; people, posts and messages can be synced by themselves."""
    assert small.world is not None
    name = small.world.usernames[0]
    async with serve(small.server.embedded) as url:
        config = Config(connection_to(url), DownloaderDatabase(str(small.database)), small.downloads)
        state = State(name)
        processor = StashProcessing.from_config(config, state)
        state.creator_name = "the next one"
        assert (processor.config, processor.database) == (config, config._database)
        assert processor.state.creator_name == name
        account, performer = await processor.process_creator()
        assert (account.username, performer.urls) == (name, [f"https://fansly.com/{name}"])
        counts = processor.run.report.entities
        assert (counts["performers"].created, counts["studios"].created) == (1, 2)
        assert counts["galleries"].created == 0
        again, same = await processor.process_creator()
        assert (again.id, same.id) == (account.id, performer.id)
        assert processor.run.report.header.requests["mutations"] == 0
        await processor.process_creator_posts(account, performer, None)
        posts = processor.run.report.entities["galleries"].created
        await processor.process_creator_messages()
        messages = processor.run.report.entities["galleries"].created
        assert posts > messages > 0
        await processor.process_creator_incremental()
        stories = processor.run.report.entities["galleries"].created
        assert stories == 1
        await processor.cleanup()
    async with await Database.open(str(small.database)) as database:
        reader = Reader(database)
        items = [item async for page in reader.pages(await reader.creator(name)) for item in page.items]
    kinds = [item.kind for item in items if item.media]
    assert (posts, messages) == (kinds.count("post"), kinds.count("message"))


async def test_the_gallery_of_an_item_by_six_arguments(small: Setup) -> None:
    """_get_or_create_gallery takes the downloader's six arguments, and makes the gallery of the item."""
    assert small.world is not None
    async with await Database.open(str(small.database)) as database:
        reader = Reader(database)
        creator = await reader.creator(small.world.usernames[0])
        item = next(iter((await anext(reader.pages(creator))).items))
    async with serve(small.server.embedded) as url, connect(url) as store:
        context = StashContext()
        context._client, context._store = store.connection, store
        processor = StashProcessing(context)
        performer = await processor.process_creator(creator)
        studio = await processor.process_creator_studio(creator, performer)
        pattern = "https://fansly.com/post/{id}"
        gallery = await processor._get_or_create_gallery(item, creator, performer, studio, "post", pattern)
        assert (gallery.code, gallery.studio, gallery.performers) == (str(item.id), studio, [performer])
        assert (
            await processor._get_or_create_gallery(item, creator, performer, studio, "post", pattern)
            is gallery
        )


def test_the_title_of_a_content() -> None:
    """_generate_title_from_content takes the first line, or else the creator and the day, with a position among many."""
    title = StashProcessing(StashContext())._generate_title_from_content
    moment = datetime(2025, 3, 4, 23, tzinfo=UTC)
    assert title("A first line of it\nand more", "anna", moment) == "A first line of it"
    assert title("short", "anna", moment, 2, 3) == "anna - 2025/03/04 - 2/3"
    assert title("x" * 129, "anna", None) == f"{'x' * 125}..."
    assert title(None, "anna", None, current_pos=1, total_media=1) == "anna"


def test_the_loggers(said: list[str]) -> None:
    """client_logger, processing_logger and debug_print reach the downloader's handlers, braces and all."""
    debugged: list[str] = []
    handler = logger.add(lambda m: debugged.append(m.record["extra"]["name"]), level="DEBUG")
    client_logger.info("one {}", 1)
    processing_logger.warning("two")
    debug_print({"a": "{"}, "client")
    debug_print({"a": "{"})
    logger.remove(handler)
    assert said == ["INFO one 1", "WARNING two"]
    assert debugged == ["client", "processing", "client", None]
    assert stash.debug_print is debug_print
    assert stash.processing_logger is processing_logger
