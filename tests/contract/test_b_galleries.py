"""Facts B20 to B29 and B33: bulk updates, and what galleries hold."""

from __future__ import annotations

import pytest

from .media import jpeg, unique


async def _gallery(server, **fields):
    return await server.create("gallery", title=unique(), **fields)


async def _add(server, gallery, images):
    document = "mutation($g: ID!, $i: [ID!]!) { addGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
    return await server.query(document, {"g": gallery, "i": images})


async def _remove(server, gallery, images):
    document = "mutation($g: ID!, $i: [ID!]!) { removeGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
    return await server.query(document, {"g": gallery, "i": images})


async def test_b20_bulk_add(server):
    """B20: bulkImageUpdate adds a tag, a performer and a gallery, and keeps what is there."""
    images = await server.pictures(2)
    old, new = [await server.create("tag", name=unique()) for _ in range(2)]
    performer = await server.create("performer", name=unique())
    gallery = await _gallery(server)
    await server.update("image", images[0], tag_ids=[old])
    document = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    given = {
        "ids": images,
        "tag_ids": {"ids": [new], "mode": "ADD"},
        "performer_ids": {"ids": [performer], "mode": "ADD"},
        "gallery_ids": {"ids": [gallery], "mode": "ADD"},
    }
    assert (await server.data(document, {"i": given}))["bulkImageUpdate"] == [
        {"id": image} for image in images
    ]
    shown = await server.show("image", images[0], "tags { id } performers { id } galleries { id }")
    assert {tag["id"] for tag in shown["tags"]} == {old, new}
    assert shown["performers"] == [{"id": performer}]
    assert shown["galleries"] == [{"id": gallery}]


async def test_b21_texts_are_trimmed(server):
    """B21: texts lose the white space around them, urls and aliases too; empty and double urls stay, in order."""
    gallery = await server.create(
        "gallery",
        title=" t\n",
        code="\tc ",
        details=" d \n",
        photographer=" p ",
        urls=[" https://a ", "", "https://a"],
    )
    fields = "title code details photographer urls"
    assert await server.show("gallery", gallery, fields) == {
        "title": "t",
        "code": "c",
        "details": "d",
        "photographer": "p",
        "urls": ["https://a", "", "https://a"],
    }
    await server.update("gallery", gallery, code=" c2 ", urls=[" https://b ", "", "https://b"])
    assert await server.show("gallery", gallery, "code urls") == {
        "code": "c2",
        "urls": ["https://b", "", "https://b"],
    }
    performer = await server.create("performer", name=f" {unique()} ", alias_list=[" al "])
    shown = await server.show("performer", performer, "name alias_list")
    assert shown == {"name": shown["name"].strip(), "alias_list": ["al"]}


async def test_b22_bulk_is_one_transaction(server):
    """B22: an unknown id fails a bulk update and nothing changes; SET of nothing clears; urls ADD does not repeat."""
    tag = await server.create("tag", name=unique())
    galleries = [await _gallery(server, tag_ids=[tag], urls=["https://a"]) for _ in range(2)]
    document = (
        "mutation($i: BulkGalleryUpdateInput!) { bulkGalleryUpdate(input: $i) { tags { id } urls code } }"
    )
    assert await server.refusal(document, {"i": {"ids": [*galleries, "99999999"], "code": "x"}})
    assert (await server.show("gallery", galleries[0], "code"))["code"] == ""
    given = {
        "ids": galleries,
        "code": "x",
        "tag_ids": {"ids": [], "mode": "SET"},
        "urls": {"values": ["https://a", "https://b"], "mode": "ADD"},
    }
    expected = {"tags": [], "urls": ["https://a", "https://b"], "code": "x"}
    assert (await server.data(document, {"i": given}))["bulkGalleryUpdate"] == [expected, expected]


async def test_b24_gallery_ids_of_an_image_replace(server):
    """B24: imageUpdate with gallery_ids leaves the image in those alone."""
    [image] = await server.pictures(1)
    first, second = await _gallery(server), await _gallery(server)
    await _add(server, first, [image])
    await server.update("image", image, gallery_ids=[second])
    assert (await server.show("image", image, "galleries { id }"))["galleries"] == [{"id": second}]


async def test_b25_adding_twice_is_harmless(server):
    """B25: adding an image again changes nothing; an unknown one fails the call, as does an unknown gallery."""
    images = await server.pictures(2)
    gallery = await _gallery(server)
    for _ in range(2):
        assert await _add(server, gallery, images[:1]) == {"data": {"addGalleryImages": True}}
    assert (
        "FOREIGN KEY constraint failed"
        in (await _add(server, gallery, [images[1], "99999999"]))["errors"][0]["message"]
    )
    assert (await server.show("gallery", gallery, "image_count"))["image_count"] == 1
    reply = await _add(server, "99999999", images)
    assert reply["errors"] == [
        {"message": "gallery with id 99999999 not found", "path": ["addGalleryImages"]}
    ]
    assert reply["data"] is None


async def test_b25_removing(server):
    """B25: removing takes images out; one that is not in it is no error."""
    images = await server.pictures(2)
    gallery = await _gallery(server)
    await _add(server, gallery, images[:1])
    assert await _remove(server, gallery, images) == {"data": {"removeGalleryImages": True}}
    assert (await server.show("gallery", gallery, "image_count"))["image_count"] == 0


