"""The components of the journal stand on one connection: one server, one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stash.journal import Baseline, ChunkFingerprint, LogEntry, Outcome, SourceKey
from tests.journal.conftest import opened, select_server

if TYPE_CHECKING:
    from stash.source.database import Database

KEY = SourceKey("media", "12")
FIRST = Baseline("Image", KEY, "7", last_applied={"title": "A walk"})
SECOND = FIRST._replace(last_applied={"title": "A run"})
FINGERPRINT = ChunkFingerprint(3, 0, "source", "stash", {"Image": ["7"]}, {"unchanged": 1})
ENTRY = LogEntry("Image", KEY, "update", {"title": ""}, {"title": "A walk"}, stash_id="7")


async def test_another_server_is_looked_up_anew(database: Database) -> None:
    """A key that one server lacks is looked up again for the next server, so that its earlier values are kept."""
    journal = await opened(database)
    await journal.record([FIRST])
    await select_server(journal, "http://other", "/db")
    assert await journal.baselines.load_type("Image", [KEY]) == {}
    await select_server(journal, "http://stash", "/db")
    await journal.record([SECOND])
    found = await journal.baselines.load_type("Image", [KEY])
    assert found[KEY].previously_applied == {"title": ["A walk"]}


async def test_record_stores_everything_at_once(database: Database) -> None:
    """A record stores baselines, outcomes and fingerprints together, and a dropped fingerprint is gone."""
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    (position,) = await journal.log.log_sent(run, [ENTRY])
    assert await journal.record([FIRST], (), [Outcome(position, "applied", "7")], [FINGERPRINT]) == 1
    assert await journal.baselines.load_type("Image", [KEY]) == {KEY: FIRST}
    assert [one.state for one in await journal.log.entries(run)] == ["applied"]
    assert await journal.fingerprints.of_creator(3) == {0: FINGERPRINT}
    await journal.fingerprints.drop({"Image": {"8"}})
    assert await journal.fingerprints.of_creator(3) == {0: FINGERPRINT}
    await journal.fingerprints.drop({"Image": {"7"}})
    assert await journal.fingerprints.of_creator(3) == {}


async def test_a_failed_record_stores_nothing(database: Database) -> None:
    """An error in the last part of a record leaves no baseline, no outcome and no fingerprint."""
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    (position,) = await journal.log.log_sent(run, [ENTRY])
    with pytest.raises(ValueError, match="no Stash id"):
        await journal.record(
            [FIRST], [("hashtags", 1, 1)], [Outcome(position, "applied", "7")], [FINGERPRINT]
        )
    assert await journal.baselines.count() == 0
    assert [one.state for one in await journal.log.entries(run)] == ["planned"]
    assert await journal.fingerprints.of_creator(3) == {}
