"""People, studios and tags by whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Image, Performer, Studio, Tag

from metadata.models import Hashtag, PostHashtag
from stash.demo.files import jpeg
from tests.mapping.conftest import little_case

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case


async def tags_of_the_picture(case: Case) -> set[str]:
    """What the one picture is tagged with."""
    async with case.stash() as store:
        (image,) = await store.find(Image)
        return {tag.name for tag in image.tags}


async def tagged(case: Case, *hashtags: str) -> None:
    """A post with one picture and these hashtags."""
    anna = case.rows.account(username="anna")
    case.rows.tag(case.post(anna, case.picture(anna)), *hashtags)
    await case.save()


@pytest.mark.parametrize(
    ("standing", "second"),
    [
        (["two words"], "two_words (hashtag)"),
        (["Two-Words"], "two_words (hashtag)"),
        (["two words", "two-words (hashtag)"], "two_words (hashtag 2)"),
    ],
)
async def test_a_tag_that_stash_refuses_gets_a_second_name(
    case: Case, standing: list[str], second: str
) -> None:
    """Where Stash takes a hashtag for another tag's name, the tag is made under a second name, once."""
    await tagged(case, "two_words")
    async with case.stash() as store:
        for name in standing:
            await store.create(Tag, name=name)
    report = await case.settled()
    assert report.exit_code == 0
    assert [one["name"] for one in case.inputs("tagCreate")] == [second]
    assert await tags_of_the_picture(case) == {second}


async def test_a_second_name_is_found_again_without_a_journal(case: Case) -> None:
    """A tag under its second name is the hashtag's, also for whom nothing is remembered, and with the first name free again."""
    await tagged(case, "two_words")
    async with case.stash() as store:
        await store.create(Tag, name="two_words (hashtag)")
    await case.settled()
    assert case.inputs("tagCreate") == []
    assert await tags_of_the_picture(case) == {"two_words (hashtag)"}


async def test_hashtags_that_are_like_one_another(case: Case) -> None:
    """Hashtags of one post that Stash takes for one another end as as many tags, whatever their order."""
    await tagged(case, "axb", "a_b", "ayb", "a__", "élan", "日本", "😀_😀", "100")
    report = await case.settled()
    assert report.exit_code == 0
    assert len(await tags_of_the_picture(case)) == 8


async def test_an_existing_tag_is_taken_by_name_or_alias_exactly(case: Case) -> None:
    """An alias is a tag's, ignoring case; a longer word is another one."""
    await tagged(case, "act", "ass")
    async with case.stash() as store:
        await store.create(Tag, name="Performance", aliases=["ACT"])
        await store.create(Tag, name="glass", aliases=["grass"])
    await case.settled()
    assert [one["name"] for one in case.inputs("tagCreate")] == ["ass"]
    assert await tags_of_the_picture(case) == {"Performance", "ass"}


async def test_a_studio_that_stash_refuses_gets_a_second_name(case: Case) -> None:
    """`g_x` beside `gyx`: the studio's second name ends in the account id; it is found again, and follows a rename."""
    creator = case.rows.account(username="g_x")
    case.post(creator, case.picture(creator))
    await case.save()
    async with case.stash() as store:
        await store.create(Studio, name="gyx (Fansly)")
    report = await case.settled()
    assert report.exit_code == 0
    names = [one["name"] for one in case.inputs("studioCreate")]
    assert names == ["Fansly (network)", f"g_x (Fansly) ({creator.id})"]
    await case.execute("UPDATE accounts SET username = 'plain'")
    await case.settled()
    assert [one["name"] for one in case.inputs("studioUpdate")] == ["plain (Fansly)"]


@pytest.mark.parametrize(
    ("display_name", "standing", "expected"),
    [
        ("Anna", [], ("Anna", "")),
        ("Anna", [("Anna", "")], ("Anna", "anna_1")),
        ("Ann_", [("Anna", "")], ("Ann_", "anna_1")),
        ("Anna", [("Anna", ""), ("anna", "annax1")], ("Anna", "anna_1 {id}")),
        ("100%", [("100 reasons", "")], ("100%", "anna_1")),
        ("   ", [], ("anna_1", "")),
        (None, [], ("anna_1", "")),
        ("💋", [], ("💋", "")),
        ("Anna \"The 'Best'\" _%", [], ("Anna \"The 'Best'\" _%", "")),
    ],
)
async def test_a_new_performer(
    case: Case,
    display_name: str | None,
    standing: list[tuple[str, str]],
    expected: tuple[str, str],
) -> None:
    """The display name, unless it is blank; behind it, where Stash takes it for somebody else's, username or account id."""
    creator = case.rows.account(username="anna_1", displayName=display_name)
    case.post(creator, case.picture(creator))
    await case.save()
    async with case.stash() as store:
        for name, behind in standing:
            other = f"https://fansly.com/other{behind}"
            await store.create(Performer, name=name, disambiguation=behind, urls=[other])
    report = await case.settled()
    assert report.exit_code == 0
    (made,) = case.inputs("performerCreate")
    assert (made["name"], made.get("disambiguation", "")) == (
        expected[0],
        expected[1].format(id=creator.id),
    )
    assert made["alias_list"] == ([] if expected[0] == "anna_1" else ["anna_1"])


