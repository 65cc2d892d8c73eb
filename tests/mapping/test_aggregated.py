"""Aggregated posts and walls become chapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image

from metadata.models import Wall, WallPost
from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.mapping.contents import galleries
from tests.metadata.factories import moment

if TYPE_CHECKING:
    from tests.mapping.conftest import Case


async def chapters(case: Case, code: object) -> list[tuple[str, int]]:
    """The chapters of a gallery, by their places."""
    found = (await galleries(case))[str(code)].chapters
    return sorted(((one.title, one.image_index) for one in found), key=lambda one: one[1])


async def test_aggregated_posts_are_chapters(case: Case) -> None:
    """Chapters stand at the place of their post's first image, and are moved when images come before it."""
    anna = case.rows.account(username="anna")
    own = case.picture(anna, local_filename="b.jpeg")
    inner = [
        case.post(
            anna,
            *(case.picture(anna, local_filename=f"{name}{n}.jpeg") for n in (2, 1)),
            content=f"The carried post {name}",
            createdAt=moment(-9),
        )
        for name in ("d", "c")
    ]
    outer = case.rows.post(anna, case.rows.offered(own), *inner, content="It carries others")
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post c", 3), ("The carried post d", 5)]
    first = case.picture(anna, local_filename="a.jpeg")
    case.rows.attach(outer, case.rows.offered(first), pos=9)
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post c", 4), ("The carried post d", 6)]
    assert case.inputs("galleryChapterCreate") == []


async def test_chapters_of_one_title_without_a_journal(case: Case) -> None:
    """Two chapters of one title are two, also for whom nothing is remembered: none is made again, none is moved."""
    anna = case.rows.account(username="anna")
    inner = [case.post(anna, case.picture(anna), content="", createdAt=moment(-9)) for _ in range(2)]
    outer = case.rows.post(anna, *inner)
    await case.save()
    await case.settled()
    before = await chapters(case, outer.id)
    assert [place for _, place in before] == [1, 2]
    await case.execute("DELETE FROM sync_entity", "DELETE FROM sync_part")
    await case.settled()
    assert case.inputs("galleryChapterCreate") == case.inputs("galleryChapterUpdate") == []
    assert await chapters(case, outer.id) == before


async def test_posts_that_carry_one_another(case: Case) -> None:
    """A cycle ends: each of the posts has one gallery with the media of both."""
    anna = case.rows.account(username="anna")
    one, other = (case.post(anna, case.picture(anna)) for _ in range(2))
    case.rows.attach(one, other, pos=1)
    case.rows.attach(other, one, pos=1)
    await case.save()
    await case.settled()
    found = await galleries(case)
    assert {code: gallery.image_count for code, gallery in found.items()} == {
        str(one.id): 2,
        str(other.id): 2,
    }


def wall_of(case: Case, owner: Any, *posts: Any, **values: Any) -> Any:
    """A wall with these posts."""
    wall = case.rows.add(Wall(accountId=owner.id, **{"id": 700, "pos": 0} | values))
    for post in posts:
        case.rows.add(WallPost(wallId=wall.id, postId=post.id))
    return wall


@pytest.mark.parametrize(
    ("name", "title"),
    [("Best of", "Best of"), ("", "anna - 2025/01/01"), (None, "anna - 2025/01/01")],
)
async def test_a_wall(case: Case, name: str | None, title: str) -> None:
    """Wall: a gallery with one chapter a post; its files stay what their posts made them."""
    anna = case.rows.account(username="anna")
    posts = [
        case.post(
            anna,
            case.picture(anna, local_filename=f"{n}.jpeg"),
            case.picture(anna, local_filename=f"{n}x.jpeg"),
            content=f"The post number {n}",
            createdAt=moment(9 - n),
        )
        for n in (1, 2)
    ]
    text_only = case.rows.post(anna)
    wall = wall_of(case, anna, *posts, text_only, name=name, description="About it", createdAt=moment(0))
    await case.save()
    report = await case.settled()
    assert report.exit_code == 0
    gallery = (await galleries(case))[str(wall.id)]
    assert (gallery.title, gallery.details, gallery.urls) == (title, "About it", [])
    assert gallery.cover.visual_files == gallery.cover.visual_files
    assert gallery.image_count == 4
    assert await chapters(case, wall.id) == [("The post number 1", 1), ("The post number 2", 3)]
    async with case.stash() as store:
        for image in await store.find(Image):
            assert image.title.startswith("The post number")
            assert len(image.galleries) == 2


async def test_a_post_that_leaves_a_wall(case: Case) -> None:
    """A post that the source took off a wall leaves its gallery with its chapter, stays in its own, and may come back."""
    anna = case.rows.account(username="anna")
    posts = [case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("the one", "another")]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" = {posts[0].id}')
    await case.settled()
    assert await chapters(case, wall.id) == [("The text of another", 1)]
    found = await galleries(case)
    assert {code: one.image_count for code, one in found.items()} == {
        str(wall.id): 1,
        **{str(post.id): 1 for post in posts},
    }
    await case.execute(f"INSERT INTO wall_posts VALUES ({wall.id}, {posts[0].id})")
    await case.settled()
    assert await chapters(case, wall.id) == [("The text of the one", 1), ("The text of another", 2)]


async def test_a_chapter_that_was_taken_out_comes_back_with_undo(case: Case) -> None:
    """Undo of a run that took a chapter out makes it again, at its place."""
    anna = case.rows.account(username="anna")
    posts = [case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("first", "second")]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    before = await chapters(case, wall.id)
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" = {posts[0].id}')
    await case.sync()
    assert len(await chapters(case, wall.id)) == 1
    options = SyncOptions(server=case.server.prefix)
    _, report = await undo(case.settings(), "last", options, transport=case.server.transport)
    assert report.exit_code == 0
    assert await chapters(case, wall.id) == before


async def test_a_chapter_that_a_user_renamed_stays(case: Case) -> None:
    """A chapter whose post left the wall is the user's once it has a title of theirs; a dry run plans, and takes nothing."""
    anna = case.rows.account(username="anna")
    posts = [
        case.post(anna, case.picture(anna), content=f"The text of {n}") for n in ("first", "second", "third")
    ]
    wall = wall_of(case, anna, *posts, name="Main wall")
    await case.save()
    await case.settled()
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(wall.id))
        next(one for one in gallery.chapters if one.title.endswith("first")).title = "My own"
        await store.flush()
    await case.execute(f'DELETE FROM wall_posts WHERE "postId" IN ({posts[0].id}, {posts[1].id})')
    plan = (await case.sync(dry_run=True)).plan
    assert [one.before for one in plan if one.type == "GalleryChapter" and one.field == "id"] == [
        "The text of second"
    ]
    await case.settled()
    assert await chapters(case, wall.id) == [("My own", 1), ("The text of third", 1)]
