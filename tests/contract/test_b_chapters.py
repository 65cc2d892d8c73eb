"""Facts B30 to B32: chapters."""

from __future__ import annotations

from .media import unique


async def _gallery(server, images):
    gallery = await server.create("gallery", title=unique())
    await _change(server, "add", gallery, images)
    return gallery


async def _change(server, what, gallery, images):
    document = (
        f"mutation($g: ID!, $i: [ID!]!) {{ {what}GalleryImages(input: {{gallery_id: $g, image_ids: $i}}) }}"
    )
    await server.data(document, {"g": gallery, "i": images})


async def _chapter(server, gallery, index, title="c"):
    document = (
        "mutation($g: ID!, $t: String!, $i: Int!) "
        "{ it: galleryChapterCreate(input: {gallery_id: $g, title: $t, image_index: $i}) { id title image_index } }"
    )
    return await server.query(document, {"g": gallery, "t": title, "i": index})


async def test_b30_chapter_index(server):
    """B30: a chapter's index is 1 to the number of images; equal indexes and titles, and empty titles, are taken."""
    images = await server.pictures(2)
    gallery = await _gallery(server, [])
    refusal = "Image # must greater than zero and in range of the gallery images"
    assert (await _chapter(server, gallery, 1))["errors"][0]["message"] == refusal
    await _change(server, "add", gallery, images)
    for index in (0, -1, 3):
        assert (await _chapter(server, gallery, index))["errors"][0]["message"] == refusal
    for title in ("c", "c", ""):
        made = (await _chapter(server, gallery, 2, title))["data"]["it"]
        assert (made["title"], made["image_index"]) == (title, 2)
    assert len((await server.show("gallery", gallery, "chapters { id }"))["chapters"]) == 3


async def test_b31_index_as_a_text(server):
    """B31: an Int may come as a text of digits; other texts and fractions are refused with 400."""
    images = await server.pictures(2)
    gallery = await _gallery(server, images)
    made = (await _chapter(server, gallery, "2"))["data"]["it"]
    document = "mutation($c: ID!, $i: Int) { galleryChapterUpdate(input: {id: $c, image_index: $i}) { image_index } }"
    changed = await server.data(document, {"c": made["id"], "i": "1"})
    assert changed["galleryChapterUpdate"] == {"image_index": 1}
    for index in ("x", 2.0, 2.5):
        assert (await server.post(document, {"c": made["id"], "i": index})).status_code == 400


async def test_b32_chapters_do_not_follow_images(server):
    """B32: removing images leaves a chapter's index as it is."""
    images = await server.pictures(3)
    gallery = await _gallery(server, images)
    await _chapter(server, gallery, 3)
    await _change(server, "remove", gallery, images[1:])
    assert (await server.show("gallery", gallery, "chapters { image_index }"))["chapters"] == [
        {"image_index": 3}
    ]


async def test_b32_chapter_update_and_destroy(server):
    """B30: a chapter changes what is mentioned, within the range; destroyed, it is gone."""
    images = await server.pictures(2)
    gallery = await _gallery(server, images)
    chapter = (await _chapter(server, gallery, 2))["data"]["it"]["id"]
    document = "mutation($i: GalleryChapterUpdateInput!) { it: galleryChapterUpdate(input: $i) { title image_index } }"
    changed = await server.data(document, {"i": {"id": chapter, "title": " new "}})
    assert changed["it"] == {"title": "new", "image_index": 2}
    assert "Image #" in await server.refusal(document, {"i": {"id": chapter, "image_index": 3}})
    assert await server.refusal(document, {"i": {"id": "99999999", "title": "x"}}) == (
        "gallery chapter with id 99999999 not found"
    )
    assert (await server.data("mutation($c: ID!) { galleryChapterDestroy(id: $c) }", {"c": chapter})) == {
        "galleryChapterDestroy": True
    }
    assert (await server.show("gallery", gallery, "chapters { id }"))["chapters"] == []
