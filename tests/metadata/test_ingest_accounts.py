"""Accounts of payloads, with their names and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.source.reader import Reader
from tests.metadata.payloads import (
    ANNA,
    account,
    ingest,
    response,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.database import Database


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


async def test_plans_bring_their_promotions(database: Database, tmp_path: Path) -> None:
    """Subscription plans are stored with their promotions."""
    plan = {"id": "5", "accountId": str(ANNA), "price": 9, "promos": [{"id": "6", "price": 4}, {"id": "x"}]}
    result = await ingest(database, tmp_path, response(subscriptionPlans=[plan, 5]))
    assert await rows(database, "subscription_plans", "id", "price") == [(5, 9)]
    assert await rows(database, "subscription_promos", "id", "planId", "price") == [(6, 5, 4)]
    assert len(result.problems) == 2
