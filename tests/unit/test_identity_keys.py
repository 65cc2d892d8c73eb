"""Entities are told apart as the objects that they are, not by numbers that name them for a while."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, GalleryChapter, Group, Image, Performer, Studio, Tag

import stash
from stash.store.entities import Tracked
from stash.store.entity_types import ENTITY_TYPES

if TYPE_CHECKING:
    from stash.store import StashStore
    from stash.store.entity_types import Entity
    from tests.conftest import Server

PACKAGE = Path(stash.__file__).parent


def test_no_key_is_an_address() -> None:
    """The builtin `id` is neither called nor handed on anywhere but in the embedded Stash."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "embedded" not in path.relative_to(PACKAGE).parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == "id"
    ]
    assert found == []


def fields_of(cls: type[Entity], name: str) -> dict[str, Any]:
    """What a new entity of a type cannot do without."""
    return {
        ENTITY_TYPES[cls.__type_name__].key or "title": name,
        **({"title": name} if cls is Gallery else {}),
    }


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
        assert all(one.id.isdigit() and isinstance(one, Tracked) for one in (studio, parent))
        assert store.pending() == []
        assert {studio, parent} == {*await store.find(Studio, name__contains=server.prefix)}


async def test_a_group_keeps_its_place(store: StashStore) -> None:
    """An entity of a type whose links the store does not keep in step stands where it was put, too."""
    group = Group(name="one")
    store.add(group)
    places = {group: 1}
    store.hydrator.assign_id(group, {"id": "7", "name": "one"})
    assert (group.id, places[group]) == ("7", 1)


@pytest.fixture
async def covered(server: Server, store: StashStore) -> tuple[Gallery, Image]:
    """A gallery with another object of the id of its cover, which left memory and was read again; and its other image."""
    images = await server.images(store, 2)
    gallery = await store.create(Gallery, code=server.prefix, title=server.prefix)
    for image in images:
        await image.add_to_gallery(gallery)
    await store.flush()
    gallery.cover = images[0]
    await store.flush()
    store.registry.forget(images[0])
    gallery.cover = await store.get(Image, images[0].id)
    assert gallery.cover is not images[0]
    return gallery, images[1]


async def test_another_object_of_the_id_is_no_edit(covered: tuple[Gallery, Image], store: StashStore) -> None:
    """A link to another object of the id that Stash has is nothing to be written; one to another id is."""
    gallery, other = covered
    assert store.pending() == []
    gallery.cover = other
    assert [list(change.after) for change in store.pending()] == [["cover"]]


async def test_another_object_of_the_id_gives_way(covered: tuple[Gallery, Image], store: StashStore) -> None:
    """What was no edit is brought up to date when Stash has something else."""
    gallery, other = covered
    wanted = {"gallery_id": gallery.id, "cover_image_id": other.id}
    text = "mutation($input: GallerySetCoverInput!) { setGalleryCover(input: $input) }"
    await store.connection.mutate(text, {"input": wanted}, fields=1)
    await store.reader.read_again([gallery])
    assert gallery.cover is other
    assert store.pending() == []
