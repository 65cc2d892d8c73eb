"""The private names of aiosqlite that our driver stands on."""

from __future__ import annotations

import ast
import asyncio
import inspect
import threading
import tomllib
from importlib.metadata import version
from pathlib import Path

import aiosqlite
import pytest
from packaging.requirements import Requirement

from stash.source import sqlite_driver

ROOT = Path(__file__).resolve().parents[2]


def test_the_installed_version_is_one_that_was_looked_at() -> None:
    """The requirement has an upper bound, and both the installed and the locked version keep it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (requirement,) = (one for one in map(Requirement, project["dependencies"]) if one.name == "aiosqlite")
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    (locked,) = (
        line.split()[0].removeprefix("aiosqlite==")
        for line in lock.splitlines()
        if line.startswith("aiosqlite==")
    )
    assert any(one.operator == "<" for one in requirement.specifier)
    assert version("aiosqlite") in requirement.specifier
    assert locked in requirement.specifier


def privates_used() -> set[str]:
    """The private names that the driver uses and does not define itself."""
    tree = ast.parse(inspect.getsource(sqlite_driver))
    nodes = list(ast.walk(tree))
    used = {one.attr for one in nodes if isinstance(one, ast.Attribute)}
    own = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {one.attr for one in nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)}
    return {name for name in used - own if name.startswith("_") and not name.startswith("__")}


async def test_the_private_names_are_there() -> None:
    """Each private name that the driver uses is one of aiosqlite's connection or cursor, of the kind expected."""
    connection = aiosqlite.Connection(lambda: pytest.fail("is not opened"), sqlite_driver.PREFETCHED_ROWS)
    cursor = aiosqlite.Cursor(connection, None)
    assert privates_used() == {"_conn", "_cursor", "_execute", "_thread"}
    assert isinstance(connection._thread, threading.Thread)
    assert not connection._thread.is_alive()
    assert isinstance(aiosqlite.Connection._conn, property)
    assert cursor._conn is connection
    assert cursor._cursor is None
    assert asyncio.iscoroutinefunction(aiosqlite.Connection._execute)
    assert list(inspect.signature(aiosqlite.Cursor._execute).parameters) == ["self", "fn", "args", "kwargs"]


async def test_a_cursor_can_be_awaited_and_need_not_be() -> None:
    """SQLAlchemy 2.0 awaits a new cursor, 2.1 takes it as it is: both get the same one."""
    connection = aiosqlite.Connection(lambda: pytest.fail("is not opened"), sqlite_driver.PREFETCHED_ROWS)
    cursor = sqlite_driver.Cursor(connection, None)
    assert await cursor is cursor
