"""The objects that the downloader hands over, and the settings that they hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stash.downloader_config import UNSET_FOLDER, postgres_address
from stash.files.paths import quoted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping


class DownloaderDatabase(Protocol):
    """The downloader's database object, of which only the address is used."""

    db_url: str


class Config(Protocol):
    """The downloader's configuration.

    Its three versions have these names. Of the further ones, those are read that a version has: `download_directory`,
    `stash_mapped_path`, `stash_override_dldir_w_mapped`, `stash_enable_scene_split`, `stash_verify_ssl` and `pg_*`.
    """

    stash_context_conn: Mapping[str, Any] | None
    _database: DownloaderDatabase | None

    def get_background_tasks(self) -> list[asyncio.Task[Any]]:
        """Return the tasks that the downloader waits for before it ends."""
        ...


class State(Protocol):
    """The downloader's state: the creator, and the folder of the download, which is None without a download."""

    creator_name: str | None
    creator_id: int | str | None
    base_path: Path | None
    download_path: Path | None


def settings_of(config: Config, state: State) -> dict[str, Any]:
    """Return the settings that the downloader's own configuration holds, by the names of stash-sync.

    A setting that the configuration does not have is absent.
    """
    downloads = _downloads(config, state)
    mapped = str(getattr(config, "stash_mapped_path", None) or "").strip()
    found = {
        "database": _database(config),
        "downloads": downloads,
        "path_map": f"{quoted(str(downloads))}={quoted(mapped)}" if downloads and mapped else None,
        "reorganised": getattr(config, "stash_override_dldir_w_mapped", False) is True or None,
        "split_scenes": getattr(config, "stash_enable_scene_split", False) is True or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def is_split_rehearsed(config: Config) -> bool:
    """Tell whether the downloader is to say which scenes it would split, and to split none."""
    return getattr(config, "stash_enable_scene_split", False) == "dry-run"


def verifies(config: Config) -> bool:
    """Tell whether the certificate of Stash is verified."""
    return getattr(config, "stash_verify_ssl", True) is not False


def _downloads(config: Config, state: State) -> Path | None:
    """Return the folder that holds the creators' folders. None where neither configuration nor state knows one."""
    chosen = getattr(config, "download_directory", None)
    if chosen is not None and str(chosen).strip().lower() not in {"", UNSET_FOLDER}:
        return Path(chosen).expanduser().absolute()
    folder = state.base_path or state.download_path
    return folder.absolute().parent if folder is not None else None


def _database(config: Config) -> str | None:
    opened = config._database  # noqa: SLF001 - the downloader's own name
    if opened is not None:
        return opened.db_url
    if not hasattr(config, "pg_database"):
        return None
    names = ("pg_user", "pg_password", "pg_host", "pg_port", "pg_database")
    return postgres_address({name: _plain(getattr(config, name, None)) for name in names})


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of another program
    """Return a value, out of pydantic's wrapper for secrets."""
    reveal = getattr(value, "get_secret_value", None)
    return value if reveal is None else reveal()
