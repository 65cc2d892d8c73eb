"""Facts about many entities that make no entities: which exist, how often they are used, in which order."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

from stash_graphql_client.types import Image

from stash.store.documents import Field, by_id, by_ids
from stash.store.entity_types import ENTITY_TYPES, Entity, kind_of
from stash.store.reading import ID_PAGE, grouped, in_order
from stash.store.reply_validation import all_rows_in, rows_of_ids, validating_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.store.reading import StashReader


class Queries:
    """Asks for facts, several types a request."""

    def __init__(self, reader: StashReader) -> None:
        self._reader = reader

    async def standing(self, ids: Mapping[type[Entity], Sequence[str]]) -> set[tuple[str, str]]:
        """Return the type and id of each that Stash has."""
        asked = in_order((kind_of(t), entity_id) for t, many in ids.items() for entity_id in many)
        found: set[tuple[str, str]] = set()
        for page in batched(asked, ID_PAGE):
            groups = grouped(page)
            fields = [by_ids(ENTITY_TYPES[name], group, "id") for name, group in groups.items()]
            reply = await self._reader.ask_about(fields, is_checked=False)
            if reply.errors:  # Stash refuses a list of ids as a whole if it lacks one of them
                reply = await self._reader.ask_about(
                    [by_id(kind, entity_id, "id") for kind, entity_id in page]
                )
                with validating_reply("what was synced"):
                    found |= {(k.name, i) for n, (k, i) in enumerate(page) if reply.data[f"f{n}"] is not None}
                continue
            for number, (name, group) in enumerate(groups.items()):
                found |= {(name, row["id"]) for row in rows_of_ids(reply, number, ENTITY_TYPES[name], group)}
        return found

    async def uses(self, ids: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], dict[str, int]]:
        """Count the uses of tags, performers and studios, by the type of entity that uses them. Ids that Stash lacks fail."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        asked = [(ENTITY_TYPES[name], entity_id) for name, many in ids.items() for entity_id in many]
        for page in batched(asked, ID_PAGE):
            groups = grouped(page)
            fields = [
                by_ids(ENTITY_TYPES[name], group, f"id {' '.join(_USES[name])}")
                for name, group in groups.items()
            ]
            reply = await self._reader.ask_about(fields)
            with validating_reply("what is used"):
                for number, name in enumerate(groups):
                    for row in rows_of_ids(reply, number, ENTITY_TYPES[name], groups[name]):
                        uses = {user: int(row[count]) for count, user in _USES[name].items()}
                        found[name, row["id"]] = uses
        return found

    async def first_paths(self, images: Sequence[str]) -> dict[str, str]:
        """Return the path that Stash has of the first file of each of these images."""
        files = "id visual_files { __typename ... on BaseFile { id path } }"
        read = await self._reader.read_ids(Image, images, files)
        with validating_reply("files of images"):
            found = [(image.id, image.visual_files) for image in read.values()]
            return {key: str(files[0].path) for key, files in found if isinstance(files, list) and files}

    async def orders(self, galleries: Sequence[str]) -> dict[str, list[str]]:
        """Return the ids of the images of galleries in Stash's own order, which is by path, with one request."""
        if not galleries:
            return {}
        fields = [
            Field(
                "findImages",
                {
                    "filter": ("FindFilterType", {"per_page": -1, "sort": "path", "direction": "ASC"}),
                    "image_filter": (
                        "ImageFilterType",
                        {"galleries": {"value": [gallery], "modifier": "INCLUDES"}},
                    ),
                },
                "count images { id }",
            )
            for gallery in galleries
        ]
        reply = await self._reader.ask_about(fields)
        images = ENTITY_TYPES["Image"]
        return {
            gallery: [row["id"] for row in all_rows_in(reply, number, images)]
            for number, gallery in enumerate(galleries)
        }


_FILES = {"scene_count": "Scene", "image_count": "Image", "gallery_count": "Gallery", "group_count": "Group"}
_USES = {
    "Tag": {
        **_FILES,
        "performer_count": "Performer",
        "studio_count": "Studio",
        "scene_marker_count": "SceneMarker",
    },
    "Performer": _FILES,
    "Studio": _FILES,
}
"""The counts of uses of each type, with the type of entity that each counts."""
