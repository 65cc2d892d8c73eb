"""Entities that Stash refuses, and the order of a flush."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, Image, Studio, Tag

from stash.errors import RejectedError
from tests.store.values import _fresh

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_a_refused_entity_stays_pending_and_harms_nobody(store: StashStore, server: Server) -> None:
    """The bad one of many updates is named and stays dirty; the others are written."""
    images = await server.images(store, 5)
    for image in images:
        image.title = "good"
    images[2].date = "not a date"
    flushed = await store.flush()
    assert [failure.entity for failure in flushed.failed] == [images[2]]
    assert {change.entity for change in store.pending()} == {images[2]}
    async with _fresh(store):
        titles = [image.title for image in await store.get_many(Image, [i.id for i in images])]
        assert titles == ["good", "good", "", "good", "good"]


async def test_save_raises_where_the_object_was_refused(store: StashStore, server: Server) -> None:
    """obj.save and store.save raise with Stash's words; the object keeps its edit."""
    (image,) = await server.images(store, 1)
    image.date = "not a date"
    with pytest.raises(RejectedError, match="date"):
        await image.save(store.connection)
    with pytest.raises(RejectedError, match="date"):
        await store.save(image)
    assert image.date == "not a date"


async def test_a_failed_link_is_named_and_the_others_stand(store: StashStore, server: Server) -> None:
    """A gallery that is gone fails alone; the images of the others are linked."""
    images = await server.images(store, 3)
    galleries = [await store.create(Gallery, title=f"{server.prefix}{i}", code=f"{i}") for i in range(3)]
    document = "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }"
    await store.connection.mutate(document, {"ids": [galleries[1].id]}, fields=1)
    for image, gallery in zip(images, galleries, strict=True):
        await image.add_to_gallery(gallery)
    flushed = await store.flush()
    assert [failure.entity for failure in flushed.failed] == [galleries[1]]
    assert [(c.entity, c.after) for c in store.pending()] == [(galleries[1], {"images": [images[1]]})]
    store.rollback()
    assert not store.pending()


async def test_flush_orders_what_depends_on_each_other(store: StashStore, name: str) -> None:
    """New entities that point to new ones are created after them, whatever the order they were added in."""
    async with store.session():
        network = Studio(name=f"{name} network")
        gallery = Gallery(title=name, code=name, studio=Studio(name=name, parent_studio=network))
        gallery.tags = [Tag(name=name)]
        store.add(gallery)
        flushed = await store.flush()
    assert not flushed.failed
    async with _fresh(store):
        seen = await store.find_one(Gallery, code=name)
        assert (seen.studio.name, seen.tags[0].name) == (name, name)
