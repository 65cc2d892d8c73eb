"""The pattern that the guide migrates from: raw client calls with filter dicts, one after the other.

Every item looks its performer, studio, tags and gallery up again, a tag by name and then by alias; files are searched
for in groups of twenty, nested in ORs; every entity is saved by itself.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from benchmarks.competitors import NETWORK, PREVIEW_TAG, Task
from benchmarks.source import SITE, Media, Wanted, read
from stash.transport.client import Connection
from stash.transport.graphql import TransportConfig

if TYPE_CHECKING:
    from stash_graphql_client.client import StashClient

GROUP = 20


def equals(value: str) -> dict[str, str]:
    """A filter dict."""
    return {"value": value, "modifier": "EQUALS"}


def nested_or(values: list[str]) -> dict[str, Any]:
    """Paths that contain one of these, each OR inside the one before."""
    criterion: dict[str, Any] = {"path": {"value": values[-1], "modifier": "INCLUDES"}}
    for value in reversed(values[:-1]):
        criterion = {"path": {"value": value, "modifier": "INCLUDES"}, "OR": criterion}
    return criterion


class Before:
    """One item after the other, one call after the other."""

    def __init__(self, client: StashClient, task: Task) -> None:
        self.client, self.task = client, task

    async def sync(self) -> None:
        """All items."""
        for item in read(self.task.database, self.task.username):
            await self.item(item)

    async def item(self, item: Wanted) -> None:
        """One item: people, studio, tags, gallery, then its files."""
        people = [await self.performer(name) for name in item.people]
        studio = await self.studio()
        tags = [await self.tag(name) for name in item.tags]
        gallery = await self.gallery(item, studio, people, tags)
        images: list[Image] = []
        scenes: list[Scene] = []
        for group in batched([one.id for one in item.media], GROUP):
            found = await self.client.find_images({"per_page": -1}, nested_or(list(group)))
            images += found.images
            more = await self.client.find_scenes({"per_page": -1}, nested_or(list(group)))
            scenes += more.scenes
        for one in item.media:
            await self.file(one, item, [*images, *scenes], (studio, people, tags), gallery)
        if images:
            await self.client.add_gallery_images(gallery.id, [image.id for image in images])
            await self.client.set_gallery_cover(gallery.id, images[0].id)

    async def performer(self, name: str) -> Performer:
        """By name, else created."""
        found = await self.client.find_performers({"per_page": -1}, {"name": equals(name)})
        if found.performers:
            return found.performers[0]
        return await self.client.create_performer(Performer(name=name, urls=[f"{SITE}/{name}"]))

    async def studio(self) -> Studio:
        """The network, then the creator's own, each by name, else created."""
        network = await self.named_studio(NETWORK, None)
        return await self.named_studio(f"{self.task.username} (Fansly)", network)

    async def named_studio(self, name: str, parent: Studio | None) -> Studio:
        """By name, else created."""
        found = await self.client.find_studios({"per_page": -1}, {"name": equals(name)})
        if found.studios:
            return found.studios[0]
        urls = [f"{SITE}/{self.task.username}"] if parent else []
        return await self.client.create_studio(Studio(name=name, parent_studio=parent, urls=urls))

    async def tag(self, name: str) -> Tag:
        """By name, then by alias, else created."""
        found = await self.client.find_tags({"per_page": -1}, {"name": equals(name)})
        if not found.tags:
            found = await self.client.find_tags({"per_page": -1}, {"aliases": equals(name)})
        return found.tags[0] if found.tags else await self.client.create_tag(Tag(name=name))

    async def gallery(
        self, item: Wanted, studio: Studio, people: list[Performer], tags: list[Tag]
    ) -> Gallery:
        """By code, by title, by URL, else created; then saved."""
        criteria: list[dict[str, Any]] = [
            {"code": equals(item.id)},
            {"title": equals(item.title)},
            {"url": equals(item.url)},
        ]
        gallery = None
        for criterion in criteria:
            found = await self.client.find_galleries({"per_page": -1}, criterion)
            gallery = gallery or next((one for one in found.galleries if one.code == item.id), None)
        made = Gallery(
            title=item.title, code=item.id, details=item.details, date=item.date, urls=[item.url],
            organized=True, studio=studio, performers=people, tags=tags,
        )  # fmt: skip
        if gallery is None:
            return await self.client.create_gallery(made)
        made.update_id(gallery.id)
        return await self.client.update_gallery(made)

    async def file(
        self, one: Media, item: Wanted, found: list[Any], shared: tuple[Any, ...], gallery: Gallery
    ) -> None:
        """Find the file's entity by its id, fill it, save it."""
        studio, people, tags = shared
        entity = next(e for e in found if one.file in {file.basename for file in _files(e)})
        is_image = isinstance(entity, Image)
        entity = await (self.client.find_image(entity.id) if is_image else self.client.find_scene(entity.id))
        entity.title, entity.code, entity.details, entity.date = item.title, one.id, item.details, item.date
        entity.studio, entity.performers = studio, people
        entity.tags = [*tags, await self.tag(PREVIEW_TAG)] if one.is_preview else tags
        entity.urls = [item.url] if item.is_post else []
        if is_image:
            await self.client.update_image(entity)
        else:
            entity.galleries = [gallery]
            await self.client.update_scene(entity)


def _files(entity: Image | Scene) -> list[Any]:
    files = entity.visual_files if isinstance(entity, Image) else entity.files
    return files if isinstance(files, list) else []


async def sync(task: Task) -> None:
    """One run, on the client alone."""
    client = Connection(TransportConfig(task.url))
    await client.initialize()
    try:
        await Before(client, task).sync()
    finally:
        await client.close()