@pytest.mark.parametrize("username", ["anna", "ANNA", "Anna"])
async def test_an_alias_equal_to_the_name_is_none(case: Case, username: str) -> None:
    """A username that is the display name in another case is no alias: Stash would refuse it."""
    creator = case.rows.account(username=username, displayName="anna")
    case.post(creator, case.picture(creator))
    await case.save()
    assert (await case.settled()).exit_code == 0
    assert case.inputs("performerCreate")[0]["alias_list"] == []


async def test_two_accounts_with_one_display_name(case: Case) -> None:
    """They are two performers, each with its own files."""
    for username in ("first", "second"):
        creator = case.rows.account(username=username, displayName="Same Name")
        case.post(creator, case.picture(creator))
    await case.save()
    assert (await case.settled()).exit_code == 0
    async with case.stash() as store:
        people = {one.id: one for image in await store.find(Image) for one in image.performers}
    assert {(one.name, one.disambiguation or "") for one in people.values()} == {
        ("Same Name", ""),
        ("Same Name", "second"),
    }


async def test_an_alias_is_never_a_part_of_another(case: Case) -> None:
    """`anna` is neither `annabelle`, nor `anna_x`, nor whoever has such an alias or such a url."""
    creator = case.rows.account(username="anna", displayName="anna")
    case.post(creator, case.picture(creator))
    await case.save()
    async with case.stash() as store:
        await store.create(Performer, name="annabelle", alias_list=["anna_x"])
        await store.create(Performer, name="Somebody", urls=["https://fansly.com/anna2"])
    await case.settled()
    assert len(case.inputs("performerCreate")) == 1


_NAME = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(str.strip)
_LIKE = st.text(alphabet="aAbB_%é😀", min_size=1, max_size=4)


@settings(max_examples=12, deadline=None)
@given(
    people=st.lists(st.tuples(_LIKE | _NAME, st.none() | _LIKE | _NAME), min_size=1, max_size=4),
    hashtags=st.lists(st.text(alphabet="ab_é日", min_size=1, max_size=3), max_size=6),
    text=st.text(max_size=200),
)
async def test_whatever_they_are_called(
    people: list[tuple[str, str | None]], hashtags: list[str], text: str
) -> None:
    """Any names, hashtags and texts are synced without a failure, one performer an account, and the second run is silent."""
    with little_case() as case:
        wanted = {username.casefold(): (username, name) for username, name in people}
        for username, name in wanted.values():
            creator = case.rows.account(username=username, displayName=name)
            media = case.rows.media(creator)
            place = case.downloads / "Collections" / media.local_filename
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(jpeg(str(media.id)))
            post = case.post(creator, media, content=text)
            for hashtag in dict.fromkeys(hashtags):
                case.rows.tag(post, hashtag)
        report = await save_and_settle(case)
        assert report.exit_code == 0, (report.skipped, report.unmatched)
        async with case.stash() as store:
            images = await store.find(Image)
            assert len({one.id for image in images for one in image.performers}) == len(wanted)
            assert all(len(image.performers) == 1 for image in images)
            assert {len(image.tags) for image in images} == {len(set(hashtags))}


async def save_and_settle(case: Case) -> Report:
    """Both; hashtags are in the database once, as the downloader keeps them."""
    tags = [row for row in case.rows.rows if isinstance(row, Hashtag)]
    first = {row.value: row.id for row in reversed(tags)}
    ids = {row.id: first[row.value] for row in tags}
    case.rows.rows = [
        row for row in case.rows.rows if not isinstance(row, Hashtag) or first[row.value] == row.id
    ]
    for row in case.rows.rows:
        if isinstance(row, PostHashtag):
            row.hashtagId = ids[row.hashtagId]
    await case.save()
    return await case.settled()
