"""API payloads into the metadata database that stash-sync made. One transaction a file."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError, IntegrityError

from metadata.ingest.collect import Collector
from metadata.ingest.rows import Rows
from metadata.ingest.write import Writer
from stash.source.disk import read_bytes, reason_of
from stash.source.errors import ForeignDatabaseError, PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from stash.source.database import Database
    from stash.source.items import Problem

__all__ = ["IngestResult", "ingest_file", "ingest_paths"]


@dataclass(frozen=True, slots=True)
class IngestResult:
    """Result of an ingest: stored `files`, `failures` of the others, `rows` by table, and `problems`.

    A problem names a part of a payload that was left out while the rest went in.
    """

    files: tuple[Path, ...] = ()
    failures: tuple[PayloadError, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


async def ingest_file(database: Database, path: Path) -> IngestResult:
    """Put one payload in, wholly or not at all. A file that holds none is a failure of the result.

    Raises:
        ForeignDatabaseError: the database is not one that stash-sync made.
        DatabaseUnusableError: it is locked, full or damaged, or its server does not answer.
    """
    if not database.is_ours:
        raise ForeignDatabaseError(
            f"The database {database.name} was not made by stash-sync, so nothing is ingested into it; "
            "name a new one."
        )
    try:
        rows = await asyncio.to_thread(_read, path)
        async with database.begin() as connection:
            counts = await Writer(database, connection).write(rows)
    except PayloadError as error:
        return IngestResult(failures=(error,))
    except (IntegrityError, DataError) as error:
        reason = PayloadError(f"{path} could not be stored ({error.orig}); it was left out.")
        return IngestResult(failures=(reason,))
    return IngestResult((path,), (), counts, tuple(rows.problems))


async def ingest_paths(
    database: Database, paths: Iterable[Path], on_file: Callable[[int], object] = lambda _: None
) -> IngestResult:
    """Put payloads in, file by file. Of a folder every `*.json` in it and below, in order of name.

    `on_file` is told how many files are still to come, before each.
    """
    found: list[Path] = []
    unread: list[PayloadError] = []
    for path in paths:
        found += await asyncio.to_thread(_files, path, unread)
    results = [IngestResult(failures=tuple(unread))]
    for number, file in enumerate(found):
        on_file(len(found) - number)
        results.append(await ingest_file(database, file))
    counts: Counter[str] = Counter()
    for one in results:
        counts.update(one.rows)
    return IngestResult(
        tuple(file for one in results for file in one.files),
        tuple(failure for one in results for failure in one.failures),
        dict(counts),
        tuple(problem for one in results for problem in one.problems),
    )


def _files(path: Path, unread: list[PayloadError]) -> list[Path]:
    """The file, or every `*.json` of a folder and below. Folders that cannot be read are named."""
    if not path.is_dir():
        return [path]

    def note(error: OSError) -> None:
        unread.append(PayloadError(f"{error.filename} cannot be read ({reason_of(error)}); it was left out."))

    return sorted(
        folder / name
        for folder, _, names in path.walk(on_error=note)
        for name in names
        if name.endswith(".json")
    )


def _read(path: Path) -> Rows:
    try:
        text = read_bytes(path).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise PayloadError(f"{path} cannot be read ({reason_of(error)}); it was left out.") from error
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"{path} is no JSON ({error}); it was left out.") from error
    rows = Rows()
    try:
        _collect(value, Collector(rows))
    except PayloadError as error:
        raise PayloadError(f"{path} {error}; it was left out.") from error
    return rows


_LISTS_BY_SIGN = {
    "username": "accounts",
    "mediaId": "accountMedia",
    "accountMediaIds": "accountMediaBundles",
    "senderId": "messages",
    "subscriptionTierId": "subscriptions",
    "attachments": "posts",
}
"""Name of a bare list, by a key that only its objects have."""


def _collect(value: object, collector: Collector) -> None:
    if isinstance(value, dict) and "response" in value:
        if value.get("success") is False:
            raise PayloadError("is the answer to a failed request")
        value = value["response"]
    if isinstance(value, list):
        value = {_list_name(value): value}
    if not isinstance(value, dict):
        raise PayloadError("holds no payload of the API")
    if not _collect_parts(value, collector):
        raise PayloadError("holds nothing that is known")


def _list_name(values: list[object]) -> str:
    keys = {key for value in values if isinstance(value, dict) for key in value}
    return next((name for sign, name in _LISTS_BY_SIGN.items() if sign in keys), "?")


def _collect_parts(value: dict[str, object], collector: Collector) -> bool:
    """Take every known list of a payload. Tell whether there was one."""
    found = False
    if isinstance(value.get("account"), dict):
        collector.account(value["account"])
        found = True
    wall = value.get("wallId")
    for name, take in collector.parts.items():
        if name not in value:
            continue
        objects = value[name]
        if objects is not None and not isinstance(objects, list):
            raise PayloadError(f"has no list in {name}")
        for one in objects or ():
            collector.post(one, wall) if name == "posts" else take(one)
        found = True
    nested = value.get("aggregationData")
    if isinstance(nested, dict):
        found |= _collect_parts(nested, collector)
    return found or "stories" in value
