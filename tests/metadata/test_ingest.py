"""Payloads of the API, into a database of our own."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

from metadata.ingest import ingest_file, ingest_paths
from metadata.making import open_or_make
from stash.source.database import Database
from stash.source.errors import ForeignDatabaseError
from stash.source.reader import Reader
from tests.metadata.payloads import (
    ANNA,
    POST,
    account,
    everything,
    ingest,
    offered,
    post,
    response,
    rows,
    the,
)

if TYPE_CHECKING:
    from pathlib import Path


async def test_all_sample_payloads_go_in_twice_without_a_change(database: Database, shared: Path) -> None:
    """All fourteen payloads go in, and the second time every row is as it was.

    The counts are those of different ids: the files use some ids for several objects.
    """
    folder = shared / "samples" / "payloads"
    first = await ingest_paths(database, [folder])
    assert len(first.files) == 14
    assert first.failures == ()
    assert not any(problem.is_malformed for problem in first.problems)
    before = await everything(database)
    counts = {name: len(found) for name, found in before.items()}
    assert counts["posts"] == 11
    assert counts["messages"] == 4
    assert counts["account_media"] == 12
    assert counts["account_media_bundles"] == 7
    assert counts["media"] == 43
    assert counts["media_variants"] == 28
    assert counts["attachments"] == 12
    assert counts["post_hashtags"] == 9
    assert counts["post_mentions"] == 2
    assert counts["subscriptions"] == 5
    second = await ingest_paths(database, [folder])
    assert second.rows == first.rows
    assert await everything(database) == before


async def test_what_went_in_can_be_read(database: Database, shared: Path) -> None:
    """Creators of ingested payloads are read with their items, although no payload says what is on disk."""
    await ingest_paths(database, [shared / "samples" / "payloads"])
    reader = Reader(database)
    creators = await reader.creators()
    assert {one.username for one in creators} == {
        "acct_123456789012345671",
        "acct_720167541418237953",
        "test_user",
        "testaccount",
    }
    items = [item for one in creators async for window in reader.pages(one) for item in window.items]
    assert [item.kind for item in items] == ["message"] * 3 + ["post"] * 8
    assert sum(len(item.media) for item in items) == 14


async def test_a_database_of_the_downloader_is_refused(v0_15: Path, tmp_path: Path) -> None:
    """Nothing is ingested into a database that stash-sync did not make."""
    async with await Database.open(str(v0_15)) as database:
        with pytest.raises(ForeignDatabaseError, match="not made by stash-sync"):
            await ingest_file(database, tmp_path / "any.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is no JSON"),
        ("nothing", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("9" * 5_000, "is no JSON"),
        ("{}", "holds nothing that is known"),
        ("[]", "holds nothing that is known"),
        ("[5]", "holds nothing that is known"),
        ("null", "holds no payload"),
        ('"text"', "holds no payload"),
        ('{"success": true, "response": {"unheard": []}}', "holds nothing that is known"),
        ('{"success": false, "response": {}}', "failed request"),
        ('{"response": {"posts": "many"}}', "no list in posts"),
    ],
)
async def test_what_is_no_payload_is_left_out(
    database: Database, tmp_path: Path, content: str, reason: str
) -> None:
    """A file without a payload is named with its reason, and the next file goes in all the same."""
    result = await ingest(database, tmp_path, content, response(accounts=[account()]))
    assert [file.name for file in result.files] == ["001.json"]
    assert len(result.failures) == 1
    assert "000.json" in str(result.failures[0])
    assert reason in str(result.failures[0])
    assert await rows(database, "accounts", "username") == [("anna",)]


async def test_a_missing_file_is_a_failure(database: Database, tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    result = await ingest_paths(database, [tmp_path / "none.json"])
    assert "none.json cannot be read" in str(result.failures[0])


@pytest.mark.parametrize(
    ("payload", "table"),
    [
        ([account()], "accounts"),
        ({"success": True, "response": [offered(5)]}, "account_media"),
        (response(account=account()), "accounts"),
        ({"posts": [post()]}, "posts"),
        (response(aggregationData={"accounts": [account()]}), "accounts"),
    ],
)
async def test_payloads_of_every_envelope(
    database: Database, tmp_path: Path, payload: object, table: str
) -> None:
    """Bare lists, bare objects, a single account and aggregated data are payloads too."""
    result = await ingest(database, tmp_path, payload)
    assert result.failures == ()
    assert result.rows[table] == 1


async def test_bad_objects_do_not_spoil_the_others(database: Database, tmp_path: Path) -> None:
    """An object without a usable id is left out and named; the others of its payload go in."""
    bad = [{"id": "x"}, {"accountId": "5"}, 5, post(id="0"), post(id=True), post(id=-4), post(id=2**63)]
    result = await ingest(database, tmp_path, response(posts=[*bad, post()]))
    assert await rows(database, "posts") == [(POST,)]
    assert len(result.problems) == len(bad)
    assert {problem.table for problem in result.problems} == {"posts"}


async def test_unusable_values_count_as_missing(database: Database, tmp_path: Path) -> None:
    """A value of the wrong type is named and left out, and what was known stays."""
    good = post(content="Text", fypFlags=3, createdAt=1737290990)
    bad = post(content={"no": "text"}, fypFlags=2**40, createdAt="yesterday", inReplyTo=[])
    result = await ingest(database, tmp_path, response(posts=[good]), response(posts=[bad]))
    assert [one.reason for one in result.problems] == ["content, createdAt, fypFlags, inReplyTo not usable"]
    found = await rows(database, "posts", "content", "fypFlag", "createdAt")
    assert [(one[0], one[1], str(one[2])) for one in found] == [("Text", 3, "2025-01-19 12:49:50+00:00")]


async def test_later_payloads_update_and_never_blank(database: Database, tmp_path: Path) -> None:
    """A changed value is taken over; a key that is missing leaves what is known."""
    first = account(displayName="Anna", about="Hello", flags=1)
    await ingest(
        database, tmp_path, response(accounts=[first]), response(accounts=[account(displayName="Annabel")])
    )
    assert await rows(database, "accounts", "displayName", "about", "flags") == [("Annabel", "Hello", 1)]


async def test_times_are_seconds_or_milliseconds(database: Database, tmp_path: Path) -> None:
    """Instants are told apart by size, as numbers or as text; nought is none."""
    posts = [
        post(id=number + 1, createdAt=value)
        for number, value in enumerate((1737290990, 1737290990000, "1737290990", 0, None))
    ]
    await ingest(database, tmp_path, response(posts=posts))
    dates = [str(one[1]) for one in await rows(database, "posts", "id", "createdAt")]
    assert dates == ["2025-01-19 12:49:50+00:00"] * 3 + ["None"] * 2


async def test_half_characters_and_noughts_are_replaced(database: Database, tmp_path: Path) -> None:
    """Lone surrogates and NUL, which databases refuse, become U+FFFD."""
    payload = '{"posts": [{"id": 5, "accountId": 6, "content": "a\\ud800b\\u0000c"}]}'
    result = await ingest(database, tmp_path, payload)
    assert result.failures == ()
    assert await rows(database, "posts", "content") == [
        ("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c",)
    ]


async def test_what_the_database_refuses_leaves_nothing_behind(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payload whose rows are refused half-way is undone whole, and named."""
    monkeypatch.setattr("metadata.ingest.write._ORDER", ("media", "posts"))
    result = await ingest(database, tmp_path, response(posts=[post()], accountMedia=[offered(9)]))
    assert "000.json could not be stored" in str(result.failures[0])
    assert result.files == ()
    assert await rows(database, "media") == []


