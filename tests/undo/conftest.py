"""A world that is synced and taken back, with what stood before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from stash import jobs
from stash.journal import Journal
from stash.settings import Settings
from stash.source.database import Database
from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.end_to_end.conftest import made_world
from tests.faults.conftest import small_template, victims  # noqa: F401 - fixtures
from tests.faults.dumps import server_dump
from tests.faults.rig import _entities, compared
from tests.mapping.conftest import case, everywhere  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from stash.journal import LogEntry
    from stash.report import Report
    from tests.conftest import Server
    from tests.end_to_end.conftest import Setup


@dataclass
class Circle:
    """A world in a Stash that has scanned it; `before` is how that stood."""

    setup: Setup
    before: str = ""

    @property
    def server(self) -> Server:
        """The Stash."""
        return self.setup.server

    async def sync(self, **options: Any) -> Report:
        """One sync."""
        return await self.setup.sync(**options)

    async def undo(self, run: object = "last", **options: Any) -> Report:
        """One undo."""
        settings = Settings(
            url=self.server.url, database=str(self.setup.database), downloads=self.setup.downloads
        )
        chosen = SyncOptions(server=self.server.prefix, **options)
        return (await undo(settings, str(run), chosen, transport=self.server.transport))[1]

    async def dump(self) -> str:
        """How Stash stands."""
        return (await server_dump(self.server.url, self.server.library, self.server.transport)).text()

    async def differences(self, other: str) -> list[str]:
        """What differs in Stash from another state."""
        return compared(_entities(other), _entities(await self.dump()))

    async def operations(self, run: int | None) -> list[LogEntry]:
        """What a run did."""
        assert run is not None
        async with await Database.open(str(self.setup.database)) as database:
            return await (await Journal.open(database)).log.entries(run)


async def circle_of(server: Server, folder: Path, **size: int) -> Circle:
    """A world, scanned."""
    circle = Circle(await made_world(server, folder, **size))
    async with server.store() as store:
        await jobs.scan(store.connection, [str(circle.setup.downloads)], 60)
    circle.before = await circle.dump()
    return circle


@pytest.fixture
async def circle(embedded: Server, tmp_path: Path) -> Circle:
    """Two creators on the embedded Stash, with chapters, previews and videos."""
    return await circle_of(embedded, tmp_path / "world", creators=2, items=40)
