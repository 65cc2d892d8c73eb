"""Payloads to ingest, and the rows that came of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from metadata.ingest import IngestResult, ingest_paths
from metadata.models import Base
from stash.source.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.database import Database
    from stash.source.items import Creator


ANNA = 737318930569244672


POST = 737344486891335697


async def rows(database: Database, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Some columns of all rows of a table, in order."""
    chosen = [Base.metadata.tables[table].c[name] for name in columns or ("id",)]
    async with database.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.select(*chosen).order_by(*chosen))]


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    return {name: await rows(database, name, *table.c.keys()) for name, table in Base.metadata.tables.items()}


async def ingest(database: Database, folder: Path, *payloads: object) -> IngestResult:
    """Put payloads in, each as a file of its own."""
    return await ingest_paths(database, [write(folder, payload) for payload in payloads])


def write(folder: Path, payload: object) -> Path:
    """A file of a payload, or of the text that is to stand in for one, with the next number as its name."""
    file = folder / f"{len(list(folder.glob('*.json'))):03}.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    return file


def response(**parts: object) -> dict[str, object]:
    """A payload as the API envelopes it."""
    return {"success": True, "response": parts}


def account(**values: object) -> dict[str, object]:
    """An account of a payload."""
    return {"id": str(ANNA), "username": "anna"} | values


def post(**values: object) -> dict[str, object]:
    """A post of a payload."""
    return {"id": str(POST), "accountId": str(ANNA)} | values


def offered(number: int, **values: object) -> dict[str, object]:
    """Account media of a payload, with its media."""
    media = {"id": str(number + 1), "accountId": str(ANNA), "mimetype": "image/jpeg"}
    return {"id": str(number), "accountId": str(ANNA), "mediaId": str(number + 1), "media": media} | values


async def tags(database: Database) -> list[str]:
    """The hashtags of the post."""
    hashtags, links = Base.metadata.tables["hashtags"], Base.metadata.tables["post_hashtags"]
    statement = sa.select(hashtags.c.value).join(links, links.c.hashtagId == hashtags.c.id)
    async with database.connect() as connection:
        return sorted((await connection.execute(statement)).scalars())


async def the(database: Database) -> Creator:
    """The one creator."""
    return await Reader(database).creator("anna")