async def test_b27_images_stand_in_path_order(server):
    """B27: the order is that of the paths, natural and without case, folder and name joined without a separator."""
    folder = server.folder()
    (folder / "sub").mkdir()
    names = ["image10.jpg", "image2.jpg", "Image3.jpg", "zz.jpg", "sub/a.jpg", "image1.jpg"]
    for name in names:
        (folder / name).write_bytes(jpeg())
    await server.scan(folder)
    fields = "visual_files { ... on ImageFile { path } }"
    images = await server.images(folder, fields)
    shown = [image["visual_files"][0]["path"].removeprefix(f"{folder}/") for image in images]
    assert shown == ["sub/a.jpg", "image1.jpg", "image2.jpg", "Image3.jpg", "image10.jpg", "zz.jpg"]
    gallery = await _gallery(server)
    await _add(server, gallery, [image["id"] for image in reversed(images)])
    aliases = " ".join(f"i{index}: image(index: {index}) {{ id }}" for index in range(6))
    placed = await server.show("gallery", gallery, aliases)
    assert [placed[f"i{index}"]["id"] for index in range(6)] == [image["id"] for image in images]


@pytest.mark.parametrize("index", [-1, 1])
async def test_b28_image_out_of_range(server, index):
    """B28: gallery.image counts from 0; outside, there is an error and the whole gallery is null."""
    images = await server.pictures(1)
    gallery = await _gallery(server)
    await _add(server, gallery, images)
    reply = await server.query(f'{{ findGallery(id: "{gallery}") {{ id image(index: {index}) {{ id }} }} }}')
    assert reply["data"] == {"findGallery": None}
    assert reply["errors"][0]["path"] == ["findGallery", "image"]
    assert reply["errors"][0]["message"] == (
        "index must >= 0" if index < 0 else "the requested element is null which the schema does not allow"
    )


async def _set_cover(server, gallery, image):
    document = "mutation($g: ID!, $i: ID!) { setGalleryCover(input: {gallery_id: $g, cover_image_id: $i}) }"
    return (await server.data(document, {"g": gallery, "i": image}))["setGalleryCover"]


async def test_b29_cover(server):
    """B29: the first in path order by default; a chosen one; a foreign one loses the choice; reset goes back."""
    images = await server.pictures(4)
    gallery = await _gallery(server)
    await _add(server, gallery, images[:3])

    async def cover():
        return (await server.show("gallery", gallery, "cover { id }"))["cover"]["id"]

    assert await cover() == images[0]
    assert await _set_cover(server, gallery, images[1]) is True
    assert await cover() == images[1]
    assert await _set_cover(server, gallery, images[3]) is True
    assert await cover() == images[0]
    await _set_cover(server, gallery, images[2])
    reset = "mutation($g: ID!) { resetGalleryCover(input: {gallery_id: $g}) }"
    assert (await server.data(reset, {"g": gallery}))["resetGalleryCover"] is True
    assert await cover() == images[0]


async def test_b29_a_file_named_cover_is_the_cover(server):
    """B29: without a choice, a file named cover goes before the first in path order; an empty gallery has none."""
    folder = server.folder()
    for name in ("1.jpg", "cover.jpg"):
        (folder / name).write_bytes(jpeg())
    await server.scan(folder)
    first, named = [image["id"] for image in await server.images(folder)]
    gallery = await _gallery(server)
    assert (await server.show("gallery", gallery, "cover { id }"))["cover"] is None
    await _add(server, gallery, [first, named])
    assert (await server.show("gallery", gallery, "cover { id }"))["cover"] == {"id": named}


async def test_b33_gallery_create(server):
    """B33: a title is needed, but neither it nor code and url need be unique; image_ids do not exist."""
    fields = {"title": unique(), "code": "123", "urls": ["https://x"]}
    assert await server.create("gallery", **fields) != await server.create("gallery", **fields)
    assert await server.refused("gallery", title="") == "title must not be empty"
    reply = await server.post(
        "mutation($i: GalleryCreateInput!) { galleryCreate(input: $i) { id } }",
        {"i": {"title": "x", "image_ids": []}},
    )
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["path"] == ["variable", "i", "image_ids"]


async def test_b33_all_fields_of_a_gallery(server):
    """B33: what galleryCreate takes is read back, but for `organized`, which v0.30.0 ignores."""
    studio = await server.create("studio", name=unique())
    tag = await server.create("tag", name=unique())
    performer = await server.create("performer", name=unique())
    scene = await server.create("scene", title=unique())
    given = {
        "code": "c", "urls": ["https://x", "https://y"], "date": "2024-05-01", "details": "d", "photographer": "p",
        "rating100": 40, "organized": True, "studio_id": studio, "tag_ids": [tag], "performer_ids": [performer],
        "scene_ids": [scene],
    }  # fmt: skip
    gallery = await _gallery(server, **given)
    shown = await server.show(
        "gallery",
        gallery,
        "code url urls date details photographer rating100 organized studio { id } tags { id } performers { id } "
        "scenes { id } image_count chapters { id } folder { id } files { id }",
    )
    assert shown == {
        **{name: given[name] for name in ("code", "urls", "date", "details", "photographer", "rating100")},
        "organized": not await server.oldest(),
        "url": "https://x",
        "studio": {"id": studio},
        "tags": [{"id": tag}],
        "performers": [{"id": performer}],
        "scenes": [{"id": scene}],
        "image_count": 0,
        "chapters": [],
        "folder": None,
        "files": [],
    }
