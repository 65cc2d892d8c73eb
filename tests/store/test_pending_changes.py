"""Pending changes: only edits are sent, and flushes overlap."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Image, Tag
from stash_graphql_client.types.unset import UNSET

from tests.store.values import _fresh

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.conftest import Server


async def test_only_changed_fields_are_sent(embedded: Server) -> None:
    """An update carries the id and the changed fields, nothing else; None clears; a clean entity sends nothing."""
    async with embedded.store() as store:
        (scene,) = await embedded.scenes(store, 1)
        sent: list[dict] = []
        assert embedded.embedded is not None

        async def record(call, execute):
            sent.append(call.variables)
            return await execute()

        embedded.embedded.middleware.append(record)
        scene.title, scene.rating100 = "New Title", None
        await scene.save(store.connection)
        scene.rating100 = 80
        scene.title = " New Title "
        await store.save(scene)
        scene.rating100 = None
        await store.save(scene)
        await store.save(scene)
        assert [call["input0"] for call in sent] == [
            {"id": scene.id, "title": "New Title"},
            {"id": scene.id, "rating100": 80},
            {"id": scene.id, "rating100": None},
        ]


async def test_unset_leaves_the_field_alone(store: StashStore, server: Server) -> None:
    """Assigning UNSET sends nothing."""
    (scene,) = await server.scenes(store, 1)
    scene.organized = UNSET
    before = store.requests.writes
    await store.save(scene)
    assert store.requests.writes == before


async def test_a_reread_keeps_unsaved_edits(store: StashStore, server: Server) -> None:
    """Neither the store's nor the library's own reads drop an unsaved edit."""
    (image,) = await server.images(store, 1)
    image.title = "mine"
    await store.find(Image, path__contains=f"/{server.prefix}")
    await store.connection.find_image(image.id)
    await store.populate(image, ["details"], force_refetch=True)
    assert image.title == "mine"
    await store.save(image)
    async with _fresh(store):
        assert (await store.get(Image, image.id)).title == "mine"


async def test_an_emptied_relation_is_sent(store: StashStore, server: Server) -> None:
    """A relation that was emptied, by assignment or by removing the last one, is empty in Stash too."""
    first, second = await server.images(store, 2)
    tag = await store.create(Tag, name=server.prefix)
    for image in (first, second):
        await image.add_tag(tag)
    await store.flush()
    first.tags = []
    await second.remove_tag(tag)
    await store.flush()
    async with _fresh(store):
        assert [image.tags for image in await store.get_many(Image, [first.id, second.id])] == [[], []]


async def test_an_edit_during_a_flush_stays_an_edit(embedded: Server) -> None:
    """A change that is made while a flush is under way is sent by the next one."""
    async with embedded.store() as store:
        (image,) = await embedded.images(store, 1)
        assert embedded.embedded is not None

        async def edit(_call, execute):
            reply = await execute()
            image.title = "during"
            return reply

        image.title = "before"
        embedded.embedded.middleware.append(edit)
        await store.flush()
        embedded.embedded.middleware.clear()
        assert [change.after for change in store.pending()] == [{"title": "during"}]


async def test_flushes_overlap(embedded: Server) -> None:
    """While one flush links, the next creates; one after the other they would wait for each other here."""
    async with embedded.store() as store:
        first, second = await embedded.images(store, 2)
        assert embedded.embedded is not None
        created = asyncio.Event()

        async def hold(call, execute):
            if "addGalleryImages" in call.document and not created.is_set():
                async with asyncio.timeout(5):
                    await created.wait()
            reply = await execute()
            if '"second"' in json.dumps(call.variables):
                created.set()
            return reply

        embedded.embedded.middleware.append(hold)
        async with store.session():
            galleries = [store.new(Gallery, title=name, code=name) for name in ("first", "second")]
            for gallery, image in zip(galleries, (first, second), strict=True):
                await store.make(gallery)
                await image.add_to_gallery(gallery)
            done = await asyncio.gather(
                store.flush([galleries[0], first]), store.flush([galleries[1], second])
            )
            assert not store.pending()
        assert [[change.action for change in one.applied] for one in done] == [["create", "link"]] * 2


async def test_updates_of_the_next_flush_go_out_before_the_answer(embedded: Server) -> None:
    """Two flushes update side by side, but never the same image: that one is sent once, and its later edit after it."""
    async with embedded.store() as store:
        first, second = await embedded.images(store, 2)
        assert embedded.embedded is not None
        other = asyncio.Event()
        sent = []

        async def hold(call, execute):
            titles = [one["title"] for one in call.variables.values() if "title" in one]
            sent.append(titles)
            if titles == ["one"]:
                async with asyncio.timeout(5):
                    await other.wait()
            if titles == ["two"]:
                other.set()
            return await execute()

        embedded.embedded.middleware.append(hold)
        first.title, second.title = "one", "two"
        await asyncio.gather(*(store.flush([image]) for image in (first, second, first)))
        embedded.embedded.middleware.clear()
        assert sent == [["one"], ["two"]]


async def test_creates_of_the_next_flush_go_out_before_the_answer(embedded: Server) -> None:
    """Two flushes create side by side; what both need is created once, and who needs it waits for that one."""
    async with embedded.store() as store, store.session():
        assert embedded.embedded is not None
        other = asyncio.Event()
        sent = []

        async def hold(call, execute):
            names = [one.get("title") or one["name"] for one in call.variables.values()]
            sent.append(names)
            if names == ["first"]:
                async with asyncio.timeout(5):
                    await other.wait()
            if names == ["second"]:
                other.set()
            return await execute()

        galleries = [store.new(Gallery, title=name) for name in ("first", "second", "third", "fourth")]
        for gallery in galleries:
            await store.make(gallery)
        tag = await store.get_or_create(Tag, name=embedded.prefix)
        for gallery in galleries[2:]:
            await gallery.add_tag(tag)
        embedded.embedded.middleware.append(hold)
        await asyncio.gather(*(store.flush([gallery]) for gallery in galleries))
        embedded.embedded.middleware.clear()
        assert not store.pending()
    assert sent == [["first"], ["second"], [tag.name], ["third"], ["fourth"]]


async def test_names_are_created_ahead(embedded: Server) -> None:
    """A flush that is told to creates every tag that is queued by then, and no other that is not named."""
    async with embedded.store() as store, store.session():
        gallery, other = (store.new(Gallery, title=f"{embedded.prefix} {n}") for n in range(2))
        await store.make(gallery)
        await store.make(other)
        tag = await store.get_or_create(Tag, name=embedded.prefix)
        done = await store.flush([gallery], with_names=True)
        assert [change.entity for change in done.applied] == [gallery, tag]
        assert [change.entity for change in store.pending()] == [other]
