"""C1 to C6: what stands in front of Stash refuses, spoils or is silent: an answer is none of an outage."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import signal
import sqlite3
import sys
import time
import zlib
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.errors import RetriableError, SyncError, UnansweredWriteError, UnsuitableStashError
from stash.jobs import wait_until_idle
from stash.reach import open_stash
from stash.settings import Settings
from stash.transport.client import Connection
from stash.transport.graphql import GraphQLTransport, TransportConfig
from stash.undo.session import undo
from tests.conftest import Silent
from tests.faults.rig import OPTIONS, PATIENCE, URL
from tests.unit.answering import HELLO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.faults.clock import Clock
    from tests.faults.dumps import ServerDump
    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

LIMIT_PAGE = (
    b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>nginx</body></html>"
)
WAF_PAGE = b"<html><head><title>403 Forbidden</title></head><body>Request blocked</body></html>"


class InFront(httpx.AsyncBaseTransport):
    """A proxy that lets through what it is not told to refuse."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, refuses: Callable[[bytes], tuple[int, bytes] | None]
    ) -> None:
        self.inner, self.refuses = inner, refuses
        self.refused: list[bytes] = []
        self.passed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let through, or refuse."""
        content = await request.aread()
        answer = self.refuses(content)
        if answer is None:
            self.passed += 1
            return await self.inner.handle_async_request(request)
        self.refused.append(content)
        return httpx.Response(
            answer[0], headers={"Content-Type": "text/html"}, content=answer[1], request=request
        )


def up_to(limit: int) -> Callable[[bytes], tuple[int, bytes] | None]:
    """Refuses what is larger, as nginx does."""
    return lambda content: (413, LIMIT_PAGE) if len(content) > limit else None


@pytest.mark.parametrize("limit", [4000, 1500, 800])
async def test_batches_go_in_halves_until_they_fit(make_rig: MakeRig, clean: Dumped, limit: int) -> None:
    """A limit that batches, lookups and scans are above: all is synced in smaller ones, and undone so too."""
    rig = make_rig()
    before = await rig.server_dump()
    front = InFront(rig.transport, up_to(limit))
    outcome = await rig.run(over=front)
    assert outcome.exit_code == 0, outcome
    assert front.refused
    assert clean.differences(await rig.dumped()) == ""
    assert (await rig.run(over=front)).exit_code == 0
    settings = Settings(url=URL, database=str(rig.database), downloads=rig.downloads, patience=PATIENCE)
    _, report = await undo(settings, "1", OPTIONS, transport=InFront(rig.transport, up_to(limit)))
    assert report.exit_code == 0
    assert _galleries(await rig.server_dump()) == _galleries(before) == []


def _galleries(dump: ServerDump) -> list[object]:
    return json.loads(dump.text())["Gallery"]


@pytest.mark.parametrize("status", [403, 400, 406, 422])
async def test_what_a_filter_refuses_costs_that_item_alone(
    make_rig: MakeRig, clean: Dumped, status: int
) -> None:
    """A WAF that dislikes one post's text: the post is named, every other one is synced; then it is as without."""
    rig = make_rig()
    codes = gallery_codes(rig)
    word = f'"{codes[3]}"'.encode()

    def refuses(content: bytes) -> tuple[int, bytes] | None:
        is_write = b"galleryCreate" in content or b"galleriesUpdate" in content or b"galleryUpdate" in content
        return (status, WAF_PAGE) if is_write and word in content else None

    outcome = await rig.run(over=InFront(rig.transport, refuses))
    assert outcome.exit_code == 3, outcome
    assert outcome.report is not None
    failed = [one for one in outcome.report.skipped if one.is_failure]
    assert [one.id for one in failed] == [codes[3]]
    assert "API key" not in failed[0].reason
    assert f"HTTP {status}" in failed[0].reason
    assert (await rig.run()).exit_code == 0
    assert clean.differences(await rig.dumped()) == ""


def gallery_codes(rig: Rig) -> list[str]:
    """The ids of the posts of a world."""
    with closing(sqlite3.connect(rig.database)) as connection:
        return [str(one) for (one,) in connection.execute("SELECT id FROM posts ORDER BY id")]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 407, 451, 501, 301, 308])
@pytest.mark.parametrize("moment", [1, 9])
async def test_a_final_refusal_ends_the_run_at_once(rig: Rig, status: int, moment: int) -> None:
    """What refuses us altogether, at first or in the middle, is exit 10: not 5, not the key, and no retries."""
    asked = 0

    def refuses(_: bytes) -> tuple[int, bytes] | None:
        nonlocal asked
        asked += 1
        return (status, WAF_PAGE) if asked >= moment else None

    front = InFront(rig.transport, refuses)
    outcome = await rig.run(over=front, patience=300)
    assert outcome.exit_code == 10, outcome
    assert "API key" not in str(outcome.error)
    assert len(front.refused) <= 12


