"""Hashtags meet the tags of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Tag

from tests.mapping.conflicts import of_the_picture, posted

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


@pytest.mark.parametrize(
    ("hashtags", "count"),
    [
        (["maße", "masse"], 2),
        (["élan", "Élan"], 1),
        (["ﬁt", "fit"], 2),
        (["ﾌ", "フ"], 2),
        (["οδος", "οδοσ"], 2),
    ],
)
async def test_hashtags_are_told_apart_as_stash_tells_tags(
    case: Case, hashtags: list[str], count: int
) -> None:
    """Two hashtags are two tags, but for their case, in which tags are lower."""
    await posted(case, "anna", None, *hashtags)
    assert (await case.settled()).exit_code == 0
    assert len((await of_the_picture(case)).tags) == count


@pytest.mark.parametrize(
    ("hashtag", "standing", "is_adopted"),
    [
        ("red", {"name": "RED"}, True),
        ("red", {"name": "Colour", "aliases": ["Red"]}, True),
        ("masse", {"name": "maße"}, False),
        ("élan", {"name": "ÉLAN"}, False),
        ("k", {"name": "\u212a"}, False),
        ("straße", {"name": "Road", "aliases": ["STRASSE"]}, False),
    ],
)
async def test_a_tag(case: Case, hashtag: str, standing: dict[str, Any], *, is_adopted: bool) -> None:
    """A tag is taken by name or alias where Stash would refuse another one, and nowhere else."""
    await posted(case, "anna", None, hashtag)
    async with case.stash() as store:
        await store.create(Tag, **standing)
    assert (await case.settled()).exit_code == 0
    assert (case.inputs("tagCreate") == []) is is_adopted
