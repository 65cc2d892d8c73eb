"""Payloads of the API, into a database of our own."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from metadata.ingest import IngestResult, ingest_file, ingest_paths
from metadata.making import open_or_make
from metadata.models import Base
from stash.source.database import Database
from stash.source.errors import ForeignDatabaseError
from stash.source.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

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
    items = [item for one in creators async for window in reader.windows(one) for item in window.items]
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


async def test_hashtags_come_from_text_and_list(database: Database, tmp_path: Path) -> None:
    """Hashtags are those of the text and of the list, lower-case, and follow a changed text."""
    first = post(content="#One ##two", hashtags=["Three", "#four", {"no": 1}, " "])
    await ingest(database, tmp_path, response(posts=[first]))
    assert await tags(database) == ["four", "one", "three", "two"]
    await ingest(database, tmp_path, response(posts=[post(hashtags=["five"])]))
    assert await tags(database) == ["five", "four", "one", "three", "two"]
    await ingest(database, tmp_path, response(posts=[post(content="now #six")]))
    assert await tags(database) == ["six"]


async def tags(database: Database) -> list[str]:
    """The hashtags of the post."""
    hashtags, links = Base.metadata.tables["hashtags"], Base.metadata.tables["post_hashtags"]
    statement = sa.select(hashtags.c.value).join(links, links.c.hashtagId == hashtags.c.id)
    async with database.connect() as connection:
        return sorted((await connection.execute(statement)).scalars())


async def test_mentions_have_a_handle_or_a_username(database: Database, tmp_path: Path) -> None:
    """A mention may be an account; one without any name is named as a problem; they follow the post."""
    mentions = [
        {"handle": "bella", "accountId": "5", "id": "99"},
        {"username": "@cleo", "id": "6"},
        {"handle": "twin", "accountId": "5"},
        {"handle": "dora"},
        {"accountId": "7"},
    ]
    result = await ingest(database, tmp_path, response(posts=[post(accountMentions=mentions)]))
    found = await rows(database, "post_mentions", "handle", "accountId")
    assert found == [("bella", 5), ("cleo", 6), ("dora", None)]
    assert [one.table for one in result.problems] == ["post_mentions"]
    await ingest(database, tmp_path, response(posts=[post(accountMentions=mentions[1:2])]))
    assert await rows(database, "post_mentions", "handle") == [("cleo",)]


async def test_attachments_follow_the_post(database: Database, tmp_path: Path) -> None:
    """Attachments that stay keep their row, others come and go; tips are dropped, unknown types named."""
    kinds = (1, 2, 8, 7, 7100, 32001, 42001, 99)
    carried = [{"pos": pos, "contentType": kind, "contentId": str(pos + 1)} for pos, kind in enumerate(kinds)]
    result = await ingest(database, tmp_path, response(posts=[post(attachments=carried)]))
    before = await rows(database, "attachments", "pos", "id", "contentType")
    assert [one[0] for one in before] == [0, 1, 2, 5, 6]
    assert [one.reason for one in result.problems] == ["contentType 99 is unknown"]
    await ingest(database, tmp_path, response(posts=[post(attachments=carried[1:3])]))
    assert await rows(database, "attachments", "pos", "id", "contentType") == before[1:3]
    await ingest(database, tmp_path, response(posts=[post(content="No word of attachments")]))
    assert await rows(database, "attachments", "pos", "id", "contentType") == before[1:3]


async def test_who_is_named_but_not_told_of_becomes_a_stub(database: Database, tmp_path: Path) -> None:
    """Unknown accounts and groups get rows, are noted as stubs, and settle when they are told of."""
    message = {"id": 5, "senderId": 6, "groupId": 7, "content": None, "createdAt": 1737290990}
    await ingest(database, tmp_path, response(messages=[message]))
    assert await rows(database, "accounts", "username") == [("acct_6",)]
    assert await rows(database, "stub_tracker", "table_name", "record_id") == [("accounts", 6), ("groups", 7)]
    entry = {"groupId": 7, "account_id": 8, "partnerAccountId": 6, "partnerUsername": "bella"}
    await ingest(database, tmp_path, response(data=[entry]))
    assert await rows(database, "accounts", "username") == [("acct_8",), ("bella",)]
    assert await rows(database, "stub_tracker", "table_name", "record_id") == [("accounts", 8)]
    assert await rows(database, "groups", "id", "createdBy") == [(7, 8)]
    assert await rows(database, "group_users", "groupId", "accountId") == [(7, 6), (7, 8)]
    assert await rows(database, "messages", "content", "groupId") == [("", 7)]


async def test_usernames_stay_unique(database: Database, tmp_path: Path) -> None:
    """A name that another account has gets a number, the same one every time, until it is free."""
    both = [{"id": 5, "username": "anna"}, {"id": 6, "username": "ANNA"}, {"id": 7, "username": "anna"}]
    for _ in range(2):
        await ingest(database, tmp_path, response(accounts=both))
        assert await rows(database, "accounts", "id", "username") == [
            (5, "anna"),
            (6, "ANNA_2"),
            (7, "anna_3"),
        ]
    await ingest(database, tmp_path, response(accounts=[{"id": 5, "username": "bella"}, both[1]]))
    assert await rows(database, "accounts", "id", "username") == [(5, "bella"), (6, "ANNA"), (7, "anna_3")]
    await ingest(database, tmp_path, response(accounts=[{"id": 6, "username": None}]))
    assert (6, "ANNA") in await rows(database, "accounts", "id", "username")


async def test_media_come_with_variants_and_facts(database: Database, tmp_path: Path) -> None:
    """Variants belong to their parent's account, sizes and length come from the metadata, queries are cut off."""
    media = {
        "id": "10",
        "accountId": "6",
        "mimetype": "video/mp4",
        "metadata": '{"duration": 12.5, "original": {"width": 640, "height": 480}}',
        "height": 360,
        "locations": [{"locationId": "1", "location": "https://cdn/a.mp4?Policy=x"}, {"locationId": "102"}],
        "variants": [{"id": "11", "metadata": {"as": "object"}}, {"id": "10"}, {"id": "broken"}],
    }
    result = await ingest(database, tmp_path, response(accountMedia=[offered(9, media=media)]))
    assert await rows(database, "media", "id", "accountId", "width", "height", "duration", "meta_info") == [
        (10, 6, 640, 360, 12.5, media["metadata"]),
        (11, 6, None, None, None, '{"as": "object"}'),
    ]
    assert await rows(database, "media_variants", "mediaId", "variantId") == [(10, 11)]
    assert await rows(database, "media_locations", "locationId", "location") == [
        (1, "https://cdn/a.mp4"),
        (102, None),
    ]
    assert [one.table for one in result.problems] == ["media"]


