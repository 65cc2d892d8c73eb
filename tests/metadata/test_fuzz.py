"""Payloads that no source would send."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from metadata.ingest import ingest_file
from metadata.models import Base
from tests.faults.sizes import SEED, size

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.database import Database

COUNT = size("PAYLOADS", 300)

KEYS = [
    "id accountId mediaId previewId contentId contentType attachments accountMediaIds bundleContent media",
    "preview variants locations metadata username handle hashtags accountMentions createdAt content walls",
    "avatar pinnedPosts groupId senderId users lastMessage success response posts messages accounts data",
]
RUBBISH: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "0",
    "text",
    "\ud800",
    "\0",
    "x" * 10_000,
    "737318930569244672",
    "9999-99-99",
    [],
    {},
    [[]],
    {"id": 5},
    [{"id": "7"}, 3, None],
]


def spoil(value: Any, chance: random.Random, share: float) -> Any:
    """A copy of a payload with some of its values and keys changed, left out, doubled or moved."""
    if chance.random() < share:
        return chance.choice(RUBBISH)
    if isinstance(value, list):
        copied = [spoil(one, chance, share) for one in value if chance.random() > share]
        return copied * (2 if chance.random() < share else 1)
    if isinstance(value, dict):
        keys = " ".join(KEYS).split()
        return {
            chance.choice(keys) if chance.random() < share else key: spoil(one, chance, share)
            for key, one in value.items()
            if chance.random() > share
        }
    return value


async def count_rows(database: Database) -> int:
    """How many rows the database has."""
    counts = [sa.select(sa.func.count()).select_from(table) for table in Base.metadata.tables.values()]
    async with database.connect() as connection:
        return sum([(await connection.execute(count)).scalar_one() for count in counts])


async def test_fuzzed_payloads(database: Database, shared: Path, tmp_path: Path) -> None:
    """No payload raises, and one that is left out leaves no row; TORTURE_PAYLOADS sets how many are tried."""
    chance = random.Random(SEED)
    samples = [json.loads(path.read_text()) for path in sorted((shared / "samples" / "payloads").glob("*"))]
    file = tmp_path / "fuzzed.json"
    taken = 0
    for number in range(COUNT):
        text = json.dumps(spoil(chance.choice(samples), chance, chance.choice((0.005, 0.03, 0.1))))
        cut = chance.randrange(len(text)) if chance.random() < 0.05 else len(text)
        file.write_text(text[:cut])
        before = await count_rows(database) if number % 10 == 0 else None
        result = await ingest_file(database, file)
        assert len(result.files) + len(result.failures) == 1, f"seed {SEED}, payload {number}"
        taken += len(result.files)
        if result.failures and before is not None:
            assert await count_rows(database) == before
        assert not any("could not be stored" in str(one) for one in result.failures), (text, result.failures)
    assert taken > COUNT / 4
