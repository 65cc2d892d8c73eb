"""Worlds to break: one is made once and copied for each run, so that runs can be compared byte for byte."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from stash.embedded import EmbeddedStash, serve
from stash.errors import SyncError
from stash.settings import Settings
from stash.source.errors import DatabaseBusyError, DatabaseUnusableError
from stash.store.unit_of_work import BATCH
from stash.sync import SyncOptions, sync
from tests.conftest import Silent
from tests.faults.dials import FaultyTransport
from tests.faults.dumps import ServerDump, is_sound, local_dump, server_dump

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from stash.embedded.service import Call
    from stash.report import Report

URL = "http://embedded.test"
PATIENCE = 20.0
"""Seconds: enough for any number of retries that a test provokes."""
HANGS_AFTER = 120.0
"""Seconds after which a run counts as hung."""

OPTIONS = SyncOptions(is_full=True)
"""A run of everybody that looks at everything, so that it proves that nothing is left to do."""

SHOWN = 6
"""Differences that a failure shows."""

type Dial = Callable[[str], Any]


ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Template:
    """A world that nobody has synced yet, and what it looks like once it is."""

    library: Path
    downloads: Path
    database: Path
    state: Path
    clean: Dumped = field(default_factory=lambda: Dumped("", ""))

    def copy(self, folder: Path, **options: Any) -> Rig:
        """The same world, to be broken."""
        return rig_of(folder, self.library, self.downloads, self.database, self.state, **options)


@dataclass(frozen=True)
class Dumped:
    """The state after a run: of Stash, of the metadata database, and what it cost."""

    server: str
    local: str
    duplicates: list[str] = field(default_factory=list)
    requests: int = 0
    mutations: int = 0

    def differences(self, other: Dumped) -> str:
        """What differs in another state, a line each, the first few; empty where nothing does."""
        if self.server == other.server and self.local == other.local and not other.duplicates:
            return ""
        lines = [f"  duplicate: {one}" for one in other.duplicates]
        lines += compared(_entities(self.server), _entities(other.server))
        lines += compared(_rows(self.local), _rows(other.local))
        return "\n".join([line[:240] for line in lines[:SHOWN]] + [f"  {len(lines)} differences"])


def compared(ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]]) -> list[str]:
    """What differs between two sets of rows, by what they are called."""
    lines = [f"  missing: {name}" for name in ours.keys() - theirs.keys()]
    lines += [f"  too many: {name}" for name in theirs.keys() - ours.keys()]
    for name in sorted(ours.keys() & theirs.keys()):
        one, two = ours[name], theirs[name]
        lines += [
            f"  {name} {field}: {one.get(field)!r} is {two.get(field)!r}"
            for field in sorted(one.keys() | two.keys())
            if one.get(field) != two.get(field)
        ]
    return lines


def _entities(dump: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for kind, entities in json.loads(dump).items():
        for entity in entities:
            name = f"{kind} {entity.get('files') or entity.get('code') or entity.get('name')}"
            found[name if name not in found else f"{name} again"] = entity
    return found


def _rows(dump: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in dump.splitlines():
        table, _, text = line.partition(" ")
        row = json.loads(text)
        if table == "sync_entity":
            parts = row.pop("content").items()
            row |= {f"{part}.{field}": value for part, fields in parts for field, value in fields.items()}
        keys = ("type", "kind", "source_id", "account", "number", "id")
        name = " ".join([table, *(str(row[key]) for key in keys if key in row)])
        found[name if name != table else line] = row
    return found


@dataclass
class Outcome:
    """How a run ended: its report, or what was raised."""

    report: Report | None = None
    error: Exception | None = None

    @property
    def exit_code(self) -> int:
        """What the command would have exited with; a bug is 1."""
        if isinstance(self.error, SyncError):
            return self.error.exit_code
        if isinstance(self.error, DatabaseUnusableError):
            return 5 if isinstance(self.error, DatabaseBusyError) else 6
        if self.error is not None:
            return 1
        assert self.report is not None
        return self.report.exit_code


@dataclass
class Rig:
    """A world with an embedded Stash of its own, whose state is a file."""

    library: Path
    downloads: Path
    database: Path
    stash: EmbeddedStash
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stash.middleware.append(self._note)

    async def _note(self, call: Call, proceed: Callable[[], Any]) -> Any:
        self.asked.append((call.operation, call.fields))
        return await proceed()

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """The way to the server within this process."""
        return httpx.ASGITransport(app=self.stash.app)

    @property
    def mutations(self) -> int:
        """Root fields of mutations that the server was asked for, scans apart."""
        return sum(
            len(fields) for kind, fields in self.asked if kind == "mutation" and "metadataScan" not in fields
        )

    def asked_for(self, name: str) -> int:
        """How often the server was asked for a root field."""
        return sum(fields.count(name) for _, fields in self.asked)

    async def run(
        self,
        dial: Dial | None = None,
        *,
        over: httpx.AsyncBaseTransport | None = None,
        options: SyncOptions = OPTIONS,
        **settings: Any,
    ) -> Outcome:
        """A run within this process, with faults on its way to the server, or over another way; never hangs."""
        transport = over or self.transport
        transport = transport if dial is None else FaultyTransport(transport, dial)
        usual = {"url": URL, "database": str(self.database), "downloads": self.downloads}
        chosen = Settings(**usual | {"patience": PATIENCE} | settings)
        try:
            async with asyncio.timeout(HANGS_AFTER):
                return Outcome(await sync(chosen, options, Silent(), transport=transport))
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
            return Outcome(error=error)

    async def dumped(self) -> Dumped:
        """The state now."""
        server = await self.server_dump()
        assert is_sound(self.database)
        local = local_dump(self.database, server)
        return Dumped(server.text(), local, server.duplicates(), len(self.asked), self.mutations)

    async def server_dump(self) -> ServerDump:
        """The state of the server now; not counted among the requests."""
        noted, self.asked = self.asked, []
        dump = await server_dump(URL, self.library, self.transport)
        self.asked = noted
        return dump

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """The server on a socket, for clients in processes of their own."""
        async with serve(self.stash) as url:
            yield url

    async def start(self, url: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """The command itself, in a process of its own: `stash-sync sync` if nothing else is named."""
        pipe = asyncio.subprocess.PIPE
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STASH_")}
        given = {
            "STASH_URL": url,
            "STASH_SYNC_DATABASE_URL": str(self.database),
            "STASH_SYNC_DOWNLOADS": str(self.downloads),
            "STASH_SYNC_PATIENCE": str(PATIENCE),
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stash.cli", *(arguments or ("sync", "--json"))),
            env=kept | given | environment,
            stdout=pipe,
            stderr=pipe,
        )

    async def command(self, url: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Likewise, to its end: exit code (negative for a signal), stdout, stderr."""
        process = await self.start(url, *arguments, **environment)
        async with asyncio.timeout(HANGS_AFTER):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


