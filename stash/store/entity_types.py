"""The types of entities: their operations, fields and natural keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import (
    Folder,
    Gallery,
    GalleryChapter,
    Group,
    Image,
    Performer,
    Scene,
    Studio,
    Tag,
)
from stash_graphql_client.types.base import StashObject
from stash_graphql_client.types.enums import CircumcisedEnum, GenderEnum
from stash_graphql_client.types.files import GalleryFile, ImageFile, VideoFile
from stash_graphql_client.types.filters import (
    GalleryFilterType,
    ImageFilterType,
    PerformerFilterType,
    SceneFilterType,
    StudioFilterType,
    TagFilterType,
)
from stash_graphql_client.types.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable

Entity = StashObject
"""An object in Stash, modelled by the client library."""

FILES: dict[str, type[Entity]] = {"ImageFile": ImageFile, "VideoFile": VideoFile, "GalleryFile": GalleryFile}

_FILE = "__typename ... on BaseFile { id path basename size }"
_DATED = "created_at updated_at"
_CONTENT = "title code details date urls rating100 organized studio { id } performers { id } tags { id }"


@dataclass(frozen=True)
class EntityType:
    """One type of entity.

    `all_fields` is the selection that makes an entity complete, `compare_fields` the part that a sync compares.
    `scalar_fields` is `compare_fields` without lists, which costs Stash far less.
    `returned_fields` are the values that a creation asks Stash to return, because Stash may have changed them.
    `key` is the natural key, and `names` are the fields that may hold a name.
    """

    entity: type[Entity]
    plural: str
    all_fields: str
    compare_fields: str
    relations: dict[str, type[Entity]]
    scalar_fields: str = ""
    returned_fields: str = ""
    filter: type[Any] | None = None
    key: str | None = None
    names: tuple[str, ...] = ()
    list_update: str | None = None
    converters: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """Return the name of the GraphQL type."""
        return self.entity.__type_name__

    @property
    def find_one(self) -> str:
        """Return the query of one entity by its id."""
        return f"find{self.name}"

    @property
    def find_many(self) -> str:
        """Return the query of many entities."""
        return f"find{self.plural[0].upper()}{self.plural[1:]}"

    @property
    def filter_argument(self) -> str:
        """Return the argument that takes the filter of `find_many`."""
        return f"{self.name.lower()}_filter"

    @cached_property
    def has_ranges(self) -> bool:
        """Tell whether Stash takes a range of ids."""
        return self.filter is not None and "id" in self.filter.model_fields

    def operation(self, verb: str) -> str:
        """Return the mutation of one entity for the verb `Create`, `Update` or `Destroy`."""
        return f"{self.name[0].lower()}{self.name[1:]}{verb}"

    @cached_property
    def complete(self) -> frozenset[str]:
        """Return the fields that a complete entity has received."""
        return frozenset(_top_level(self.all_fields))

    @cached_property
    def fields(self) -> frozenset[str]:
        """Return every field of the model."""
        return frozenset(self.entity.model_fields)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Return every field of the model, unset."""
        return dict.fromkeys(self.entity.model_fields, UNSET)

    @cached_property
    def made(self) -> frozenset[str]:
        """Return the fields whose value is converted from the reply's."""
        return frozenset({*self.relations, *self.converters, "visual_files", "files"})


def _top_level(selection: str) -> list[str]:
    fields, depth = [], 0
    for token in selection.replace("{", " { ").replace("}", " } ").split():
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth == 0 and token != "}":  # noqa: S105 - a token of GraphQL, no secret
            fields.append(token)
    return fields


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


_TIMES: dict[str, Callable[[Any], Any]] = {"created_at": _instant, "updated_at": _instant}
_PEOPLE: dict[str, type[Entity]] = {"studio": Studio, "performers": Performer, "tags": Tag}

_SCALAR_FIELDS = "id title code details date organized studio { id } created_at"

