"""Objects of the shape of the downloader's, of each of its versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import stash_graphql_client

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path


@dataclass
class DownloaderDatabase:
    """The downloader's database object: only its address is read."""

    db_url: str


@dataclass
class Config:
    """The downloader's configuration, with a context of the client library that it keeps."""

    stash_context_conn: dict[str, Any] | None
    _database: DownloaderDatabase | None
    download_directory: Path | None = None
    stash_mapped_path: Path | None = None
    stash_override_dldir_w_mapped: bool = False
    stash_enable_scene_split: bool | str = False
    stash_require_stash_only_mode: bool = False
    verify_ssl: bool = True
    tasks: list[asyncio.Task] = field(default_factory=list)
    _stash: stash_graphql_client.StashContext | None = None

    def get_background_tasks(self) -> list[asyncio.Task]:
        """The tasks that the downloader waits for."""
        return self.tasks

    def get_stash_context(self) -> stash_graphql_client.StashContext:
        """The one context of the process."""
        if self._stash is None:
            self._stash = self.make_context(self.stash_context_conn)
        return self._stash

    def make_context(self, conn: Mapping[str, Any]) -> stash_graphql_client.StashContext:
        """A context of the library, which newer versions use."""
        return stash_graphql_client.StashContext(conn=dict(conn), verify_ssl=self.verify_ssl)


@dataclass
class ConfigWithPostgres(Config):
    """A configuration whose database is not open yet: its section has defaults."""

    pg_host: str = "localhost"
    pg_port: int = 5432
    pg_database: str = "fansly_metadata"
    pg_user: str | None = "fansly_user"
    pg_password: str | None = None


@dataclass
class State:
    """The downloader's state. In its stash-only mode it knows no folder."""

    creator_name: str | None
    creator_id: int | None = None
    base_path: Path | None = None
    download_path: Path | None = None


def connection_to(url: str) -> dict[str, Any]:
    """The downloader's section about the Stash at this address."""
    scheme, _, place = url.partition("://")
    host, _, port = place.rpartition(":")
    return {"scheme": scheme, "host": host, "port": int(port), "apikey": ""}
