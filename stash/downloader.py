"""The objects that the downloader hands over in its own process, and the settings that they hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stash.downloader_config import mapped_downloads, postgresql_url
from stash.errors import UsageError
from stash.settings import Settings, load_settings
from stash.store import StashContext

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    import stash_graphql_client


class DownloaderDatabase(Protocol):
    """The downloader's database object, of which only the address is used."""

    db_url: str


class Config(Protocol):
    """The downloader's configuration, as far as every version has it. `settings_of` reads more where it is there."""

    stash_context_conn: Mapping[str, Any] | None
    _database: DownloaderDatabase | None

    def get_background_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that the downloader waits for before it ends."""
        ...

    def get_stash_context(self) -> stash_graphql_client.StashContext:
        """The one context of the process, which a daemon holds open."""
        ...


class State(Protocol):
    """The downloader's state: whose content was just downloaded, and where to."""

    creator_name: str | None
    creator_id: int | str | None
    base_path: Path | None
    download_path: Path | None


REHEARSAL = "dry-run"
"""The value of `stash_enable_scene_split` with which the downloader only tells what it would split."""


def context_of(config: Config) -> StashContext:
    """Return the way to Stash: the downloader's own context, whose connection becomes one of ours."""
    if config.stash_context_conn is None:
        return StashContext()
    return StashContext.adopt(config.get_stash_context())


def settings_of(config: Config, state: State) -> Settings:
    """Return the settings in force: the environment, `stash-sync.toml`, then the downloader's configuration.

    Its open database goes before all of them, because it was just written.

    Raises:
        UsageError: a value is wrong, or no downloads folder or no database is known.
    """
    own = load_settings({})
    given = {name: getattr(own, name) for name in own.model_fields_set}
    downloads = given.get("downloads") or _downloads(config, state)
    settings = load_settings({**_said(config, downloads), **given, **_opened(config)}, "The downloader's {}")
    if settings.database is None:
        raise UsageError("The downloader has no database open; set STASH_SYNC_DATABASE_URL to its address.")
    return settings


def is_rehearsal(config: Config) -> bool:
    """Tell whether the downloader is to tell which scenes it would split, and to split none."""
    return str(_value(config, "stash_enable_scene_split")).lower() == REHEARSAL


def _downloads(config: Config, state: State) -> Path:
    """Return the folder of all downloads. The state names that of one creator, below it or elsewhere."""
    folder, root = state.base_path or state.download_path, _value(config, "download_directory")
    if folder is None and root is None:
        raise UsageError(
            "The downloader's config names no download_directory; set it there or set STASH_SYNC_DOWNLOADS, then sync again."
        )
    top = Path(root).expanduser().absolute() if root is not None else None
    if folder is None or (top is not None and Path(folder).absolute().is_relative_to(top)):
        return top  # type: ignore[return-value]  # one of both is known
    return Path(folder).absolute().parent


def _said(config: Config, downloads: Path) -> dict[str, Any]:
    """Return the settings that the configuration says, by our names."""
    stash = {"mapped_path": _value(config, "stash_mapped_path")}
    known = {
        "downloads": downloads,
        "path_map": mapped_downloads(downloads, stash),
        "reorganised": _value(config, "stash_override_dldir_w_mapped") or None,
        "split_scenes": _value(config, "stash_enable_scene_split") is True or None,
        "database": _database(config),
    }
    return {name: value for name, value in known.items() if value is not None}


def _opened(config: Config) -> dict[str, str]:
    database = _value(config, "_database")
    return {} if database is None else {"database": database.db_url}


def _database(config: Config) -> str | None:
    """Return the database that the configuration names, where none is open."""
    if (file := _value(config, "metadata_db_file")) is not None:
        return str(file)
    named = {name: _value(config, name) for name in dir(config) if name.startswith("pg_")}
    return postgresql_url(named) if named else None


def _value(config: Config, name: str) -> Any:  # noqa: ANN401 - of whichever type the downloader has it
    """Return a value of the configuration. Earlier versions lack some."""
    return getattr(config, name, None)
