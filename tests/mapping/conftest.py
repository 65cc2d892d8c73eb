"""Small worlds, row by row, in a database that the downloader made, with their files in a Stash."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from metadata.making import open_or_make
from stash import jobs
from stash.demo import files
from stash.embedded import EmbeddedStash
from stash.settings import Settings
from stash.source.database import Database
from stash.sync import SyncOptions, sync
from tests.conftest import Server, Silent
from tests.metadata.factories import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from metadata.models import Account, Media
    from stash.report import Report
    from stash.store import StashStore


@dataclass
class Case:
    """Rows in the making, their files, and the Stash that they are brought into."""

    server: Server
    folder: Path
    rows: World = field(default_factory=World)
    address: str = ""
    is_saved: bool = False
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """The downloader's database, where that is a file."""
        return self.folder / "metadata.sqlite"

    @property
    def downloads(self) -> Path:
        """The downloader's folder."""
        return self.server.library / f"{self.server.prefix}_downloads"

    def picture(self, owner: Account, /, at: str = "Timeline/Pictures", **values: object) -> Media:
        """A picture that was downloaded, with its file."""
        media = self.rows.media(owner, **values)
        self.file(owner, media, at)
        return media

    def video(self, owner: Account, /, at: str = "Timeline/Videos", **values: object) -> Media:
        """A video, likewise."""
        media = self.rows.media(owner, **{"mimetype": "video/mp4"} | values)
        if "local_filename" not in values:
            media.local_filename = f"2025-01-01_at_12-00_UTC_id_{media.id}.mp4"
        self.file(owner, media, at)
        return media

    def file(self, owner: Account, media: Media, at: str, name: str | None = None) -> Path:
        """Write the file of a media; its content is its own."""
        return self.write(owner, f"{at}/{name or media.local_filename}", str(media.id))

    def write(self, owner: Account, path: str, unique: str) -> Path:
        """Write a file below the creator's folder."""
        place = self.downloads / f"{owner.username}_fansly" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        make = {".mp4": files.mp4, ".gif": files.gif, ".png": files.png}.get(place.suffix.lower(), files.jpeg)
        place.write_bytes(make(unique))
        return place

    def post(self, owner: Account, *media: Media, **values: object) -> Any:
        """A post that carries these media."""
        return self.rows.post(owner, *map(self.rows.offered, media), **values)

    async def save(self) -> None:
        """Write the rows that were added since the last time."""
        async with await open_or_make(self.address or str(self.database)) as opened:
            await self.rows.save(opened)
            if not self.is_saved:
                async with opened.begin() as connection:
                    await connection.exec_driver_sql("DROP TABLE metadata_origin")
        self.rows, self.is_saved = World(), True

    async def execute(self, *statements: str) -> None:
        """Change rows at the source."""
        async with (
            await Database.open(self.address or str(self.database)) as opened,
            opened.begin() as connection,
        ):
            for statement in statements:
                await connection.exec_driver_sql(statement)

    async def scan(self) -> None:
        """Have Stash scan the downloads, as an earlier program did."""
        async with self.server.store() as store:
            await jobs.scan(store.connection, [str(self.downloads)], 60)

    async def sync(self, **options: Any) -> Report:
        """One run; `sent` are its mutations."""
        self.sent.clear()
        return await self.server.sync(self.address or self.database, self.downloads, **options)

    def settings(self, **chosen: Any) -> Settings:
        """The settings of a run."""
        database = self.address or str(self.database)
        values = {"url": self.server.url, "database": database, "downloads": self.downloads}
        return Settings(**{**values, **chosen})

    async def run(self, settings: Settings, **options: Any) -> Report:
        """One run with these settings; `sent` are its mutations."""
        self.sent.clear()
        chosen = SyncOptions(**{"server": "x"} | options)
        return await sync(settings, chosen, Silent(), transport=self.server.transport)

    async def settled(self, **options: Any) -> Report:
        """A run, and a second one that sends nothing; answers the first one's report."""
        first = await self.sync(**options)
        sent = list(self.sent)
        second = await self.sync(**options)
        assert self.sent == []
        assert second.header.requests["mutations"] == 0
        self.sent[:] = sent
        return first

    def inputs(self, mutation: str) -> list[dict[str, Any]]:
        """The inputs of one kind of mutation in the last run, as they went over the wire."""
        found: list[dict[str, Any]] = []
        for body in self.sent:
            for line in body["query"].splitlines()[1:-1]:
                number, _, rest = line.strip().partition(": ")
                if rest.split("(")[0] == mutation:
                    value = body["variables"][f"input{number.removeprefix('f')}"]
                    found += value if isinstance(value, list) else [value]
        return found

    @asynccontextmanager
    async def stash(self) -> AsyncIterator[StashStore]:
        """A store to look with, and to make what was there before."""
        async with self.server.store() as store:
            yield store


class Recording(httpx.AsyncBaseTransport):
    """Keeps every mutation that passes."""

    def __init__(self, inner: httpx.AsyncBaseTransport, sent: list[dict[str, Any]]) -> None:
        self._inner, self._sent = inner, sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on."""
        body = json.loads(request.content or b"{}")
        if str(body.get("query", "")).startswith("mutation") and "metadataScan" not in body["query"]:
            self._sent.append(body)
        return await self._inner.handle_async_request(request)


@contextmanager
def little_case() -> Iterator[Case]:
    """An empty case on a Stash of its own."""
    with TemporaryDirectory() as folder, EmbeddedStash([Path(folder)]) as stash:
        transport = httpx.ASGITransport(app=stash.app)
        case = Case(Server("http://embedded.test", Path(folder), transport, stash), Path(folder))
        case.server.transport = Recording(transport, case.sent)
        yield case


@pytest.fixture
def case(embedded: Server, tmp_path: Path) -> Case:
    """An empty case on the embedded Stash."""
    return _case(embedded, tmp_path)


@pytest.fixture
async def everywhere(server: Server, tmp_path: Path) -> AsyncIterator[Case]:
    """An empty case on the embedded Stash and, where there is one for tests, on a real one."""
    own = server.transport
    async with httpx.AsyncHTTPTransport() as network:
        server.transport = own or network
        yield _case(server, tmp_path)
        server.transport = own


def _case(server: Server, folder: Path) -> Case:
    case = Case(server, folder)
    assert server.transport is not None
    server.transport = Recording(server.transport, case.sent)
    return case
