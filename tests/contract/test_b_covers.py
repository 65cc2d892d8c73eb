"""Fact B29 at length: which image is a gallery's cover, and what becomes of the choice; B27 of images with several files."""

from __future__ import annotations

from datetime import datetime

import pytest

from .media import jpeg, unique


async def _pictures(server, *names, content=None):
    """The ids of new images by the names of their files; those of the same content are one image."""
    folder = server.folder()
    shared = content or {}
    for name in names:
        (folder / name).write_bytes(shared.get(name) or jpeg())
        await server.scan(folder)  # one by one, so that the first is the primary file
    found = await server.images(folder, "visual_files { ... on BaseFile { path } }")
    return {file["path"].rpartition("/")[2]: image["id"] for image in found for file in image["visual_files"]}


async def _gallery(server, *images):
    gallery = await server.create("gallery", title=unique())
    await _change(server, "add", gallery, images)
    return gallery


async def _change(server, verb, gallery, images):
    kind = {"add": "Add", "remove": "Remove"}[verb]
    document = f"mutation($i: Gallery{kind}Input!) {{ {verb}GalleryImages(input: $i) }}"
    await server.data(document, {"i": {"gallery_id": gallery, "image_ids": list(images)}})


async def _choose(server, gallery, image):
    document = "mutation($g: ID!, $i: ID!) { setGalleryCover(input: {gallery_id: $g, cover_image_id: $i}) }"
    await server.data(document, {"g": gallery, "i": image})


async def _cover(server, gallery):
    return ((await server.show("gallery", gallery, "cover { id }"))["cover"] or {}).get("id")


@pytest.mark.parametrize(
    "name", ["zz_cover.jpg", "POSTER.JPG", "my Folder.jpeg", "dashboard.jpg", "zcover._.jpeg"]
)
async def test_a_file_named_like_a_cover(server, name):
    """A name that ends in poster, cover, folder or board before its extension is a cover's, in any case."""
    images = await _pictures(server, "00.jpg", name)
    is_named = name != "zcover._.jpeg"
    assert (
        await _cover(server, await _gallery(server, *images.values()))
        == images[name if is_named else "00.jpg"]
    )


async def test_the_first_of_several_named_covers(server):
    """Of several named like a cover it is the first in path order."""
    images = await _pictures(server, "b_cover.jpg", "a10_cover.jpg", "a9_Cover.jpg")
    assert await _cover(server, await _gallery(server, *images.values())) == images["a9_Cover.jpg"]


async def test_any_file_of_an_image_may_be_named_so(server):
    """An image whose second file is named like a cover is the cover."""
    same = jpeg()
    images = await _pictures(
        server, "00.jpg", "z.jpg", "z_cover.jpg", content={"z.jpg": same, "z_cover.jpg": same}
    )
    assert images["z.jpg"] == images["z_cover.jpg"]
    assert await _cover(server, await _gallery(server, images["00.jpg"], images["z.jpg"])) == images["z.jpg"]


async def test_a_chosen_cover_goes_before_a_named_one(server):
    """What somebody chose is the cover, whatever others are called."""
    images = await _pictures(server, "00.jpg", "cover.jpg", "z.jpg")
    gallery = await _gallery(server, *images.values())
    await _choose(server, gallery, images["z.jpg"])
    assert await _cover(server, gallery) == images["z.jpg"]


async def test_a_choice_outlives_other_links(server):
    """The choice stays while images join and leave, and where the cover is added again or leaves another gallery."""
    first, cover, more = await server.pictures(3)
    gallery, other = await _gallery(server, first, cover), await _gallery(server, cover)
    await _choose(server, gallery, cover)
    await _change(server, "add", gallery, [more, cover])
    await _change(server, "remove", gallery, [more])
    await server.update("image", first, gallery_ids=[])
    document = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    for mode in ("REMOVE", "ADD"):
        await server.data(document, {"i": {"ids": [cover], "gallery_ids": {"ids": [other], "mode": mode}}})
    await _change(server, "add", gallery, [first])
    assert await _cover(server, gallery) == cover


async def test_a_choice_goes_where_the_galleries_of_the_image_are_set(server):
    """Setting the galleries of an image, be they the same, takes its being chosen away from all of them."""
    first, cover = await server.pictures(2)
    bulk = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    for is_bulk in (False, True):
        gallery = await _gallery(server, first, cover)
        await _choose(server, gallery, cover)
        galleries = [
            one["id"] for one in (await server.show("image", cover, "galleries { id }"))["galleries"]
        ]
        if is_bulk:
            given = {"ids": [cover], "gallery_ids": {"ids": galleries, "mode": "SET"}}
            await server.data(bulk, {"i": given})
        else:
            await server.update("image", cover, gallery_ids=galleries)
        assert await _cover(server, gallery) == first


async def test_a_choice_goes_with_its_link(server):
    """A cover that leaves the gallery is the cover no more, and not again when it comes back."""
    first, cover = await server.pictures(2)
    gallery = await _gallery(server, first, cover)
    await _choose(server, gallery, cover)
    await _change(server, "remove", gallery, [cover])
    assert await _cover(server, gallery) == first
    await _change(server, "add", gallery, [cover])
    assert await _cover(server, gallery) == first


async def test_each_gallery_has_its_own_choice(server):
    """One image may be the cover of one gallery and not of another; a list of galleries says the same."""
    first, second = await server.pictures(2)
    one, other = await _gallery(server, first, second), await _gallery(server, first, second)
    await _choose(server, one, second)
    document = "query($i: [ID!]) { findGalleries(ids: $i) { galleries { id cover { id } } } }"
    found = (await server.data(document, {"i": [one, other]}))["findGalleries"]["galleries"]
    assert {row["id"]: row["cover"]["id"] for row in found} == {one: second, other: first}


async def test_the_address_of_a_cover(server):
    """`paths.cover` ends in the time of the gallery's last change; there is one without an image too."""
    [image] = await server.pictures(1)
    for gallery in (await _gallery(server, image), await server.create("gallery", title=unique())):
        shown = await server.show("gallery", gallery, "updated_at paths { cover preview }")
        changed = int(datetime.fromisoformat(shown["updated_at"]).timestamp())
        assert shown["paths"]["cover"].endswith(f"/gallery/{gallery}/cover?t={changed}")
        assert shown["paths"]["preview"].endswith(f"/gallery/{gallery}/preview")


async def test_the_place_of_an_image_with_two_files(server):
    """B27: an image with a further file of an earlier name stands where its first one does."""
    same = jpeg()
    images = await _pictures(server, "m.jpg", "f.jpg", "a.jpg", content={"m.jpg": same, "a.jpg": same})
    assert images["m.jpg"] == images["a.jpg"]
    gallery = await _gallery(server, images["m.jpg"], images["f.jpg"])
    shown = await server.show("gallery", gallery, "i0: image(index: 0) { id } i1: image(index: 1) { id }")
    assert [shown["i0"]["id"], shown["i1"]["id"]] == [images["f.jpg"], images["m.jpg"]]