@pytest.mark.parametrize(
    "metadata", ["", "no json", "[1]", '{"duration": "long", "original": 5}', '{"duration": 1e999}']
)
async def test_rubbish_in_metadata_does_no_harm(database: Database, tmp_path: Path, metadata: str) -> None:
    """Metadata that say nothing usable are kept as text and bring no facts."""
    media = {"id": "10", "mimetype": "video/mp4", "metadata": metadata}
    result = await ingest(database, tmp_path, response(accountMedia=[offered(9, media=media)]))
    assert result.failures == ()
    assert await rows(database, "media", "duration", "meta_info") == [(None, metadata or None)]


async def test_media_that_are_only_named_get_a_row(database: Database, tmp_path: Path) -> None:
    """Account media without the media object still has a media; one that names none is left out."""
    one, other = offered(9), offered(20)
    del one["media"], other["media"], other["mediaId"]
    result = await ingest(database, tmp_path, response(accountMedia=[one, other]))
    assert await rows(database, "media", "id", "accountId") == [(10, ANNA)]
    assert [one.reason for one in result.problems] == ["names no media"]


async def test_bundles_keep_their_order_and_their_gaps(database: Database, tmp_path: Path) -> None:
    """A bundle's places are kept for media that arrive later; a preview that is missing is named."""
    bundle = {
        "id": "30",
        "accountId": str(ANNA),
        "previewId": "40",
        "accountMediaIds": ["9", "20", {"no": "id"}],
        "bundleContent": [{"accountMediaId": "9", "pos": 7}],
        "purchased": True,
    }
    carried = [{"pos": 0, "contentType": 2, "contentId": "30"}]
    result = await ingest(
        database,
        tmp_path,
        response(posts=[post(attachments=carried)], accountMediaBundles=[bundle], accountMedia=[offered(9)]),
        response(accountMedia=[offered(20)]),
    )
    places = await rows(database, "account_media_bundle_media", "media_id", "pos")
    assert places == [(9, 7), (20, 1)]
    assert await rows(database, "account_media_bundles", "previewId", "purchased", "access") == [
        (40, True, False)
    ]
    assert {one.table for one in result.problems} == {"account_media_bundles", "account_media_bundle_media"}
    reader = Reader(database)
    windows = [window async for window in reader.windows(await reader.creator("acct_" + str(ANNA)))]
    assert [place.media.id for place in windows[0].items[0].media] == [21, 10]


