"""Lock a database against a second run. The operating system frees the lock when the process ends.

The lock is taken before anything slow is imported, so this module imports only fast modules.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stash.errors import AlreadyRunningError, StateError
from stash.source.addresses import is_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SUFFIX = ".stash-sync.lock"
"""The suffix of the lock file beside a SQLite database. The file stays after a run."""

_SQLITE = b"SQLite format 3\0"

_ADVISORY_KEY = int.from_bytes(b"stashsyn")
"""The number of the advisory lock, which PostgreSQL keeps for each database."""


@asynccontextmanager
async def held(database: str, state: str | None = None) -> AsyncIterator[None]:
    """Lock a database (a path or URL), and the database of the `sync_` tables if that is another one.

    A lock that is taken is an error at once.

    Raises:
        AlreadyRunningError: another run holds a lock.
        StateError: the lock files cannot be made.
        MetadataError: the URL is malformed, or its server does not answer.
    """
    async with AsyncExitStack() as stack:
        texts = [database] if state is None else [database, state]
        for address in dict.fromkeys(map(_address, texts)):
            if isinstance(address, Path):
                stack.enter_context(_file_held(address))
            else:
                await stack.enter_async_context(_server_held(address))
        yield


def _address(text: str) -> Path | str:
    """Return the resolved path of a SQLite database, or the URL of any other."""
    if is_path(text):
        return Path(text).expanduser().resolve()
    scheme, _, rest = text.partition("://")
    if not scheme.startswith("sqlite"):
        return text
    return Path(unquote(rest.partition("?")[0].partition("/")[2])).expanduser().resolve()


@contextmanager
def _file_held(database: Path) -> Iterator[None]:
    """Lock a file beside the database, and a second one by the file's identity, since it may have several names."""
    beside = database.with_name(database.name + SUFFIX)
    identity = _identity(database)
    digest = hashlib.sha256((identity or str(database)).encode(errors="surrogateescape")).hexdigest()[:16]
    elsewhere = Path(tempfile.gettempdir(), f"{digest}{SUFFIX}")
    with ExitStack() as stack:
        is_held = _take(stack, beside, database)
        if identity is not None or not is_held:
            is_held = _take(stack, elsewhere, database) or is_held
        if not is_held:
            raise StateError(
                f"No lock can be made at {beside} or {elsewhere}; allow writing to one of these folders."
            )
        try:
            yield
        finally:
            if not _may_be_database(database):
                with suppress(OSError):
                    beside.unlink()


def _identity(database: Path) -> str | None:
    """Return a text that all hard links of a file share. None if the file does not exist yet."""
    try:
        status = database.stat()
    except OSError:
        return None
    return f"{status.st_dev}:{status.st_ino}"


def _may_be_database(path: Path) -> bool:
    """Tell whether a file is SQLite's or empty. The lock beside any other file is removed."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) in {_SQLITE, b""}
    except OSError:
        return False


def _take(stack: ExitStack, path: Path, database: Path) -> bool:
    """Take a lock until the stack is left. Return False if the file cannot be made or locked."""
    from portalocker import AlreadyLocked, Lock, LockException  # noqa: PLC0415 - PostgreSQL does without

    lock = Lock(path, fail_when_locked=True, opener=_open_at_once)
    try:
        lock.acquire()
    except AlreadyLocked as error:
        raise _already_running(str(database)) from error
    except (OSError, LockException):
        return False
    stack.callback(lock.release)
    return True


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


@asynccontextmanager
async def _server_held(url: str) -> AsyncIterator[None]:
    from sqlalchemy import func, select  # noqa: PLC0415 - slow to import; SQLite does without

    from stash.source.engines import Address, connecting, make_engine  # noqa: PLC0415 - likewise

    address = Address.parse(url)
    engine = make_engine(address, "rw", 0).execution_options(isolation_level="AUTOCOMMIT")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        with connecting(address):
            connection = await stack.enter_async_context(engine.connect())
            is_ours = await connection.scalar(select(func.pg_try_advisory_lock(_ADVISORY_KEY)))
        if not is_ours:
            raise _already_running(address.name)
        yield


def _already_running(name: str) -> AlreadyRunningError:
    return AlreadyRunningError(
        f"Another run of stash-sync is at work on {name}; wait for it to end, then run again."
    )
