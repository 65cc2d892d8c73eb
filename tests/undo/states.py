"""Everything that a Stash says of its entities, by name: two states are equal field by field or not at all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = 'filter: {per_page: -1, sort: "id"}'
_OF_ITEM = "title code details date urls rating100 organized studio { id } performers { id } tags { id } galleries { id }"
_DOCUMENT = f"""{{
  Tag: findTags({_PAGE}) {{ found: tags {{ id name sort_name aliases description favorite ignore_auto_tag
    image_path parents {{ id }} }} }}
  Studio: findStudios({_PAGE}) {{ found: studios {{ id name aliases urls details rating100 favorite ignore_auto_tag
    image_path parent_studio {{ id }} tags {{ id }} }} }}
  Performer: findPerformers({_PAGE}) {{ found: performers {{ id name disambiguation alias_list urls gender birthdate
    country height_cm measurements details rating100 favorite ignore_auto_tag custom_fields image_path tags {{ id }} }} }}
  Scene: findScenes({_PAGE}) {{ found: scenes {{ id {_OF_ITEM} director files {{ path }} }} }}
  Image: findImages({_PAGE}) {{ found: images {{ id {_OF_ITEM} photographer visual_files {{ ... on BaseFile {{ path }} }} }} }}
  Gallery: findGalleries({_PAGE}) {{ found: galleries {{ id title code details date urls rating100 organized photographer
    studio {{ id }} performers {{ id }} tags {{ id }} scenes {{ id }} image_count cover {{ id }}
    chapters {{ title image_index }} }} }}
}}"""

_OF = {
    "studio": "Studio",
    "parent_studio": "Studio",
    "performers": "Performer",
    "tags": "Tag",
    "parents": "Tag",
    "galleries": "Gallery",
    "scenes": "Scene",
    "cover": "Image",
}
"""Fields that lead to other entities."""

_NAMES = frozenset({"id", "files", "visual_files"})
"""Fields that are told by an entity's name."""

type State = Mapping[str, Mapping[str, Any]]
"""Entities by type and name; times and ids left out."""


async def state_of(url: str, transport: httpx.AsyncBaseTransport) -> State:
    """Read a whole Stash, the pictures of people, studios and tags by what they hold."""
    sender = httpx.AsyncClient(transport=transport, timeout=60)
    body = (await sender.post(f"{url}/graphql", json={"query": _DOCUMENT})).json()
    assert not body.get("errors"), body["errors"]
    found = {kind: page["found"] for kind, page in body["data"].items()}
    names = {(kind, one["id"]): _name(kind, one) for kind, page in found.items() for one in page}
    state: dict[str, dict[str, Any]] = {}
    for kind, page in found.items():
        for one in page:
            name = f"{kind} {names[kind, one['id']]}"
            while name in state:
                name += " again"
            state[name] = {
                field: _plain(field, value, names) for field, value in one.items() if field not in _NAMES
            }
            if path := one.get("image_path"):
                state[name]["image_path"] = await _picture(sender, path)
    return state


def differences(before: State, after: State) -> list[str]:
    """Describe what one state has otherwise than the other, a line each."""
    lines = [f"missing: {name}" for name in sorted(before.keys() - after.keys())]
    lines += [f"too many: {name}" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        one, two = before[name], after[name]
        lines += [
            f"{name} {field}: {one[field]!r} is {two[field]!r}" for field in one if one[field] != two[field]
        ]
    return lines


async def _picture(sender: httpx.AsyncClient, path: str) -> str:
    if "default=true" in path:
        return ""
    return hashlib.sha256((await sender.get(path)).content).hexdigest()[:12]


def _name(kind: str, one: dict[str, Any]) -> str:
    if kind in {"Scene", "Image"}:
        return str((one.get("files") or one["visual_files"])[0]["path"]).rpartition("/")[2]
    if kind == "Gallery":
        return f"{one['code']} {'' if one['code'] else one['title']}".strip()
    return f"{one['name']} ({one['disambiguation']})" if one.get("disambiguation") else str(one["name"])


def _plain(field: str, value: Any, names: Mapping[tuple[str, str], str]) -> Any:
    if field in _OF:
        links = value if isinstance(value, list) else [value] if value else []
        return sorted(names.get((_OF[field], link["id"]), "?") for link in links)
    if field == "chapters":
        return sorted((chapter["image_index"], chapter["title"]) for chapter in value)
    return value