async def test_previews_within_are_stored(database: Database, tmp_path: Path) -> None:
    """Previews that come as objects are media; a bundle's too, even where no previewId says so."""
    bundle = {"id": "30", "accountId": str(ANNA), "preview": {"id": "41"}}
    one = offered(9, previewId="42", preview={"id": "42"})
    result = await ingest(database, tmp_path, response(accountMediaBundles=[bundle], accountMedia=[one]))
    assert result.problems == ()
    assert await rows(database, "media") == [(10,), (41,), (42,)]
    assert await rows(database, "account_media_bundles", "previewId") == [(41,)]


async def test_accounts_bring_everything_about_them(database: Database, tmp_path: Path) -> None:
    """Pictures, counts, story state, pinned posts, walls and a subscription of an account are stored."""
    full = account(
        avatar={"id": "50"},
        banner={"id": "51"},
        timelineStats={"imageCount": 3, "fetchedAt": 1737290990000},
        mediaStoryState={"status": 1, "hasActiveStories": True},
        pinnedPosts=[{"postId": "60", "pos": 1, "createdAt": 1737290990000}],
        walls=[{"id": "70", "name": "Main"}, {"id": "71", "accountId": "72"}],
        subscription={"id": "80", "price": 500},
    )
    result = await ingest(database, tmp_path, response(accounts=[full]))
    assert result.problems == ()
    assert await rows(database, "account_avatar", "accountId", "mediaId") == [(ANNA, 50)]
    assert await rows(database, "account_banner", "accountId", "mediaId") == [(ANNA, 51)]
    assert await rows(database, "timeline_stats", "imageCount") == [(3,)]
    assert await rows(database, "media_story_states", "hasActiveStories") == [(True,)]
    assert await rows(database, "pinned_posts", "postId", "pos") == [(60, 1)]
    assert await rows(database, "posts", "id", "accountId") == [(60, ANNA)]
    assert await rows(database, "walls", "id", "accountId", "name") == [(70, ANNA, "Main"), (71, 72, None)]
    assert await rows(database, "subscriptions", "id", "accountId", "price") == [(80, ANNA, 500)]
    creator = await Reader(database).creator("anna")
    assert creator.avatar is not None
    assert creator.avatar.id == 50


async def test_walls_show_posts(database: Database, tmp_path: Path) -> None:
    """Posts of a wall's answer, and posts that name walls, are on those walls."""
    payload = response(wallId="70", posts=[post(wallIds=["71", "rubbish"])])
    result = await ingest(database, tmp_path, payload, response(walls=[{"id": "72"}]))
    assert await rows(database, "wall_posts", "wallId", "postId") == [(70, POST), (71, POST)]
    assert [one.table for one in result.problems] == ["walls", "walls"]


async def test_conversations_bring_their_last_message(database: Database, tmp_path: Path) -> None:
    """Groups and conversations of every shape are groups, with users and a last message told in full."""
    told = {"id": "90", "senderId": str(ANNA), "content": "Hi", "createdAt": 1737290990}
    await ingest(
        database,
        tmp_path,
        response(conversations=[{"id": "80", "accountId": str(ANNA), "lastMessage": told}]),
        response(
            groups=[{"id": "81", "createdBy": "5", "users": [{"userId": "6"}], "lastMessage": {"id": "4"}}]
        ),
    )
    assert await rows(database, "messages", "id", "groupId", "content") == [(90, 80, "Hi")]
    assert await rows(database, "groups", "id", "createdBy", "lastMessageId") == [
        (80, ANNA, 90),
        (81, 5, None),
    ]
    assert await rows(database, "group_users", "groupId", "accountId") == [(81, 6)]


