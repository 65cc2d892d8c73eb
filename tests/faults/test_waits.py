"""R16, R18: no wait without an end: found in the code itself, and where the other side would have us wait."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import text

import metadata
import stash
from metadata.making import open_or_make
from stash.errors import RetriableError, UnansweredWriteError
from stash.source.database import Database
from stash.source.errors import DatabaseBusyError
from stash.transport.graphql import GraphQLTransport, TransportConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOTS = [Path(package.__file__ or "").parent for package in (stash, metadata)]

WAITS = {"wait", "gather", "sleep", "communicate", "acquire", "get", "join", "post", "result"}
"""What waits for something that may never come, where it is awaited."""

ALLOWED = {
    "stash/cli/watch.py:pause sleep": "the pause of a command that watches until a signal ends it",
    "stash/transport/client.py:_greeted sleep": "its loop ends at a deadline: test_in_front.py",
    "stash/jobs.py:_asked sleep": "its loop ends at a deadline: test_jobs.py",
    "stash/jobs.py:_poll sleep": "likewise",
    "stash/store/sender.py:until_unlocked sleep": "its loop ends at a deadline: test_locked.py",
    "stash/store/sender.py:until_answered sleep": "a few times, each of them bounded",
    "stash/concurrency.py:run_until wait": "for our own tasks, each of which ends",
    "stash/concurrency.py:__aenter__ acquire": "for a flush of ours, which ends",
    "stash/concurrency.py:__aexit__ gather": "likewise",
    "stash/concurrency.py:gather_or_cancel gather": "likewise",
    "stash/concurrency.py:in_background gather": "a task of ours that is done or cancelled",
    "stash/processing/mixins/tag.py:_tags gather": "likewise",
    "stash/processing/stash_processing.py:cleanup gather": "a task of ours that was cancelled",
    "stash/download_command.py:download wait": "the user's own command, which takes as long as it takes; a signal ends it",
    "stash/embedded/app.py:serve wait": "uvicorn starts or raises",
    "stash/embedded/app.py:serve_forever wait": "serves until it is stopped",
    "stash/embedded/jobs.py:idle wait": "for our own tasks",
    "stash/embedded/jobs.py:_run wait": "likewise",
    "stash/embedded/subscriptions.py:_events get": "a subscription lasts as long as its client",
}
"""Waits without a deadline around them, and why they end."""

BOUNDED_BY = {
    "AsyncClient": "timeout",
    "create_async_engine": "connect_args",
    "connect": "timeout",
    "run": "timeout",
    "Popen": "timeout",
    "urlopen": "timeout",
}
"""Calls that take a deadline as an argument, if the module is one that opens something."""

BARE = {
    "stash/journal/upkeep.py": "a new file of our own, which nobody else has open",
    "stash/page/pictures.py": "a timer kills the process of a decoder: test_pictures.py",
}
"""Modules that open one thing without a deadline as an argument, and why that ends."""


class Waits(ast.NodeVisitor):
    """Awaited calls that wait, without `asyncio.timeout` around them."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._within: list[str] = []
        self._deadlines = 0

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """A deadline of the outer function is none of the inner one."""
        outside, self._deadlines = self._deadlines, 0
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()
        self._deadlines = outside

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        """What stands in a deadline ends."""
        is_deadline = any(ast.unparse(item.context_expr).startswith("asyncio.timeout") for item in node.items)
        self._deadlines += is_deadline
        self.generic_visit(node)
        self._deadlines -= is_deadline

    def visit_Await(self, node: ast.Await) -> None:
        """Look at what is awaited."""
        call = node.value
        name = called(call) if isinstance(call, ast.Call) else ""
        is_pause = name == "sleep" and ast.unparse(call).endswith("(0)")
        if name in WAITS and not self._deadlines and not is_pause and "store." not in ast.unparse(call):
            self.found.add(f"{self._within[-1]} {name}")
        self.generic_visit(node)


