"""Operations: planned before they are sent, settled afterwards, and what a killed run leaves of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from stash.errors import RetriableError
from stash.journal import Baseline, LogEntry, Outcome, SourceKey
from stash.source.database import Database
from tests.journal.conftest import opened, select_server

KEY = SourceKey("media", "5")
OTHER = SourceKey("media", "6")
EDIT = LogEntry("Image", KEY, "update", {"title": "a"}, {"title": "b", "tags": ["1"]}, {"title": "new"}, "7")
CREATE = LogEntry("Gallery", SourceKey("post", "9"), "create", {}, {"title": "g"})


async def test_what_is_planned_is_settled(database: Database) -> None:
    """Operations come back in their order, as they were, with their ids, and with what became of them."""
    journal = await opened(database)
    run, other = await journal.runs.begin("sync", []), await journal.runs.begin("sync", [])
    odd = EDIT._replace(after={"title": "\ud800 \0 😀", "organized": True, "rating100": 5, "date": None})
    planned = await journal.log.log_sent(run, [odd, CREATE])
    kept = [one._replace(id=noted) for one, noted in zip([odd, CREATE], planned, strict=True)]
    assert await journal.log.entries(run) == kept
    assert await journal.log.entries(other) == []
    await journal.log.log_outcomes([Outcome(planned[0], "failed", "7", "no such tag"), kept[1].applied("12")])
    assert await journal.log.entries(run) == [
        kept[0]._replace(state="failed", message="no such tag"),
        kept[1]._replace(state="applied", stash_id="12"),
    ]
    assert await journal.log.log_sent(run, []) == []


async def test_ids_are_never_given_twice(database: Database) -> None:
    """Two journals that plan in turn get ids of their own, a thousand at a time."""
    first, second = await opened(database), await opened(database)
    run = await first.runs.begin("sync", [])
    ids = [
        one for journal in (first, second, first) for one in await journal.log.log_sent(run, [EDIT] * 1000)
    ]
    assert len(set(ids)) == 3000
    assert ids == sorted(ids)


async def test_settling_goes_with_the_memories(database: Database) -> None:
    """What Stash did, what we remember of it and the stamps are written together, or not at all."""
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO accounts (id, username) VALUES (5, 'anna')"))
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    (noted,) = await journal.log.log_sent(run, [EDIT])
    done = Outcome(noted, "applied", "7")
    with pytest.raises(ValueError, match="no Stash id"):
        await journal.record([Baseline("Image", KEY, "7")], [("walls", 5, 7)], [done])
    assert await journal.log.entries(run) == [EDIT._replace(id=noted)]
    assert (await journal.baselines.load_type("Image", [KEY]))[KEY].stash_id == ""
    await journal.record([Baseline("Image", KEY, "7")], [("accounts", 5, 7)], [done])
    assert await journal.log.entries(run) == [EDIT._replace(id=noted, state="applied")]
    assert (await journal.baselines.load_type("Image", [KEY]))[KEY].stash_id == "7"


async def test_what_a_killed_run_planned_is_recalled(database: Database) -> None:
    """Every value that was planned and never settled is told, the newest last, beside what was recorded."""
    journal = await opened(database)
    await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "a"})])
    run = await journal.runs.begin("sync", [])
    await journal.log.log_sent(
        run, [EDIT, EDIT._replace(after={"title": "c"}), EDIT._replace(after={"title": "b"})]
    )
    await journal.log.log_sent(run, [EDIT._replace(key=OTHER, stash_id=""), CREATE])
    journal = await opened(database)
    assert await journal.baselines.load_type("Image", [KEY, OTHER, SourceKey("media", "8")]) == {
        KEY: Baseline(
            "Image", KEY, "7", last_applied={"title": "a"}, in_flight={"title": ["c", "b"], "tags": ["1"]}
        ),
        OTHER: Baseline("Image", OTHER, "", in_flight={"title": ["b"], "tags": ["1"]}),
    }
    assert list(await journal.baselines.load_type("Gallery", [KEY, CREATE.key])) == [CREATE.key]


async def test_what_was_settled_is_no_longer_planned(database: Database) -> None:
    """An operation that was applied or failed adds nothing to a memory."""
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    first, second = await journal.log.log_sent(run, [EDIT, EDIT])
    await journal.log.log_outcomes([Outcome(first, "applied", "7"), Outcome(second, "failed", "7")])
    assert await journal.baselines.load_type("Image", [KEY]) == {}


async def test_a_later_record_settles_what_a_killed_run_planned(database: Database) -> None:
    """Once an entity is recorded, what was planned for it is an earlier value, and applied; nothing is left over."""
    journal = await opened(database)
    await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "a"})])
    run = await journal.runs.begin("sync", [])
    await journal.log.log_sent(run, [EDIT, EDIT._replace(key=OTHER)])
    journal = await opened(database)
    assert await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "a"})]) == 1
    found = await journal.baselines.load_type("Image", [KEY, OTHER])
    assert found[KEY] == Baseline(
        "Image", KEY, "7", last_applied={"title": "a"}, previously_applied={"title": ["b"]}
    )
    assert found[OTHER].in_flight
    assert [(one.key, one.state, one.stash_id) for one in await journal.log.entries(run)] == [
        (KEY, "applied", "7"),
        (OTHER, "planned", "7"),
    ]
    assert await journal.record([Baseline("Image", KEY, "7", last_applied={"title": "a"})]) == 0


async def test_a_field_that_is_not_remembered_leaves_no_earlier_value(database: Database) -> None:
    """What a killed run planned for a field that nobody merges, such as the name of a new tag, is not kept."""
    journal = await opened(database)
    await journal.log.log_sent(await journal.runs.begin("sync", []), [CREATE])
    journal = await opened(database)
    memory = Baseline("Gallery", CREATE.key, "9")
    await journal.record([memory])
    assert await journal.baselines.load_type("Gallery", [CREATE.key]) == {CREATE.key: memory}


async def test_a_run_does_not_settle_its_own_plans_by_the_way(database: Database) -> None:
    """An operation of this very run that is still to be sent stays planned when its entity is recorded."""
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    first, second = await journal.log.log_sent(
        run, [EDIT, EDIT._replace(action="link", after={"galleries": ["3"]})]
    )
    await journal.record([Baseline("Image", KEY, "7")], outcomes=[Outcome(first, "applied", "7")])
    assert [one.state for one in await journal.log.entries(run)] == ["applied", "planned"]
    assert (await journal.baselines.load_type("Image", [KEY]))[KEY].in_flight == {"galleries": ["3"]}
    assert second == (first.batch, 1, 2)


async def test_another_stash_has_other_plans(database: Database) -> None:
    """What was planned for one Stash is not recalled, settled or deleted for another."""
    journal = await opened(database)
    run = await journal.runs.begin("sync", [])
    _, second = await journal.log.log_sent(run, [EDIT, CREATE])
    await journal.log.log_outcomes([Outcome(second, "applied", "12")])
    before = await journal.log.entries(run)
    other = await opened(database)
    await select_server(other, "http://other", "/db")
    assert await other.baselines.load_type("Image", [KEY]) == {}
    await other.record([Baseline("Image", KEY, "7")])
    await other.log.retain(0)
    assert await journal.log.entries(run) == before


async def test_operations_of_old_runs_are_deleted(database: Database) -> None:
    """The newest runs keep their operations, older ones only batches with one still planned; the runs themselves stay."""
    journal = await opened(database)
    runs = [await journal.runs.begin("sync", []) for _ in range(4)]
    for run in runs:
        first, other = await journal.log.log_sent(run, [EDIT, CREATE])
        await journal.log.log_outcomes([Outcome(first, "applied", "7"), Outcome(other, "failed", "")])
        await journal.log.log_sent(run, [EDIT])
    await journal.log.retain(2)
    assert [len(await journal.log.entries(run)) for run in runs] == [1, 1, 3, 3]
    assert [one.state for one in await journal.log.entries(runs[0])] == ["planned"]
    assert [run.id for run in await journal.runs.newest()] == runs[::-1]


async def test_a_locked_database_is_worth_another_try(database: Database) -> None:
    """Where another program holds the database, a plan ends as an error that says to run again."""
    if database.kind != "sqlite":
        pytest.skip("PostgreSQL locks rows, not databases")
    await opened(database)
    async with await Database.open(str(database.path), busy_timeout=0.01) as impatient:
        journal = await opened(impatient)
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))
            with pytest.raises(RetriableError):
                await journal.log.log_sent(1, [EDIT])
