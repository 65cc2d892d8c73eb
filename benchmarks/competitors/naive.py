"""The guide's samples, taken at their word, on the library's own store: find, or make and save; relations by assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.store import StashEntityStore
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag
from stash_graphql_client.types.base import StashObject

from benchmarks.competitors import NETWORK, PREVIEW_TAG, Task
from benchmarks.source import SITE, Wanted, read
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    from stash_graphql_client.client import StashClient


class Naive:
    """One item after the other, one entity after the other."""

    def __init__(self, client: StashClient, store: StashEntityStore, task: Task) -> None:
        self.client, self.store, self.task = client, store, task

    async def sync(self) -> None:
        """All items."""
        for item in read(self.task.database, self.task.username):
            await self.item(item)

    async def named[T: (Performer, Studio, Tag)](self, kind: type[T], name: str, **more: object) -> T:
        """By name, else made and saved."""
        found = await self.store.find_one(kind, name=name)
        if found is None:
            found = kind(name=name, **more)
            await found.save(self.client)
        return found

    async def item(self, item: Wanted) -> None:
        """One item: people, studio, tags, gallery, then its files."""
        people = [await self.named(Performer, name, urls=[f"{SITE}/{name}"]) for name in item.people]
        network = await self.named(Studio, NETWORK)
        name, urls = f"{self.task.username} (Fansly)", [f"{SITE}/{self.task.username}"]
        studio = await self.named(Studio, name, parent_studio=network, urls=urls)
        tags = [await self.named(Tag, tag) for tag in item.tags]
        gallery = await self.store.find_one(Gallery, code=item.id)
        if gallery is None:
            gallery = Gallery(
                title=item.title, code=item.id, details=item.details, date=item.date, urls=[item.url],
                organized=True, studio=studio, performers=people, tags=tags,
            )  # fmt: skip
            await gallery.save(self.client)
        images: list[str] = []
        for one in item.media:
            kind = Image if one.is_image else Scene
            entity = await self.store.find_one(kind, path__contains=one.file)
            assert entity is not None
            entity.title, entity.code, entity.details, entity.date = (
                item.title,
                one.id,
                item.details,
                item.date,
            )
            entity.studio, entity.performers = studio, people
            entity.tags = [*tags, await self.named(Tag, PREVIEW_TAG)] if one.is_preview else tags
            entity.urls = [item.url] if item.is_post else []
            if isinstance(entity, Image):
                images.append(entity.id)
            else:
                entity.galleries = [gallery]
            await entity.save(self.client)
        if images:
            await self.client.add_gallery_images(gallery.id, images)
            await self.client.set_gallery_cover(gallery.id, images[0])


async def sync(task: Task) -> None:
    """One run."""
    client = Connection(TransportConfig(task.url))
    await client.initialize()
    store = StashEntityStore(client, default_ttl=None)
    StashObject._store = store
    try:
        await Naive(client, store, task).sync()
    finally:
        await client.close()
