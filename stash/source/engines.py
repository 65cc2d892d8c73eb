"""Addresses of databases, their engines, and the translation of their drivers' errors."""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote, urlencode

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from stash.source.addresses import AddressParts, is_path, split
from stash.source.errors import (
    DatabaseBusyError,
    DatabaseUnusableError,
    MetadataError,
    ReadOnlyDatabaseError,
    UnknownDatabaseError,
)
from stash.source.row_digest import ROW_DIGEST, row_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection
    from sqlalchemy.pool import PoolResetState

    from stash.source.sqlite_driver import DriverConnection

DatabaseKind = Literal["sqlite", "postgresql"]

_SQLITE_SCHEMES = ("sqlite", "sqlite+aiosqlite")
_POSTGRESQL_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
_POSTGRESQL_OPTIONS = {"host", "port", "ssl", "timeout", "command_timeout"}
_SECONDS = {"timeout", "command_timeout"}
_NUMBERS = {"port", *_SECONDS}
_CONNECT_SECONDS = 10.0
_PORTS = range(1, 65536)

WRITES = "metadata_writes"
"""The execution option of a transaction that writes. SQLite then takes its lock with the first statement."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a database. Only SQLite has a `path`. `name` is shown to the user, without a password."""

    kind: DatabaseKind
    url: URL
    name: str
    path: Path | None = None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse a path or a URL. Raise UnknownDatabaseError unless it names SQLite or PostgreSQL."""
        if is_path(url):
            return cls._sqlite(url)
        try:
            parsed = _parsed(url)
            if parsed.port is not None and parsed.port not in _PORTS:
                raise ArgumentError("the port is none")  # noqa: TRY301 - what it is to SQLAlchemy too
        except (ArgumentError, ValueError):
            # The parser's own words may quote a password.
            raise UnknownDatabaseError(
                "The database URL cannot be read; write sqlite:///PATH or postgresql://USER@HOST/NAME."
            ) from None
        if parsed.drivername in _SQLITE_SCHEMES and parsed.database not in (None, "", ":memory:"):
            _, _, rest = url.partition("://")  # SQLAlchemy 2.0 leaves a path encoded, 2.1 decodes it
            return cls._sqlite(unquote(rest.partition("?")[0].partition("/")[2]))
        if parsed.drivername in _POSTGRESQL_SCHEMES:
            return cls._postgresql(parsed, split(url))
        raise UnknownDatabaseError(
            f"The database URL {split(url).shown} names neither a SQLite file nor PostgreSQL; "
            "write sqlite:///PATH or postgresql://USER@HOST/NAME."
        )

    @classmethod
    def _sqlite(cls, path: str) -> Address:
        if importlib.util.find_spec("aiosqlite") is None:
            raise UnknownDatabaseError(
                "SQLite needs the driver aiosqlite, which is not installed; install aiosqlite."
            )
        try:
            absolute = Path(path).expanduser().absolute()
        except RuntimeError as error:
            raise UnknownDatabaseError(
                f"The database {path!r} names a home folder that there is not; write its whole path."
            ) from error
        url = URL.create("sqlite+aiosqlite", database=f"file:{quote(str(absolute))}", query={"uri": "true"})
        return cls("sqlite", url, str(absolute), absolute)

    @classmethod
    def _postgresql(cls, parsed: URL, parts: AddressParts) -> Address:
        options = dict(parsed.query)
        if "sslmode" in options:
            options["ssl"] = options.pop("sslmode")
        if "password" in options:
            parsed = parsed.set(password=str(options.pop("password")))
        if unknown := sorted(options.keys() - _POSTGRESQL_OPTIONS):
            name = unknown[0] if options[unknown[0]] else "without a value"
            raise UnknownDatabaseError(
                f"The database URL has the unknown option {name}; leave it out, "
                f"or use one of {', '.join(sorted(_POSTGRESQL_OPTIONS | {'password', 'sslmode'}))}."
            )
        for name in sorted(options.keys() & _NUMBERS):
            if not str(options[name]).isdigit():
                raise UnknownDatabaseError(f"The option {name} of the database URL is a number; write one.")
        if importlib.util.find_spec("asyncpg") is None:
            raise UnknownDatabaseError(
                "PostgreSQL needs the driver asyncpg, which is not installed; install stash-sync[postgres]."
            )
        url = parsed.set(drivername="postgresql+asyncpg", query=options)
        _, _, shown = parts.shown.partition("://")
        return cls("postgresql", url, f"postgresql://{shown}")


def _parsed(url: str) -> URL:
    """Parse a URL. SQLAlchemy ends a password at its first `@`, so it gets the URL without the user."""
    parts = split(url)
    if parts.is_ambiguous or parts.user is None:
        return make_url(url)
    query = f"?{urlencode(parts.query)}" if parts.query else ""
    return make_url(parts.clear + query).set(username=parts.user or None, password=parts.password)


def make_engine(address: Address, mode: Literal["ro", "rw", "rwc"], busy_timeout: float) -> AsyncEngine:
    """Make an engine whose transactions begin at once. `busy_timeout` is in seconds."""
    if address.kind == "postgresql":
        settings = {"timezone": "UTC", "lock_timeout": f"{busy_timeout * 1000:.0f}"} | (
            {"default_transaction_read_only": "on"} if mode == "ro" else {}
        )
        limits = {name: float(str(address.url.query[name])) for name in _SECONDS & address.url.query.keys()}
        defaults = {"timeout": _CONNECT_SECONDS, "server_settings": settings} | limits
        return create_async_engine(address.url.difference_update_query(_SECONDS), connect_args=defaults)
    from stash.source.sqlite_driver import DriverConnection  # noqa: PLC0415 - aiosqlite is needed for SQLite alone

    options = {"timeout": busy_timeout, "async_creator_fn": DriverConnection}
    url = address.url.update_query_dict({"mode": mode})
    # To end a transaction once more, whether it has ended or not, costs another trip to the driver's thread.
    engine = create_async_engine(url, connect_args=options, pool_reset_on_return=None)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "reset", _roll_back_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
    # The driver must neither start transactions on its own nor refuse text that is no UTF-8:
    # the reader finds the escaped bytes and reports the row.
    connection.isolation_level = None
    connection.driver_connection.text_factory = methodcaller("decode", "utf-8", "surrogateescape")
    connection.create_function(ROW_DIGEST, -1, row_digest, deterministic=True)


def _roll_back_sqlite(
    connection: AsyncAdapt_aiosqlite_connection, _record: object, state: PoolResetState
) -> None:
    # A commit that failed leaves its transaction open, and the database locked.
    if state.asyncio_safe and connection.driver_connection.in_transaction:
        connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    driver: DriverConnection = connection.connection.driver_connection  # type: ignore[assignment]  # made by us
    driver.begin_statement = "BEGIN IMMEDIATE" if writes else "BEGIN"


@contextmanager
def our_errors(address: Address) -> Iterator[None]:
    """Translate errors of the database or its driver to those of `stash.source.errors`."""
    try:
        yield
    except DBAPIError as error:
        ours = _in_our_words(address, error.orig)
        if ours is None:
            raise
        raise ours from error
    except PoolTimeoutError as error:
        raise _unanswered(address, error) from error
    except _driver_errors(address) as error:
        raise _in_our_words(address, error) or _unanswered(address, error) from error


@contextmanager
def connecting(address: Address) -> Iterator[None]:
    """Translate errors while connecting. Every error of the operating system means that the database does not answer."""
    try:
        with our_errors(address):
            yield
    except OSError as error:
        raise _unanswered(address, error) from error


def _unanswered(address: Address, error: Exception) -> DatabaseBusyError:
    return DatabaseBusyError(
        f"The database {address.name} does not answer ({error}); see that it runs, then try again."
    )


def _driver_errors(address: Address) -> tuple[type[Exception], ...]:
    # What asyncpg raises while connecting comes past SQLAlchemy; it may not be installed.
    if address.kind == "sqlite":
        return ()
    asyncpg = importlib.import_module("asyncpg")
    return (asyncpg.PostgresError, asyncpg.InterfaceError)


def _in_our_words(address: Address, error: BaseException | None) -> MetadataError | None:
    facts = vars(error)
    # SQLite's own result in short: SQLITE_BUSY_SNAPSHOT is a SQLITE_BUSY.
    code = "_".join(str(facts.get("sqlite_errorname", "")).split("_")[:2])
    if code in _SQLITE_REASONS:
        kind, reason = _SQLITE_REASONS[code]
        return kind(f"The database {address.name} {reason}.")
    state = str(facts.get("sqlstate") or "")
    if state.startswith(_POSTGRESQL_BUSY):
        return DatabaseBusyError(f"The database {address.name} does not answer ({error}); try again.")
    if state.startswith((*_POSTGRESQL_READ_ONLY, *_POSTGRESQL_REFUSES)):
        kind = ReadOnlyDatabaseError if state in _POSTGRESQL_READ_ONLY else DatabaseUnusableError
        return kind(
            f"The database {address.name} refuses us ({error}); check its name, user, password, rights and disk."
        )
    return None


_SQLITE_REASONS: dict[str, tuple[type[MetadataError], str]] = {
    "SQLITE_BUSY": (DatabaseBusyError, "is locked by another program; wait for it to end, then try again"),
    "SQLITE_LOCKED": (DatabaseBusyError, "is locked by another program; wait for it to end, then try again"),
    "SQLITE_FULL": (DatabaseUnusableError, "cannot grow, the disk is full; free some space, then try again"),
    "SQLITE_READONLY": (ReadOnlyDatabaseError, "is read-only; allow writing to the file and its folder"),
    "SQLITE_NOTADB": (UnknownDatabaseError, "is not a SQLite database; name the downloader's database file"),
    "SQLITE_CORRUPT": (DatabaseUnusableError, "is damaged; restore it from a copy"),
    "SQLITE_CANTOPEN": (DatabaseUnusableError, "cannot be opened; allow access to the file and its folder"),
    "SQLITE_IOERR": (DatabaseUnusableError, "cannot be read or written; check the disk"),
    "SQLITE_PERM": (DatabaseUnusableError, "may not be used; allow access to the file and its folder"),
}
_POSTGRESQL_BUSY = ("08", "40", "55", "57")
"""Classes of temporary states: lost connections, conflicts, locks, shutdown."""
_POSTGRESQL_READ_ONLY = ("25006", "42501")
"""States of a refused write: a read-only transaction, a missing right."""
_POSTGRESQL_REFUSES = ("28", "3D", "53", "58")
"""Classes of lasting states: no such user or database, no room, no disk."""
