"""Relation helpers: links cost nothing until they are flushed."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, GalleryChapter, Image, Performer, Studio, Tag
from stash_graphql_client.types.unset import UNSET

from tests.store.values import _fresh

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_links_cost_nothing(store: StashStore, server: Server) -> None:
    """Links are set without a request, keep what is there, and are all sent by one flush."""
    images = await server.images(store, 20)
    performer = await store.create(Performer, name=server.prefix)
    studio = await store.create(Studio, name=server.prefix)
    gallery = await store.create(Gallery, title=server.prefix, code=server.prefix)
    before = store.requests.total
    for image in images:
        await image.add_performer(performer)
        await image.set_studio(studio)
        image.set_studio(studio)
        await image.add_to_gallery(gallery)
    await gallery.set_studio(studio)
    assert store.requests.total == before
    assert performer.images is UNSET
    await store.flush()
    assert store.requests.total - before == 2
    async with _fresh(store):
        seen = await store.get_many(Image, [image.id for image in images])
        assert all(i.performers[0].id == performer.id and i.studio.id == studio.id for i in seen)
        assert (await store.get(Gallery, gallery.id)).image_count == 20


async def test_a_link_costs_the_same_at_any_size(store: StashStore) -> None:
    """A performer with 50,000 images: one more link is no request, and as many steps as the first one."""
    performer = await store.create(Performer, name=f"of many {uuid.uuid4().hex}")
    images = [store.new(Image, title=str(number)) for number in range(50_000)]
    before = store.requests.total
    steps = []
    for number, image in enumerate(images):
        counted = _Steps()
        sys.setprofile(counted if number % 9_999 == 0 else None)
        await image.add_performer(performer)
        sys.setprofile(None)
        steps.append(counted.number)
    assert store.requests.total == before
    assert set(steps[::9_999]) == {steps[0]} != {0}
    assert all(image.performers == [performer] for image in (images[0], images[-1]))


class _Steps:
    """Counts calls, of Python's and of built-in functions."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, _frame: object, event: str, _argument: object) -> None:
        self.number += event in {"call", "c_call"}


async def test_bounded_relations_stay_in_step(store: StashStore, server: Server) -> None:
    """A scene's galleries and a gallery's scenes tell the same, and only one side is sent."""
    (scene,) = await server.scenes(store, 1)
    gallery = await store.get(
        Gallery, (await store.create(Gallery, title=server.prefix, code=server.prefix)).id
    )
    await store.populate(gallery, ["scenes"])
    await scene.add_to_gallery(gallery)
    assert gallery.scenes == [scene]
    assert [change.entity for change in store.pending()] == [scene]
    await scene.remove_from_gallery(gallery)
    assert gallery.scenes == []
    assert store.pending() == []


async def test_links_on_unread_relations_join_what_is_there(store: StashStore, server: Server) -> None:
    """A link set on an entity of which only the id is known adds to what Stash has."""
    (image,) = await server.images(store, 1)
    one, two = [await store.create(Tag, name=f"{server.prefix}{i}") for i in range(2)]
    await image.add_tag(one)
    await store.flush()
    async with _fresh(store):
        stub = Image(id=image.id)
        await stub.add_tag(two)
        await store.flush()
    async with _fresh(store):
        assert {tag.id for tag in (await store.get(Image, image.id)).tags} == {one.id, two.id}


async def test_images_can_be_added_from_the_gallery(store: StashStore, server: Server) -> None:
    """gallery.add_image and image.add_to_gallery end in the same links, also when mixed."""
    first, second = await server.images(store, 2)
    gallery = await store.create(Gallery, title=server.prefix, code=server.prefix)
    await gallery.add_image(first)
    await second.add_to_gallery(gallery)
    await store.flush()
    await store.invalidate(Gallery, gallery.id)
    assert (await store.get(Gallery, gallery.id)).image_count == 2


async def test_a_window_is_a_session(store: StashStore, name: str) -> None:
    """In a `window` as in a `session` a new entity waits for the flush."""
    for opened in (store.session, store.window):
        before = store.requests.mutations
        async with opened():
            tag = await store.get_or_create(Tag, name=f"{name} {before}")
            assert tag.is_new()
            assert store.requests.mutations == before
            await store.flush()
        assert store.requests.mutations == before + 1


async def test_chapters_and_cover_are_written_after_the_links(store: StashStore, server: Server) -> None:
    """One flush makes a gallery, links its images, then sets its chapter and its cover."""
    first, second = await server.images(store, 2)
    async with store.session():
        gallery = Gallery(title=server.prefix, code=server.prefix, cover=second)
        store.add(gallery)
        for image in (first, second):
            await image.add_to_gallery(gallery)
        store.add(GalleryChapter(gallery=gallery, title="two", image_index=2))
        flushed = await store.flush()
    assert not flushed.failed
    async with _fresh(store):
        seen = await store.get(Gallery, gallery.id)
        assert (seen.cover.id, [(c.title, c.image_index) for c in seen.chapters]) == (second.id, [("two", 2)])
