"""The table below B55: what moves an entity's updated_at, and what does not."""

from __future__ import annotations

import pytest

from .media import jpeg, mp4, unique


class Watch:
    """Notes updated_at of entities, waits for the clock's next second, and tells what moved."""

    def __init__(self, server, **entities):
        self.server = server
        self.entities = entities
        self.noted = {}

    async def _times(self):
        return {
            name: (await self.server.show(name.rstrip("12"), entity, "updated_at"))["updated_at"]
            for name, entity in self.entities.items()
        }

    async def note(self):
        """Note the times; the clock shows another second afterwards."""
        self.noted = await self._times()
        await self.server.next_second(max(self.noted.values()))

    async def moved(self):
        """The names of the entities whose time is another one than noted."""
        return {name for name, time in (await self._times()).items() if time != self.noted[name]}


@pytest.fixture
async def world(server):
    """An image in a gallery, a scene, a tag and a performer, watched."""
    [image] = await server.pictures(1)
    gallery = await server.create("gallery", title=unique())
    scene = await server.create("scene", title=unique())
    tag = await server.create("tag", name=unique())
    performer = await server.create("performer", name=unique())
    watch = Watch(server, image=image, gallery=gallery, scene=scene, tag=tag, performer=performer)
    await watch.note()
    return watch


async def test_image_update_moves_it_even_with_nothing(server, world):
    """An imageUpdate moves updated_at, even with nothing but the id."""
    await server.update("image", world.entities["image"])
    assert await world.moved() == {"image"}


async def test_gallery_images(server, world):
    """Both addGalleryImages and removeGalleryImages move the gallery, not the image; also where nothing changes."""
    given = {"g": world.entities["gallery"], "i": [world.entities["image"]]}
    for field in ("addGalleryImages", "removeGalleryImages", "removeGalleryImages"):
        await server.data(
            f"mutation($g: ID!, $i: [ID!]!) {{ {field}(input: {{gallery_id: $g, image_ids: $i}}) }}", given
        )
        assert await world.moved() == {"gallery"}
        await world.note()


async def test_bulk_image_update_of_galleries(server, world):
    """A bulkImageUpdate gallery_ids ADD moves the image each time, the gallery the first time only."""
    document = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    given = {
        "ids": [world.entities["image"]],
        "gallery_ids": {"ids": [world.entities["gallery"]], "mode": "ADD"},
    }
    await server.data(document, {"i": given})
    assert await world.moved() == {"image", "gallery"}
    await world.note()
    await server.data(document, {"i": given})
    assert await world.moved() == {"image"}


async def test_bulk_image_update_of_tags_and_performers(server, world):
    """A bulkImageUpdate of tags and performers moves the image alone."""
    document = "mutation($i: BulkImageUpdateInput!) { bulkImageUpdate(input: $i) { id } }"
    given = {
        "ids": [world.entities["image"]],
        "tag_ids": {"ids": [world.entities["tag"]], "mode": "ADD"},
        "performer_ids": {"ids": [world.entities["performer"]], "mode": "ADD"},
    }
    await server.data(document, {"i": given})
    assert await world.moved() == {"image"}


async def test_gallery_update_of_scenes(server, world):
    """A galleryUpdate scene_ids moves the gallery alone."""
    await server.update("gallery", world.entities["gallery"], scene_ids=[world.entities["scene"]])
    assert await world.moved() == {"gallery"}


async def test_bulk_scene_update_of_galleries(server, world):
    """A bulkSceneUpdate gallery_ids ADD moves the scene, not the gallery."""
    document = "mutation($i: BulkSceneUpdateInput!) { bulkSceneUpdate(input: $i) { id } }"
    given = {
        "ids": [world.entities["scene"]],
        "gallery_ids": {"ids": [world.entities["gallery"]], "mode": "ADD"},
    }
    await server.data(document, {"i": given})
    assert await world.moved() == {"scene"}


async def test_chapters_and_cover(server, world):
    """A new chapter moves nothing, a cover the gallery alone."""
    gallery, image = world.entities["gallery"], world.entities["image"]
    add = "mutation($g: ID!, $i: [ID!]!) { addGalleryImages(input: {gallery_id: $g, image_ids: $i}) }"
    await server.data(add, {"g": gallery, "i": [image]})
    await world.note()
    chapter = 'mutation($g: ID!) { galleryChapterCreate(input: {gallery_id: $g, title: "c", image_index: 1}) { id } }'
    await server.data(chapter, {"g": gallery})
    assert await world.moved() == set()
    cover = "mutation($g: ID!, $i: ID!) { setGalleryCover(input: {gallery_id: $g, cover_image_id: $i}) }"
    await server.data(cover, {"g": gallery, "i": image})
    assert await world.moved() == {"gallery"}


async def test_tags_and_performers_do_not_move_what_has_them(server, world):
    """Renaming or destroying a tag, or changing a performer, leaves images, galleries and scenes as they are."""
    links = {"tag_ids": [world.entities["tag"]], "performer_ids": [world.entities["performer"]]}
    for noun in ("image", "gallery", "scene"):
        await server.update(noun, world.entities[noun], **links)
    await world.note()
    await server.update("tag", world.entities["tag"], name=unique())
    await server.update("performer", world.entities["performer"], details="x")
    assert await world.moved() == {"tag", "performer"}
    await server.data(
        "mutation($id: ID!) { tagDestroy(input: {id: $id}) }", {"id": world.entities.pop("tag")}
    )
    assert await world.moved() == {"performer"}


async def test_counters_move_nothing(server, world):
    """Plays and o-counters leave updated_at as it is."""
    await server.data("mutation($id: ID!) { imageIncrementO(id: $id) }", {"id": world.entities["image"]})
    await server.data(
        "mutation($id: ID!) { sceneAddPlay(id: $id) { count } sceneAddO(id: $id) { count } }",
        {"id": world.entities["scene"]},
    )
    assert await world.moved() == set()


async def test_scanning_a_second_file(server):
    """A second file of the same content moves image and scene; a file that was moved does not."""
    folder = server.folder()
    picture, video = jpeg(), mp4()
    (folder / "a.jpg").write_bytes(picture)
    (folder / "a.mp4").write_bytes(video)
    await server.scan(folder)
    [image], [scene] = await server.images(folder), await server.scenes(folder)
    watch = Watch(server, image=image["id"], scene=scene["id"])
    await watch.note()
    (folder / "a.jpg").rename(folder / "moved.jpg")
    (folder / "a.mp4").rename(folder / "moved.mp4")
    await server.scan(folder)
    assert await watch.moved() == set()
    (folder / "b.jpg").write_bytes(picture)
    (folder / "b.mp4").write_bytes(video)
    await server.scan(folder)
    assert await watch.moved() == {"image", "scene"}