DAMAGED = {
    "gzip": ({"Content-Encoding": "gzip"}, b"garbage"),
    "deflate": ({"Content-Encoding": "deflate"}, b"garbage"),
    "br": ({"Content-Encoding": "br"}, b"garbage"),
    "zstd": ({"Content-Encoding": "zstd"}, b"garbage"),
    "several": ({"Content-Encoding": "gzip, deflate"}, b"garbage"),
    "half a gzip": ({"Content-Encoding": "gzip"}, gzip.compress(json.dumps(HELLO).encode())[:20]),
    "zlib for gzip": ({"Content-Encoding": "gzip"}, zlib.compress(b"{}")),
    "gzip of garbage": ({"Content-Encoding": "gzip"}, gzip.compress(b"garbage")),
    "deep": ({}, b"[" * 200_000),
    "a charset": ({"Content-Type": "application/json; charset=nonsense"}, b"\xff\xfe"),
}


@pytest.mark.parametrize("status", [200, 413, 503])
@pytest.mark.parametrize("how", DAMAGED)
async def test_damaged_replies_are_alike(clock: Clock, how: str, status: int) -> None:
    """A body that is not encoded as it says is a damaged reply: asked again, looked for, and never called a bug."""
    del clock
    headers, body = DAMAGED[how]
    replies = [httpx.Response(200, json=HELLO)]

    def answer(_: httpx.Request) -> httpx.Response:
        return replies.pop(0) if replies else httpx.Response(status, headers=headers, content=Raw(body))

    connection = Connection(
        TransportConfig("http://stash.test", patience=0.2, transport=httpx.MockTransport(answer))
    )
    await connection.initialize()
    with pytest.raises(SyncError) as read:
        await connection.query("{ x }")
    with pytest.raises(SyncError) as written:
        await connection.mutate("mutation { x }", {}, fields=1)
    assert type(read.value) is (UnsuitableStashError if status == 413 else RetriableError) or status == 413
    assert isinstance(written.value, UnansweredWriteError) == (status != 413)
    assert isinstance(await connection.picture("tag", "1"), bytes | None)
    replies.append(httpx.Response(200, json={"data": {"x": 1}}))
    assert (await connection.query("{ x }")).data == {"x": 1}
    await connection.close()


class Raw(httpx.AsyncByteStream):
    """A body as it comes over the wire."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


@pytest.mark.parametrize(
    "asked", ["86400", "1e9", "-5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400, "0", "0.5"]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_no_wait_is_longer_than_the_patience(clock: Clock, asked: str, status: int) -> None:
    """Whatever Retry-After asks for, a request ends with the patience."""
    reply = httpx.Response(status, headers={"Retry-After": asked})
    door = GraphQLTransport(
        TransportConfig("http://stash.test", patience=40, transport=httpx.MockTransport(lambda _: reply))
    )
    before = clock.waited
    with pytest.raises(RetriableError):
        await door.query("{ x }")
    assert 30 < clock.waited - before < 50
    await door.close()


@asynccontextmanager
async def stopped_server(library: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The embedded Stash in a process of its own, which can be stopped and goes on."""
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from stash.embedded import EmbeddedStash, serve\n"
        "async def main():\n"
        "    with EmbeddedStash([Path(sys.argv[1])]) as stash:\n"
        "        async with serve(stash) as url:\n"
        "            print(url, flush=True)\n"
        "            await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(library), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            url = (await process.stdout.readline()).decode().strip()
        yield url, process
    finally:
        process.kill()
        await process.wait()


async def test_a_silent_stash_is_waited_for_as_long_as_the_patience(tmp_path: Path) -> None:
    """Connected and silent, as by SIGSTOP: a read, a write and a wait for a job each end with the patience."""
    library = tmp_path / "library"
    library.mkdir()
    async with stopped_server(library) as (url, process):
        connection = Connection(TransportConfig(url, patience=3.0))
        await connection.initialize()
        process.send_signal(signal.SIGSTOP)
        for what, wait in (
            ("read", lambda: connection.query("{ version { version } }")),
            ("write", lambda: connection.mutate("mutation { x }", {}, fields=1)),
            ("job", lambda: wait_until_idle(connection, 3.0)),
        ):
            connection.transport._budget.was_answered()
            began = time.monotonic()
            with pytest.raises(RetriableError):
                await wait()
            assert 2 < time.monotonic() - began < 20, what
        began = time.monotonic()
        with pytest.raises(RetriableError):  # the silence is known by now
            await connection.query("{ version { version } }")
        assert time.monotonic() - began < 10
        process.send_signal(signal.SIGCONT)
        assert (await connection.query("{ version { version } }")).data
        await connection.close()


