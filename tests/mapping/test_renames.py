"""A creator is its account id, whatever it is called by and by, and whoever has its old name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Image, Performer, Studio

from tests.metadata.factories import PostMentionFactory, moment

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def renamed(case: Case, **account: object) -> int:
    """A creator that was synced, and is about to have another username; its id."""
    values = {"username": "old", "displayName": "Old Name"} | account
    creator = case.rows.account(**values)
    case.post(creator, case.picture(creator))
    await case.save()
    await case.settled()
    return int(creator.id)


async def test_a_rename_moves_performer_and_studio_along(case: Case) -> None:
    """The url moves, the old username stays an alias, the studio is renamed, the performer's name stays."""
    await renamed(case)
    await case.execute("UPDATE accounts SET username = 'new_', \"displayName\" = 'New Name'")
    report = await case.settled()
    assert report.entities["performers"].created == report.entities["studios"].created == 0
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        assert (performer.name, sorted(performer.alias_list)) == ("Old Name", ["new_", "old"])
        assert performer.urls == ["https://fansly.com/new_"]
        studio = await store.find_one(Studio, name="new_ (Fansly)")
        assert studio.urls == ["https://fansly.com/new_"]
        assert await store.find(Studio, name="old (Fansly)") == []


async def test_a_rename_keeps_what_a_user_named(case: Case) -> None:
    """A studio and a performer with names of the user's keep them, and are still the creator's."""
    await renamed(case)
    async with case.stash() as store:
        studio = await store.find_one(Studio, name="old (Fansly)")
        (performer,) = await store.find(Performer)
        studio.name, performer.name = "My studio", "My performer"
        await store.flush()
    await case.execute("UPDATE accounts SET username = 'new'")
    report = await case.settled()
    assert report.entities["performers"].created == report.entities["studios"].created == 0
    async with case.stash() as store:
        studio = await store.find_one(Studio, name="My studio")
        assert studio.urls == ["https://fansly.com/new"]
        assert [one.name for one in await store.find(Performer)] == ["My performer"]


async def test_a_rename_to_a_studio_that_is_there(case: Case) -> None:
    """Where the new studio is there already, made by hand or by an earlier program, ours gets the second name."""
    old = await renamed(case)
    async with case.stash() as store:
        await store.create(Studio, name="New (Fansly)")
    await case.execute("UPDATE accounts SET username = 'new'")
    assert (await case.settled()).exit_code == 0
    names = [one["name"] for one in case.inputs("studioUpdate") if "name" in one]
    assert names == [f"new (Fansly) ({old})"]


async def test_a_mention_that_becomes_a_creator(case: Case) -> None:
    """Somebody first known by handle alone is the same performer once the account is known, and synced itself."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna))
    case.rows.add(PostMentionFactory(postId=post.id, handle="Bea"))
    await case.save()
    await case.settled()
    assert [one["name"] for one in case.inputs("performerCreate")] == [anna.displayName, "Bea"]
    bea = case.rows.account(username="bea", displayName="Bea B.", about="About Bea")
    case.post(bea, case.picture(bea), createdAt=moment(3))
    await case.save()
    await case.settled()
    assert case.inputs("performerCreate") == []
    async with case.stash() as store:
        (performer,) = await store.find(Performer, url__iexact="https://fansly.com/bea")
        assert (performer.name, performer.details) == ("Bea", "About Bea")


async def test_a_mention_that_was_renamed_and_becomes_a_creator(case: Case) -> None:
    """What was recorded of a mention holds for the account: a performer with another name and no url is still the one."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna))
    case.rows.add(PostMentionFactory(postId=post.id, handle="Bea"))
    await case.save()
    await case.settled()
    async with case.stash() as store:
        performer = await store.find_one(Performer, name="Bea")
        performer.name, performer.urls = "My friend", []
        await store.flush()
    bea = case.rows.account(username="bea")
    case.post(bea, case.picture(bea), createdAt=moment(3))
    await case.save()
    await case.settled()
    assert case.inputs("performerCreate") == []
    async with case.stash() as store:
        found = await store.get(Performer, performer.id)
        assert (found.name, found.urls) == ("My friend", [])


async def people_of_files(case: Case) -> dict[str, tuple[str, str]]:
    """The performer and the studio of each file, by its code."""
    async with case.stash() as store:
        return {
            image.code: (image.performers[0].id, image.studio.name)
            for image in await store.find(Image)
            if len(image.performers) == 1
        }


@pytest.mark.parametrize("display_name", ["Somebody", None, "Old Name"])
@pytest.mark.parametrize("alone", [True, False], ids=["synced alone", "all synced"])
async def test_a_username_that_another_account_took_over(
    case: Case, display_name: str | None, alone: bool
) -> None:
    """Who takes an abandoned username is somebody else: another performer and another studio, whoever is synced first."""
    old = await renamed(case, displayName=display_name)
    (before,) = (await people_of_files(case)).values()
    await case.execute(f"UPDATE accounts SET username = 'moved' WHERE id = {old}")
    taker = case.rows.account(username="old", displayName=display_name, id=old + 10**6)
    media = case.rows.media(taker)
    case.write(taker, f"Pictures/{media.local_filename}", str(media.id))
    case.post(taker, media)
    await case.save()
    if alone:
        report = await case.sync(creators=("old",))
        assert report.exit_code == 0, report.unmatched
    assert (await case.settled()).exit_code == 0
    found = await people_of_files(case)
    theirs = found.pop(str(media.id))
    (ours,) = found.values()
    assert ours[0] == before[0] != theirs[0]
    assert ours[1] == "moved (Fansly)"
    assert theirs[1] == (f"old (Fansly) ({taker.id})" if alone else "old (Fansly)")
    async with case.stash() as store:
        urls = {one.id: one.urls for one in await store.find(Performer)}
    assert urls == {ours[0]: ["https://fansly.com/moved"], theirs[0]: ["https://fansly.com/old"]}


async def test_two_accounts_that_swap_their_usernames(case: Case) -> None:
    """Each stays its own performer, and its studio has its name again."""
    one = await renamed(case, username="one")
    other = await renamed(case, username="other", displayName="Other Name")
    before = await people_of_files(case)
    for account, username in ((one, "for a while"), (other, "one"), (one, "other")):
        await case.execute(f"UPDATE accounts SET username = '{username}' WHERE id = {account}")
    assert (await case.settled()).exit_code == 0
    after = await people_of_files(case)
    assert {code: who for code, (who, _) in after.items()} == {code: who for code, (who, _) in before.items()}
    assert {name for _, name in after.values()} == {f"other (Fansly) ({one})", "one (Fansly)"}


async def test_an_alias_that_a_user_took_away_stays_away(case: Case) -> None:
    """The username is offered as an alias once; a user who takes it away keeps it away."""
    await renamed(case)
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        performer.alias_list = []
        await store.flush()
    await case.settled()
    assert case.inputs("performerUpdate") == []


async def test_one_performer_for_two_accounts(case: Case) -> None:
    """A performer to which a user gave the names of two accounts is both, also when the second comes later."""
    await renamed(case)
    async with case.stash() as store:
        (performer,) = await store.find(Performer)
        performer.alias_list = [*performer.alias_list, "second"]
        await store.flush()
    await renamed(case, username="second", displayName="Another Name")
    assert case.inputs("performerCreate") == []
