"""Chapters stand where their posts' images do, whoever moves these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, Image

from stash import jobs
from stash.demo.files import jpeg
from tests.mapping.test_aggregated import chapters
from tests.metadata.factories import moment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case


async def carrying(case: Case) -> Any:
    """A post with a picture that carries another with one, synced; the carried one's comes first."""
    anna = case.rows.account(username="anna")
    carried = case.picture(anna, local_filename="b.jpeg")
    inner = case.post(anna, carried, content="The carried post", createdAt=moment(-9))
    outer = case.rows.post(anna, case.rows.offered(case.picture(anna, local_filename="c.jpeg")), inner)
    await case.save()
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", 1)]
    return outer


def picture(path: Path) -> Path:
    """A picture of the user's in this place; its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(jpeg("mine"))
    return path.parent


async def test_an_image_that_a_user_adds_moves_the_chapters(everywhere: Case) -> None:
    """An image of the user's that comes first in our gallery moves its chapter; taken out again, it moves back."""
    case = everywhere
    outer = await carrying(case)
    folder = picture(case.server.library / f"{case.server.prefix}_a" / "mine.jpeg")
    async with case.stash() as store:
        await jobs.scan(store.connection, [str(folder)], 60)
    for is_in, place in ((True, 2), (False, 1)):
        async with case.stash() as store:
            image = await store.find_one(Image, path__contains=f"/{folder.name}/")
            gallery = await store.find_one(Gallery, code=str(outer.id))
            await (image.add_to_gallery(gallery) if is_in else image.remove_from_gallery(gallery))
            await store.flush()
        report = await case.settled()
        assert report.header.requests["mutations"] == 1
        assert await chapters(case, outer.id) == [("The carried post", place)]


async def test_a_gallery_that_is_made_again_has_its_chapters(everywhere: Case) -> None:
    """A gallery that was deleted with its chapters is made again with them where that is asked for, and not unasked."""
    case = everywhere
    outer = await carrying(case)
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(outer.id))
        destroy = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
        assert not (await store.connection.mutate(destroy, {"ids": [gallery.id]}, fields=1)).errors
    await case.settled()
    async with case.stash() as store:
        assert await store.find_one(Gallery, code=str(outer.id)) is None
    await case.sync(recreate=True)
    assert await chapters(case, outer.id) == [("The carried post", 1)]
    await case.settled()
    assert await chapters(case, outer.id) == [("The carried post", 1)]
