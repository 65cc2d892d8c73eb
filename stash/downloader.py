"""The objects that the downloader hands over, as far as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path


class DownloaderDatabase(Protocol):
    """The downloader's database object, of which only the address is used."""

    db_url: str


class Config(Protocol):
    """The downloader's configuration, as far as it is read."""

    stash_context_conn: Mapping[str, Any] | None
    _database: DownloaderDatabase | None

    def get_background_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that the downloader waits for before it ends."""
        ...


class State(Protocol):
    """The downloader's state: whose content was just downloaded, and where to."""

    creator_name: str | None
    creator_id: int | str | None
    base_path: Path | None
    download_path: Path | None