async def test_a_command_ends_with_the_patience(make_rig: MakeRig) -> None:
    """`sync` and `doctor` against a Stash that accepts and says nothing: 5, in about the patience, not in minutes."""
    rig = make_rig()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.sleep(120)
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for command in ("sync", "doctor"):
            began = time.monotonic()
            code, _, err = await rig.command(url, command, "--json", STASH_SYNC_PATIENCE="3")
            assert code == 5, err
            assert time.monotonic() - began < 45
            assert "This is a bug" not in err
        server.close_clients()


class Told(Silent):
    """Progress that notes the steps."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def start(self, step: str, total: int | None = None) -> None:
        """Note it."""
        del total
        self.steps.append(step)


LATE = {
    "nobody listens": httpx.ConnectError("refused"),
    "502": httpx.Response(502, content=b"<html>"),
    "503": httpx.Response(503, headers={"Retry-After": "1"}),
    "migrating": httpx.Response(
        200, json={"data": {"systemStatus": {"appSchema": 75, "status": "NEEDS_MIGRATION"}}}
    ),
}


@pytest.mark.parametrize("how", LATE)
async def test_a_stash_that_starts_late_is_waited_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """A Stash that is down, starting or migrating at first is waited for by what writes, and that is told once."""
    monkeypatch.setattr("stash.transport.client.PAUSE", 0.001)
    left = 6

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal left
        left -= 1
        if left < 0:
            return httpx.Response(200, json=HELLO)
        fault = LATE[how]
        if isinstance(fault, Exception):
            raise fault
        return httpx.Response(fault.status_code, headers=fault.headers, content=fault.content)

    told, settings = Told(), Settings(url="http://stash.test", patience=300.0, downloads=tmp_path)
    before = clock.waited
    async with open_stash(settings, told, httpx.MockTransport(answer), is_dry=False) as context:
        await context.get_client()
    assert clock.waited - before < 300
    assert [one.split(" (")[0] for one in told.steps] == ["Waiting for Stash at http://stash.test"]


@pytest.mark.parametrize(("is_dry", "least", "most"), [(True, 2.0, 5.0), (False, 90.0, 110.0)])
async def test_who_waits_for_a_stash_that_is_down(
    clock: Clock, tmp_path: Path, *, is_dry: bool, least: float, most: float
) -> None:
    """What only looks says after three seconds that nobody is there; what writes after its patience."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    settings = Settings(url="http://stash.test", patience=100.0, downloads=tmp_path)
    before = clock.waited
    async with open_stash(settings, None, httpx.MockTransport(answer), is_dry=is_dry) as context:
        with pytest.raises(RetriableError):
            await context.get_client()
    assert least < clock.waited - before < most


async def test_a_stash_that_stays_to_be_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is still to be migrated at the end of the patience is named as such, 10."""
    monkeypatch.setattr("stash.transport.client.PAUSE", 0.01)
    reply = {"data": {"systemStatus": {"appSchema": 75, "status": "NEEDS_MIGRATION"}}}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=reply))
    connection = Connection(TransportConfig("http://stash.test", connect_patience=0.1, transport=transport))
    with pytest.raises(UnsuitableStashError, match="NEEDS_MIGRATION"):
        await connection.initialize()
    await connection.close()


@pytest.mark.parametrize("is_drained", [True, False], ids=["as nginx", "at once"])
async def test_over_a_socket(make_rig: MakeRig, clean: Dumped, *, is_drained: bool) -> None:
    """The command through a real proxy that refuses above its limit, with and without reading the rest: the rest is synced."""
    rig = make_rig()
    async with rig.served() as upstream, proxy_with_limit(upstream, 2000, is_drained=is_drained) as url:
        code, _, err = await rig.command(url, "sync", "--json")
    assert code == 0, err
    assert clean.differences(await rig.dumped()) == ""


@asynccontextmanager
async def proxy_with_limit(upstream: str, limit: int, *, is_drained: bool) -> AsyncIterator[str]:
    """A proxy on loopback that answers 413 to larger bodies, and passes on the others."""
    target = httpx.URL(upstream)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            (
                int(v)
                for n, _, v in (h.partition(b":") for h in head.split(b"\r\n"))
                if n.lower() == b"content-length"
            ),
            0,
        )
        if size > limit:
            if is_drained:
                await reader.readexactly(size)
            writer.write(
                b"HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                % len(LIMIT_PAGE)
            )
            writer.write(LIMIT_PAGE)
        else:
            body = await reader.readexactly(size)
            head = re.sub(rb"(?i)host: [^\r]+", b"Host: " + target.netloc, head)  # as a proxy does
            there, back = await asyncio.open_connection(target.host, target.port)
            back.write(
                head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1).replace(
                    b"Connection: keep-alive\r\n", b""
                )
                + body
            )
            writer.write(await there.read())
            back.close()
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
