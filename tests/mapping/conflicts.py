"""Helpers of `test_conflicts.py`, `test_tag_conflicts.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Image

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def posted(case: Case, username: str, name: str | None = None, *hashtags: str) -> Any:
    """A creator with one post with one picture."""
    creator = case.rows.account(username=username, displayName=name)
    post = case.post(creator, case.picture(creator))
    for hashtag in dict.fromkeys(hashtags):
        case.rows.tag(post, hashtag)
    await case.save()
    return creator


async def of_the_picture(case: Case) -> Image:
    """The one image with all that it has."""
    async with case.stash() as store:
        (image,) = await store.find(Image)
        return image