ENTITY_TYPES: dict[str, EntityType] = {
    kind.name: kind
    for kind in (
        EntityType(
            entity=Image,
            plural="images",
            all_fields=f"id {_CONTENT} photographer o_counter galleries {{ id }} visual_files {{ {_FILE} }} {_DATED}",
            compare_fields=f"{_SCALAR_FIELDS} urls performers {{ id }} tags {{ id }} galleries {{ id }}",
            scalar_fields=_SCALAR_FIELDS,
            relations={**_PEOPLE, "galleries": Gallery},
            filter=ImageFilterType,
            key="code",
            list_update="imagesUpdate",
            converters=_TIMES,
        ),
        EntityType(
            entity=Scene,
            plural="scenes",
            all_fields=f"id {_CONTENT} director o_counter play_count galleries {{ id }} files {{ {_FILE} }} {_DATED}",
            compare_fields=f"{_SCALAR_FIELDS} urls performers {{ id }} tags {{ id }} galleries {{ id }}",
            scalar_fields=_SCALAR_FIELDS,
            relations={**_PEOPLE, "galleries": Gallery},
            filter=SceneFilterType,
            key="code",
            list_update="scenesUpdate",
            converters=_TIMES,
        ),
        EntityType(
            entity=Gallery,
            plural="galleries",
            all_fields=f"id {_CONTENT} photographer scenes {{ id }} image_count cover {{ id }}"
            f" chapters {{ id title image_index }} folder {{ id }} files {{ {_FILE} }} {_DATED}",
            compare_fields="id title code details date urls organized studio { id } performers { id } tags { id }"
            " scenes { id } image_count cover { id } chapters { id title image_index } folder { id }"
            f" files {{ {_FILE} }} created_at",
            returned_fields="title code details date urls organized",
            relations={
                **_PEOPLE,
                "scenes": Scene,
                "cover": Image,
                "chapters": GalleryChapter,
                "folder": Folder,
            },
            filter=GalleryFilterType,
            key="code",
            list_update="galleriesUpdate",
            converters=_TIMES,
        ),
        EntityType(
            entity=Performer,
            plural="performers",
            all_fields="id name disambiguation alias_list urls gender birthdate ethnicity country eye_color height_cm"
            " measurements fake_tits penis_length circumcised career_length tattoos piercings details death_date"
            " hair_color weight rating100 favorite ignore_auto_tag custom_fields image_path tags { id }"
            f" {_DATED}",
            compare_fields="id name disambiguation alias_list urls details image_path created_at",
            returned_fields="name disambiguation alias_list urls details",
            relations={"tags": Tag},
            filter=PerformerFilterType,
            key="name",
            names=("name",),
            converters={
                **_TIMES,
                "gender": lambda value: value and GenderEnum(value),
                "circumcised": lambda value: value and CircumcisedEnum(value),
            },
        ),
        EntityType(
            entity=Studio,
            plural="studios",
            all_fields="id name aliases urls parent_studio { id } child_studios { id } details rating100 favorite"
            f" ignore_auto_tag image_path tags {{ id }} {_DATED}",
            compare_fields="id name aliases urls parent_studio { id } created_at",
            returned_fields="name urls",
            relations={"parent_studio": Studio, "child_studios": Studio, "tags": Tag},
            filter=StudioFilterType,
            key="name",
            names=("name", "aliases"),
            converters=_TIMES,
        ),
        EntityType(
            entity=Tag,
            plural="tags",
            all_fields="id name sort_name aliases description favorite ignore_auto_tag image_path"
            f" parents {{ id }} children {{ id }} {_DATED}",
            compare_fields="id name aliases created_at",
            returned_fields="name",
            relations={"parents": Tag, "children": Tag},
            filter=TagFilterType,
            key="name",
            names=("name", "aliases"),
            converters=_TIMES,
        ),
        EntityType(
            entity=GalleryChapter,
            plural="galleryChapters",
            all_fields="id title image_index",
            compare_fields="id title image_index",
            relations={"gallery": Gallery},
        ),
        EntityType(
            entity=Folder, plural="folders", all_fields="id path", compare_fields="id path", relations={}
        ),
        EntityType(
            entity=Group, plural="groups", all_fields="id name", compare_fields="id name", relations={}
        ),
        *(
            EntityType(
                entity=cls,
                plural="files",
                all_fields="id path basename size",
                compare_fields="id path",
                relations={},
            )
            for cls in (ImageFile, VideoFile, GalleryFile)
        ),
    )
}


def kind_of(entity: type[Entity] | Entity) -> EntityType:
    """Return the `EntityType` of an entity or of its class.

    Raises:
        KeyError: for a type of the library that the store does not serve.
    """
    return ENTITY_TYPES[entity.__type_name__]
