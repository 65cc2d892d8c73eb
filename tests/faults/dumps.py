"""Canonical dumps: what a Stash and a metadata database say, without ids and times of their own.

Two runs ended in the same state if their dumps are equal, byte for byte. Entities are called by what identifies
them, so ids that were given in another order do not matter; one that is there twice is there twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CONTENT = "id title code details date urls organized rating100 studio { id } performers { id } tags { id }"
_FILE = "... on BaseFile { path }"
_PAGE = 'filter: {per_page: -1, sort: "id"}'
_DOCUMENT = f"""{{
  Tag: findTags({_PAGE}) {{ found: tags {{ id name aliases description parents {{ id }} }} }}
  Studio: findStudios({_PAGE}) {{ found: studios {{ id name urls details parent_studio {{ id }} tags {{ id }} }} }}
  Performer: findPerformers({_PAGE}) {{ found: performers {{
    id name disambiguation alias_list urls details favorite tags {{ id }} }} }}
  Scene: findScenes({_PAGE}) {{ found: scenes {{ {_CONTENT} galleries {{ id }} files {{ path }} }} }}
  Image: findImages({_PAGE}) {{ found: images {{
    {_CONTENT} galleries {{ id }} visual_files {{ {_FILE} }} }} }}
  Gallery: findGalleries({_PAGE}) {{ found: galleries {{
    {_CONTENT} cover {{ id }} chapters {{ title image_index }} folder {{ path }} files {{ path }} }} }}
}}"""

TYPE_OF = {
    "studio": "Studio",
    "parent_studio": "Studio",
    "performers": "Performer",
    "tags": "Tag",
    "parents": "Tag",
    "galleries": "Gallery",
    "scenes": "Scene",
    "images": "Image",
    "cover": "Image",
}
"""Fields that name other entities."""

_STAMPED = {"accounts": "Performer", "media": "Image", "posts": "Gallery", "messages": "Gallery"}
_HISTORY = {"sync_run", "sync_change", "sync_server", "sync_look"}
"""Tables that tell what happened, not what stands."""


@dataclass
class ServerDump:
    """All entities of a Stash; `names` calls each (type, id) by what identifies it."""

    entities: dict[str, list[dict[str, Any]]]
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def text(self) -> str:
        """The dump."""
        return json.dumps(self.entities, indent=1, sort_keys=True, ensure_ascii=False)

    def duplicates(self) -> list[str]:
        """Keys that more than one entity of a type carries."""
        counts = Counter(
            (kind, key)
            for kind in ("Gallery", "Scene", "Image")
            for one in self.entities[kind]
            if (key := one["code"])
        )
        counts.update((kind, one["name"]) for kind in ("Tag", "Studio") for one in self.entities[kind])
        counts.update(("Performer", url) for one in self.entities["Performer"] for url in one["urls"])
        return [f"{kind} {key}" for (kind, key), count in counts.items() if count > 1]

    def codes(self, kind: str) -> set[str]:
        """The keys of the scenes, images or galleries that have one."""
        return {one["code"] for one in self.entities[kind] if one["code"]}


async def server_dump(
    url: str, library: Path, transport: httpx.AsyncBaseTransport | None = None
) -> ServerDump:
    """Dump a Stash through its API; of scenes and images those whose file lies in `library`."""
    sender = httpx.AsyncClient(transport=transport, timeout=60)
    reply = await sender.post(f"{url}/graphql", json={"query": _DOCUMENT})
    if transport is None:  # else it is somebody else's
        await sender.aclose()
    body = reply.json()
    assert not body.get("errors"), body["errors"]
    found = {kind: page["found"] for kind, page in body["data"].items()}
    for kind, files in (("Scene", "files"), ("Image", "visual_files")):
        inside = [one for one in found[kind] if any(_is_in(library, f["path"]) for f in one[files])]
        found[kind] = inside
    names = {(kind, one["id"]): _name(kind, one, library) for kind, page in found.items() for one in page}
    entities = {
        kind: sorted(
            (_plain(one, names, library) for one in page), key=lambda one: json.dumps(one, sort_keys=True)
        )
        for kind, page in found.items()
    }
    return ServerDump(entities, names)


def _is_in(library: Path, path: str) -> bool:
    return path.startswith(f"{library}/")


def _name(kind: str, one: dict[str, Any], library: Path) -> str:
    if kind in {"Scene", "Image"}:
        files = one["files"] if kind == "Scene" else one["visual_files"]
        return ",".join(sorted(file["path"].removeprefix(f"{library}/") for file in files))
    if kind == "Gallery":
        return str(one["code"] or one["title"] or one["folder"] or one["files"])
    return f"{one['name']} ({one['disambiguation']})" if one.get("disambiguation") else str(one["name"])


def _plain(one: dict[str, Any], names: dict[tuple[str, str], str], library: Path) -> dict[str, Any]:
    """An entity without its id, its links by name, its files by where they lie in the library."""
    result: dict[str, Any] = {}
    for name, value in one.items():
        if name in TYPE_OF:
            links = value if isinstance(value, list) else [value] if value else []
            result[name] = sorted(names.get((TYPE_OF[name], link["id"]), "?") for link in links)
        elif name in {"files", "visual_files"}:
            result["files"] = sorted(file["path"].removeprefix(f"{library}/") for file in value)
        elif name == "chapters":
            result[name] = sorted(value, key=lambda chapter: (chapter["image_index"], chapter["title"]))
        elif name != "id":
            result[name] = value
    return result


def local_dump(database: Path, server: ServerDump) -> str:
    """Dump the tables of a SQLite metadata database, ids of Stash by name, without runs and what they did."""
    lines = []
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        for (table,) in connection.execute(query).fetchall():
            if table not in _HISTORY:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                lines += sorted(f"{table} {_row(table, dict(row), server.names)}" for row in rows)
    return "\n".join(lines)


def _row(table: str, row: dict[str, Any], names: dict[tuple[str, str], str]) -> str:
    if table in _STAMPED and row.get("stash_id") is not None:
        # A scene and an image may have the same id.
        kind = "Scene" if str(row.get("mimetype")).startswith("video/") else _STAMPED[table]
        row["stash_id"] = names.get((kind, str(row["stash_id"])), "?")
    if table == "sync_entity":
        content = json.loads(row.pop("seen_and_wrote"))
        row["content"] = {part: _named(fields, names) for part, fields in content.items()}
        (row["stash_id"],) = _called(row["type"], [row["stash_id"]], names)
        del row["server_id"], row["created_at"], row["updated_at"]
    if table == "sync_part":
        # How the part stood in Stash is a digest and a list of ids, of more or fewer tags that stand anyway.
        row["outcome"] = json.loads(row.pop("content"))["outcome"]
        del row["server_id"], row["standing"]
    return json.dumps(row, sort_keys=True, default=repr)


def _named(fields: dict[str, Any], names: dict[tuple[str, str], str]) -> dict[str, Any]:
    result = {}
    for name, value in fields.items():
        if name not in TYPE_OF:
            result[name] = value
        else:
            result[name] = _called(TYPE_OF[name], value if isinstance(value, list) else [value], names)
    return result


def _called(kind: str, ids: Iterable[Any], names: dict[tuple[str, str], str]) -> list[str]:
    # Chapters are dumped with their gallery, and have no names of their own.
    return sorted(names.get((kind, str(one)), "?" if kind == "GalleryChapter" else str(one)) for one in ids)


def is_sound(database: Path) -> bool:
    """Whether SQLite finds nothing wrong with a database."""
    with closing(sqlite3.connect(database)) as connection:
        checked = connection.execute("PRAGMA integrity_check").fetchall()
        return checked == [("ok",)] and not connection.execute("PRAGMA foreign_key_check").fetchall()