async def test_stories_are_items(database: Database, tmp_path: Path) -> None:
    """A story that carries media is read as an item; a text story is known and not stored."""
    story = {"id": "95", "accountId": str(ANNA), "contentType": 1, "contentId": "9", "createdAt": 1737290990}
    text = {"id": "96", "authorId": str(ANNA), "content": "Text"}
    result = await ingest(
        database,
        tmp_path,
        response(mediaStories=[story], accountMedia=[offered(9)]),
        response(stories=[text]),
    )
    assert result.failures == ()
    reader = Reader(database)
    creator = (await reader.creators())[0]
    items = [item async for window in reader.windows(creator) for item in window.items]
    assert [(item.kind, item.id, item.media[0].media.id) for item in items] == [("story", 95, 10)]


async def test_plans_bring_their_promotions(database: Database, tmp_path: Path) -> None:
    """Subscription plans are stored with their promotions."""
    plan = {"id": "5", "accountId": str(ANNA), "price": 9, "promos": [{"id": "6", "price": 4}, {"id": "x"}]}
    result = await ingest(database, tmp_path, response(subscriptionPlans=[plan, 5]))
    assert await rows(database, "subscription_plans", "id", "price") == [(5, 9)]
    assert await rows(database, "subscription_promos", "id", "planId", "price") == [(6, 5, 4)]
    assert len(result.problems) == 2


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


async def test_prices_and_likes_are_kept_and_read_where_asked_for(database: Database, tmp_path: Path) -> None:
    """What is offered has a price, posts and messages have likes; a Reader says them only if it is asked to."""
    bundle = {"id": "30", "accountId": str(ANNA), "price": 700, "accountMediaIds": ["20"]}
    carried = [
        {"contentId": "10", "contentType": 1, "pos": 0},
        {"contentId": "30", "contentType": 2, "pos": 1},
    ]
    payload = response(
        accounts=[account()],
        accountMedia=[offered(10, price=300, likeCount=9), offered(20, price=5)],
        accountMediaBundles=[bundle],
        posts=[post(attachments=carried, likeCount=41)],
        messages=[
            {
                "id": "50",
                "senderId": str(ANNA),
                "likes": [{"userId": "1"}, {"userId": "2"}],
                "attachments": [{"contentId": "20", "contentType": 1, "pos": 0}],
            }
        ],
    )
    await ingest(database, tmp_path, payload)
    assert await rows(database, "metadata_facts", "tableName", "recordId", "price", "likes") == [
        ("account_media", 10, 300, 9),
        ("account_media", 20, 5, None),
        ("account_media_bundles", 30, 700, None),
        ("messages", 50, None, 2),
        ("posts", POST, None, 41),
    ]
    for with_facts, told in (
        (True, {"post": (1000, 41), "message": (5, 2)}),
        (False, dict.fromkeys(("post", "message"), (None, None))),
    ):
        reader = Reader(database, with_facts=with_facts)
        creator = await reader.creator("anna")
        items = [item async for window in reader.windows(creator) for item in window.items]
        assert {item.kind: (item.price, item.likes) for item in items} == told


async def test_a_database_made_before_gets_what_it_lacks(tmp_path: Path) -> None:
    """A database of ours without the table of prices gets it when payloads go in; what was in it stays."""
    path = str(tmp_path / "ours.sqlite")
    async with await open_or_make(path) as opened:
        await ingest(opened, tmp_path, response(accounts=[account()], posts=[post()]))
        async with opened.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE metadata_facts")
    async with await Database.open(path) as opened:
        assert not opened.has_table("metadata_facts")
        assert not [window async for window in Reader(opened, with_facts=True).windows(await the(opened))]
    async with await open_or_make(path) as opened:
        await ingest(opened, tmp_path, response(posts=[post(likeCount=3)]))
        assert await rows(opened, "metadata_facts", "recordId", "likes") == [(POST, 3)]
        assert await rows(opened, "accounts") == [(ANNA,)]


async def the(database: Database) -> Creator:
    """The one creator."""
    return await Reader(database).creator("anna")


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
