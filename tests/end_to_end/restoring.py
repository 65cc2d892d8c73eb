"""Helpers of `test_restored.py`, `test_moved_stash.py`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash import jobs
from stash.embedded import EmbeddedStash
from stash.errors import RefusedError
from stash.settings import Settings
from stash.sync import SyncOptions, sync
from stash.undo.session import undo
from tests.conftest import Server, Silent
from tests.faults.clock import Seconds
from tests.faults.dumps import server_dump

if TYPE_CHECKING:
    from pathlib import Path

    from stash.report import Report
    from tests.end_to_end.conftest import Setup

URL = "http://127.0.0.1:9999"


@dataclass
class Home:
    """A small world beside a Stash whose database can be copied and put back."""

    setup: Setup
    folder: Path
    clock: Seconds = field(default_factory=lambda: Seconds(datetime(2026, 1, 1, tzinfo=UTC)))

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the Stash."""
        self.stash = EmbeddedStash([self.setup.server.library], state=self.state, clock=self.clock)
        self.server = Server(
            URL, self.setup.server.library, httpx.ASGITransport(app=self.stash.app), self.stash
        )

    @property
    def state(self) -> Path:
        """The database of Stash."""
        return self.folder / "stash.sqlite"

    def swap(self, copy_from: Path, copy_to: Path) -> None:
        """Copy a database of Stash while it is down."""
        self.stash.close()
        shutil.copyfile(copy_from, copy_to)
        self.start()

    def back_up(self) -> None:
        """Keep a copy."""
        self.swap(self.state, self.folder / "backup.sqlite")

    def restore(self) -> None:
        """Put the copy back."""
        self.swap(self.folder / "backup.sqlite", self.state)

    async def scan(self) -> None:
        """Have Stash scan its library."""
        async with self.server.store() as store:
            await jobs.scan(store.connection, [str(self.server.library)], 60)

    async def sync(self, url: str = URL, **options: Any) -> Report:
        """A run."""
        settings = Settings(url=url, database=str(self.setup.database), downloads=self.setup.downloads)
        return await sync(settings, SyncOptions(**options), Silent(), transport=self.server.transport)

    async def undo(self, run: str = "last") -> Report:
        """An undo."""
        settings = Settings(url=URL, database=str(self.setup.database), downloads=self.setup.downloads)
        return (await undo(settings, run, SyncOptions(), transport=self.server.transport))[1]

    async def dump(self) -> str:
        """All that Stash has, ids and times left out."""
        return (await server_dump(URL, self.server.library, self.server.transport)).text()

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a document as a user of Stash."""
        async with httpx.AsyncClient(transport=self.server.transport, base_url=URL) as http:
            body = (await http.post("/graphql", json={"query": document, "variables": variables})).json()
        assert not body.get("errors"), body
        return dict(body["data"])


async def _refused(home: Home, switch: str, **options: Any) -> None:
    """A run is refused with this switch, and writes nothing."""
    before = await home.dump()
    with pytest.raises(RefusedError, match=switch):
        await home.sync(**options)
    assert await home.dump() == before


async def _silent(home: Home, **options: Any) -> None:
    report = await home.sync(**options)
    assert report.header.requests["mutations"] == 0
    assert not report.kept