async def test_folders_are_walked_in_order(database: Database, tmp_path: Path) -> None:
    """Of a folder every JSON file in it and below goes in, in order of name, and nothing else."""
    (tmp_path / "below").mkdir()
    for name, username in (("b.json", "second"), ("below/c.json", "third"), ("a.json", "first")):
        (tmp_path / name).write_text(json.dumps([account(username=username)]))
    (tmp_path / "d.txt").write_text("no payload")
    result = await ingest_paths(database, [tmp_path])
    assert [file.name for file in result.files] == ["a.json", "b.json", "c.json"]
    assert await rows(database, "accounts", "username") == [("third",)]


async def test_a_database_made_before_gets_what_it_lacks(tmp_path: Path) -> None:
    """A database of ours without the table of prices gets it when payloads go in; what was in it stays."""
    path = str(tmp_path / "ours.sqlite")
    async with await open_or_make(path) as opened:
        await ingest(opened, tmp_path, response(accounts=[account()], posts=[post()]))
        async with opened.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE metadata_facts")
    async with await Database.open(path) as opened:
        assert not opened.has_table("metadata_facts")
        assert not [window async for window in Reader(opened, with_facts=True).pages(await the(opened))]
    async with await open_or_make(path) as opened:
        await ingest(opened, tmp_path, response(posts=[post(likeCount=3)]))
        assert await rows(opened, "metadata_facts", "recordId", "likes") == [(POST, 3)]
        assert await rows(opened, "accounts") == [(ANNA,)]


async def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    """A pipe, a link to nowhere and a folder are named and left out at once, also within a folder; payloads go in."""
    folder = tmp_path / "payloads"
    folder.mkdir()
    (folder / "good.json").write_text(json.dumps([account(username="anna")]))
    os.mkfifo(folder / "pipe.json")
    (folder / "nowhere.json").symlink_to("missing")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "folder.json").mkdir()
    async with await open_or_make(str(tmp_path / "new.sqlite")) as database:
        async with asyncio.timeout(20):
            result = await ingest_paths(database, [folder, folder / "pipe.json"])
    assert [file.name for file in result.files] == ["good.json"]
    assert [str(one).split(" ")[0].rpartition("/")[2] for one in result.failures] == [
        "loop.json",
        "nowhere.json",
        "pipe.json",
        "pipe.json",
    ]
    assert all("it was left out" in str(one) for one in result.failures)
