"""The fewest requests we could think of: wide reads and batches by hand, no entities, no journal, no merge."""

from __future__ import annotations

import re
from itertools import batched
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.competitors import NETWORK, PREVIEW_TAG, Task
from benchmarks.source import SITE, Wanted, read

if TYPE_CHECKING:
    from collections.abc import Iterable

BATCH = 1000


class Floor:
    """A script that writes GraphQL by hand."""

    def __init__(self, task: Task, http: httpx.AsyncClient) -> None:
        self.task, self.http = task, http

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """One request."""
        reply = await self.http.post("/graphql", json={"query": query, "variables": variables})
        body = reply.json()
        assert not body.get("errors"), body["errors"][:2]
        return dict(body["data"])

    async def many(
        self, name: str, kind: str, inputs: Iterable[dict[str, Any]], selection: str = " { id }"
    ) -> list[Any]:
        """A mutation for each input, aliased, a thousand a request."""
        answers: list[Any] = []
        for batch in batched(inputs, BATCH):
            declared = ", ".join(f"$i{n}: {kind}!" for n in range(len(batch)))
            body = " ".join(f"f{n}: {name}(input: $i{n}){selection}" for n in range(len(batch)))
            data = await self.ask(
                f"mutation({declared}) {{ {body} }}", {f"i{n}": one for n, one in enumerate(batch)}
            )
            answers += [data[f"f{n}"] for n in range(len(batch))]
        return answers

    async def sync(self) -> None:
        """Read once, create, update in lists, link."""
        items = read(self.task.database, self.task.username)
        pattern = f"^{re.escape(str(self.task.downloads / f'{self.task.username}_fansly'))}/"
        found = await self.ask(
            "query($p: String!) {"
            " tags: findTags(filter: {per_page: -1}) { tags { id name } }"
            " studios: findStudios(filter: {per_page: -1}) { studios { id name } }"
            " people: findPerformers(filter: {per_page: -1}) { performers { id name } }"
            " images: findImages(filter: {per_page: -1}, image_filter: {path: {value: $p, modifier: MATCHES_REGEX}})"
            " { images { id code visual_files { ... on BaseFile { basename } } } }"
            " scenes: findScenes(filter: {per_page: -1}, scene_filter: {path: {value: $p, modifier: MATCHES_REGEX}})"
            " { scenes { id code files { basename } } } }",
            {"p": pattern},
        )
        files = {i["visual_files"][0]["basename"]: i["id"] for i in found["images"]["images"]}
        files |= {s["files"][0]["basename"]: s["id"] for s in found["scenes"]["scenes"]}
        codes = [one["code"] for one in (*found["images"]["images"], *found["scenes"]["scenes"])]
        if all(codes):
            await self.compare(items, files)
            return
        ids = await self.named(found, items)
        await self.write(items, files, ids)

    async def named(self, found: dict[str, Any], items: list[Wanted]) -> dict[str, dict[str, str]]:
        """The ids of tags, people and the studio; what is missing is created."""
        tags = {tag["name"]: tag["id"] for tag in found["tags"]["tags"]}
        people = {one["name"]: one["id"] for one in found["people"]["performers"]}
        studios = {one["name"]: one["id"] for one in found["studios"]["studios"]}
        new_tags = sorted({tag for item in items for tag in (*item.tags, PREVIEW_TAG)} - tags.keys())
        new_people = sorted({name for item in items for name in item.people} - people.keys())
        made = await self.many("tagCreate", "TagCreateInput", [{"name": name} for name in new_tags])
        tags |= dict(zip(new_tags, (one["id"] for one in made), strict=True))
        persons = [{"name": name, "urls": [f"{SITE}/{name}"]} for name in new_people]
        made = await self.many("performerCreate", "PerformerCreateInput", persons)
        people |= dict(zip(new_people, (one["id"] for one in made), strict=True))
        name = f"{self.task.username} (Fansly)"
        if NETWORK not in studios:
            studios[NETWORK] = (await self.many("studioCreate", "StudioCreateInput", [{"name": NETWORK}]))[0][
                "id"
            ]
        if name not in studios:
            studio = {"name": name, "parent_id": studios[NETWORK], "urls": [f"{SITE}/{self.task.username}"]}
            studios[name] = (await self.many("studioCreate", "StudioCreateInput", [studio]))[0]["id"]
        return {"tags": tags, "people": people, "studio": {"": studios[name]}}

    async def write(self, items: list[Wanted], files: dict[str, str], ids: dict[str, dict[str, str]]) -> None:
        """Galleries, then images and scenes in lists, then the links and covers."""
        common = [self.common(item, ids) for item in items]
        galleries = await self.many(
            "galleryCreate",
            "GalleryCreateInput",
            [
                {**c, "code": i.id, "urls": [i.url], "organized": True}
                for i, c in zip(items, common, strict=True)
            ],
        )
        images: list[dict[str, Any]] = []
        scenes: list[dict[str, Any]] = []
        links: list[dict[str, Any]] = []
        covers: list[dict[str, Any]] = []
        for item, shared, gallery in zip(items, common, galleries, strict=True):
            pictures = [files[one.file] for one in item.media if one.is_image]
            if pictures:
                links.append({"gallery_id": gallery["id"], "image_ids": pictures})
                covers.append({"gallery_id": gallery["id"], "cover_image_id": pictures[0]})
            for one in item.media:
                tags = [*shared["tag_ids"], ids["tags"][PREVIEW_TAG]] if one.is_preview else shared["tag_ids"]
                values = {**shared, "id": files[one.file], "code": one.id, "tag_ids": tags}
                values["urls"] = [item.url] if item.is_post else []
                if one.is_image:
                    images.append(values)
                else:
                    scenes.append({**values, "gallery_ids": [gallery["id"]]})
        for name, kind, rows in (
            ("imagesUpdate", "ImageUpdateInput", images),
            ("scenesUpdate", "SceneUpdateInput", scenes),
        ):
            for batch in batched(rows, BATCH):
                await self.ask(
                    f"mutation($i: [{kind}!]!) {{ {name}(input: $i) {{ id }} }}", {"i": list(batch)}
                )
        await self.many("addGalleryImages", "GalleryAddInput", links, "")
        await self.many("setGalleryCover", "GallerySetCoverInput", covers, "")

    def common(self, item: Wanted, ids: dict[str, dict[str, str]]) -> dict[str, Any]:
        """What a gallery and its files have in common."""
        return {
            "title": item.title,
            "details": item.details,
            "date": item.date,
            "studio_id": ids["studio"][""],
            "performer_ids": [ids["people"][name] for name in item.people],
            "tag_ids": [ids["tags"][tag] for tag in item.tags],
        }

    async def compare(self, items: list[Wanted], files: dict[str, str]) -> None:
        """The second time: read every field back, and find nothing to do."""
        fields = (
            "id title code details date urls studio { id } performers { id } tags { id } galleries { id }"
        )
        wanted = {one.id for item in items for one in item.media}
        data = await self.ask(
            f"query($ids: [ID!]) {{ findImages(filter: {{per_page: -1}}, ids: $ids) {{ images {{ {fields} }} }} }}",
            {"ids": [files[one.file] for item in items for one in item.media if one.is_image]},
        )
        assert wanted >= {image["code"] for image in data["findImages"]["images"]}
        data = await self.ask(
            f"query($ids: [ID!]) {{ findScenes(filter: {{per_page: -1}}, ids: $ids) {{ scenes {{ {fields} }} }} }}",
            {"ids": [files[one.file] for item in items for one in item.media if not one.is_image]},
        )
        assert wanted >= {scene["code"] for scene in data["findScenes"]["scenes"]}


async def sync(task: Task) -> None:
    """One run."""
    async with httpx.AsyncClient(base_url=task.url, timeout=300) as http:
        await Floor(task, http).sync()
