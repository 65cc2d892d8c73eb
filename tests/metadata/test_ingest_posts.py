"""Posts, messages and stories of payloads, with what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.source.reader import Reader
from tests.metadata.payloads import (
    ANNA,
    POST,
    account,
    ingest,
    offered,
    post,
    response,
    rows,
    tags,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.database import Database


async def test_hashtags_come_from_text_and_list(database: Database, tmp_path: Path) -> None:
    """Hashtags are those of the text and of the list, lower-case, and follow a changed text."""
    first = post(content="#One ##two", hashtags=["Three", "#four", {"no": 1}, " "])
    await ingest(database, tmp_path, response(posts=[first]))
    assert await tags(database) == ["four", "one", "three", "two"]
    await ingest(database, tmp_path, response(posts=[post(hashtags=["five"])]))
    assert await tags(database) == ["five", "four", "one", "three", "two"]
    await ingest(database, tmp_path, response(posts=[post(content="now #six")]))
    assert await tags(database) == ["six"]


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
    items = [item async for window in reader.pages(creator) for item in window.items]
    assert [(item.kind, item.id, item.media[0].media.id) for item in items] == [("story", 95, 10)]


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
        items = [item async for window in reader.pages(creator) for item in window.items]
        assert {item.kind: (item.price, item.likes) for item in items} == told
