"""Entities are told apart as the objects that they are, not by numbers that name them for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, GalleryChapter, Group, Image, Performer, Studio, Tag

from stash.store.kinds import KINDS

if TYPE_CHECKING:
    from stash.store import StashStore
    from stash.store.kinds import Entity
    from tests.conftest import Server


def fields_of(cls: type[Entity], name: str) -> dict[str, Any]:
    """What a new entity of a type cannot do without."""
    return {KINDS[cls.__type_name__].key or "title": name, **({"title": name} if cls is Gallery else {})}


@pytest.mark.parametrize("cls", [Performer, Studio, Tag, Gallery], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("is_ours", [True, False])
async def test_an_entity_keeps_its_place(
    server: Server, store: StashStore, cls: type[Entity], *, is_ours: bool
) -> None:
    """A new entity stands where it was put in a dict and a set once Stash has named it, whoever made the object."""
    fields = fields_of(cls, server.prefix)
    entity = store.new(cls, **fields) if is_ours else cls(**fields)
    store.add(entity)
    places = {entity: 1}
    assert not (await store.flush([entity])).failed
    assert entity.id.isdigit()
    assert places[entity] == 1
    assert entity in {*places}


async def test_a_chapter_keeps_its_place(server: Server, store: StashStore) -> None:
    """A new chapter, which Stash makes after everything else, stands where it was put."""
    (image,) = await server.images(store, 1)
    gallery = await store.create(Gallery, code=server.prefix, title=server.prefix)
    await image.add_to_gallery(gallery)
    chapter = GalleryChapter(gallery=gallery, title="one", image_index=1)
    store.add(chapter)
    places = {chapter: 1}
    assert not (await store.flush()).failed
    assert chapter.id.isdigit()
    assert places[chapter] == 1


async def test_what_was_made_before_the_store(server: Server) -> None:
    """What was made while no store was open becomes the store's with all that it needs, and is pending no more once written."""
    parent = Studio(name=f"{server.prefix} above")
    studio = Studio(name=server.prefix, parent_studio=parent)
    async with server.store() as store:
        store.attach(studio, image=None)
        assert not (await store.flush([studio])).failed
        assert (studio.id.isdigit(), parent.id.isdigit()) == (True, True)
        assert store.pending() == []
        assert {studio, parent} == {*await store.find(Studio, name__contains=server.prefix)}


async def test_a_group_keeps_its_place(store: StashStore) -> None:
    """An entity of a type whose links the store does not keep in step stands where it was put, too."""
    group = Group(name="one")
    store.add(group)
    places = {group: 1}
    store.name(group, {"id": "7", "name": "one"})
    assert (group.id, places[group]) == ("7", 1)


async def test_another_object_of_the_id_is_no_edit(server: Server, store: StashStore) -> None:
    """A link to what left memory and was read again leads to what Stash has: nothing is to be written."""
    images = await server.images(store, 2)
    gallery = await store.create(Gallery, code=server.prefix, title=server.prefix)
    for image in images:
        await image.add_to_gallery(gallery)
    await store.flush()
    gallery.cover = images[0]
    await store.flush()
    store.forget(images[0])
    again = await store.get(Image, images[0].id)
    assert again is not images[0]
    gallery.cover = again
    assert store.pending() == []
    gallery.cover = images[1]
    assert [list(change.after) for change in store.pending()] == [["cover"]]