def rig_of(folder: Path, library: Path, downloads: Path, database: Path, state: Path, **options: Any) -> Rig:
    """A rig in a folder of its own, with copies of a database and of a server's state."""
    folder.mkdir(parents=True)
    for source, name in ((database, "metadata.sqlite"), (state, "stash.sqlite")):
        shutil.copyfile(source, folder / name)
    stash = EmbeddedStash([library], state=folder / "stash.sqlite", **options)
    return Rig(library, downloads, folder / "metadata.sqlite", stash)


class Victims:
    """Runs that are killed, each in a process of its own; see `victim.py`."""

    def __init__(self, process: asyncio.subprocess.Process, template: Template) -> None:
        self._process = process
        self._template = template

    def prepare(self, folder: Path) -> Path:
        """Copy the world to a folder that is not there yet."""
        self._template.copy(folder).stash.close()
        return folder

    async def run(
        self, folder: Path, kill_at: str = "", undo: str = "", batch: int = BATCH, now: str = ""
    ) -> dict[str, Any]:
        """Sync, or undo a run, on the copies in a folder, with so many operations a request; see `prepare`.

        `now` is the time of Stash; without it that is the machine's.

        Returns:
            `signal` that it died of or None, `exit_code`, and `mutations` that reached the server.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"folder": folder, "library": self._template.library, "downloads": self._template.downloads}
        order |= {"kill_at": kill_at, "undo": undo, "batch": batch, "now": now}  # type: ignore[dict-item]
        self._process.stdin.write(json.dumps(order, default=str).encode() + b"\n")
        async with asyncio.timeout(HANGS_AFTER):
            answer = await self._process.stdout.readline()
        found: dict[str, Any] = json.loads(answer)
        return found

    async def dumped(self, folder: Path) -> Dumped:
        """What a run left in a folder."""
        with EmbeddedStash([self._template.library], state=folder / "stash.sqlite") as stash:
            rig = Rig(self._template.library, self._template.downloads, folder / "metadata.sqlite", stash)
            return await rig.dumped()


async def killable() -> AsyncIterator[asyncio.subprocess.Process]:
    """A process for `Victims`, until the iterator is closed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.victim"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=pipe,
        stdout=pipe,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def numbered(folder: Path) -> Iterator[Path]:
    """Names of folders that are not there yet."""
    number = 0
    while True:
        number += 1
        yield folder / f"run{number}"