def called(call: ast.Call) -> str:
    """The last part of what is called."""
    named = call.func
    return named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the packages, by its path in the project."""
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            yield str(path.relative_to(root.parent)), ast.parse(path.read_text("utf-8"))


def waits_in(tree: ast.Module) -> set[str]:
    """The unbounded waits of a module, each as its function and what it calls."""
    waits = Waits()
    waits.visit(tree)
    return waits.found


def test_every_wait_has_a_deadline() -> None:
    """What is awaited and may never come stands in `asyncio.timeout`, or is known and ends for a reason."""
    found = {f"{module}:{one}" for module, tree in modules() for one in waits_in(tree)}
    assert found == set(ALLOWED)


def test_the_rule_sees_what_it_is_for() -> None:
    """A wait on an event, a pause in a loop and a request are found, and no longer once they have a deadline."""
    body = "await event.wait(); await asyncio.sleep(1); await self._http.post('/')"
    assert waits_in(ast.parse(f"async def f():\n {body}")) == {"f wait", "f sleep", "f post"}
    assert waits_in(ast.parse(f"async def f():\n async with asyncio.timeout(1):\n  {body}")) == set()
    assert waits_in(ast.parse("async def f():\n await asyncio.sleep(0)")) == set()


def test_everything_that_connects_has_a_timeout() -> None:
    """Clients, engines, SQLite connections and processes are given a time; None is none."""
    openers = {"httpx", "sqlite3", "subprocess", "sqlalchemy.ext.asyncio"}
    bare = []
    for module, tree in modules():
        imported = {
            name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
        }
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            needed = BOUNDED_BY.get(called(call))
            if needed is None or not imported & openers:
                continue
            if ast.unparse(call.func).rpartition(".")[0] not in {"", *openers}:
                continue
            given = {one.arg: ast.unparse(one.value) for one in call.keywords}
            if given.get(needed, "None") == "None":
                bare.append(f"{module}:{call.lineno} {ast.unparse(call.func)}")
    assert {one.partition(":")[0] for one in bare} == set(BARE)
    assert len(bare) == len(BARE)


def test_two_broad_handlers() -> None:
    """Whatever is wrong is caught in two places: around one item, and where the command ends; else it goes on."""
    broad, kept = [], []
    for module, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            if node.type is None or ast.unparse(node.type) == "Exception":
                broad.append(module)
            elif ast.unparse(node.type) == "BaseException" and not any(
                isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(node)
            ):
                kept.append(module)
    assert broad == ["stash/cli/main.py", "stash/processing/item_processing.py"]
    assert kept == []


class Dripping(httpx.AsyncByteStream):
    """A reply that comes byte by byte and never ends."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.001)
            yield b" "


async def test_a_reply_that_only_drips_ends() -> None:
    """A reply that never gets whole is given up: a read ends with 5, a write as one that was not answered."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    door = GraphQLTransport(
        TransportConfig("http://stash.test", patience=0.01, timeout=0.05, transport=transport)
    )
    async with asyncio.timeout(30):
        with pytest.raises(RetriableError, match="no whole reply in time"):
            await door.query("{ version { version } }")
        with pytest.raises(UnansweredWriteError, match="no whole reply in time"):
            await door.mutate("mutation { x }", {}, fields=1)
        assert await door.picture("performer", "1") is None
    await door.close()


async def test_r18_a_table_that_is_locked_in_postgresql(postgres_url: str) -> None:
    """A table that another program keeps for itself is waited for as long as a locked file of SQLite, and no longer."""
    async with await open_or_make(postgres_url) as other, other.begin() as keeping:
        await keeping.execute(text("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"))
        async with asyncio.timeout(30), await Database.open(postgres_url, busy_timeout=0.2) as database:
            with pytest.raises(DatabaseBusyError):
                async with database.begin() as connection:
                    await connection.execute(text("UPDATE accounts SET username = 'x'"))
