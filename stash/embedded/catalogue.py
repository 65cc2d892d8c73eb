"""Catalogue of the filters' criteria, and the condition that each builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import criteria
from .criteria import (
    count,
    custom_fields,
    flag,
    listed_text,
    number,
    of_files,
    of_fingerprint,
    orientation,
    partial_date,
    resolution,
    text,
    text_condition,
)
from .entities import Link
from .errors import ResolverError
from .relatives import linked, reference
from .sql import TRUE, Clause, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .criteria import Criterion

_TAGS = ("tag_parent", "parent_id", "child_id")
_STUDIOS = ("studio", "parent_id", "id")


def path(given: dict[str, Any]) -> Clause:
    """Compare the whole path of a file."""
    return text_condition("file.path", given)


def _missing(noun: str, tables: Mapping[str, str]) -> Criterion:
    """Build the is_missing criterion: a list or link by its table, anything else by its column."""

    def missing(name: str) -> Clause:
        if not name:
            return TRUE
        if name in tables:
            return Clause(f"{noun}.id NOT IN ({select(f'{noun}_id', tables[name])})")
        column = {"studio": "studio_id", "rating100": "rating"}.get(name, name)
        if not column.isidentifier():
            raise ResolverError(f"cannot tell whether {name} is missing")
        return Clause(f"{noun}.{column} IS NULL OR trim({noun}.{column}) = ''")

    return missing


def _times(noun: str) -> dict[str, Criterion]:
    return {name: number(f"{noun}.{name}") for name in ("created_at", "updated_at")}


def _people(noun: str) -> dict[str, Criterion]:
    """Build the criteria on an entity's tags and performers, and on the performers' tags."""
    link = {name: Link(f"{noun}_{name}", f"{noun}_id", f"{name}_id") for name in ("tag", "performer")}
    return {
        "tags": linked(noun, link["tag"], _TAGS),
        "tag_count": count(noun, f"{noun}_tag"),
        "performers": linked(noun, link["performer"]),
        "performer_count": count(noun, f"{noun}_performer"),
        "performer_tags": linked(
            noun,
            Link(
                f"{noun}_performer JOIN performer_tag USING (performer_id)",
                f"{noun}_id",
                "performer_tag.tag_id",
            ),
            _TAGS,
        ),
        "performer_favorite": lambda given: Clause(
            f"{noun}.id {'' if given else 'NOT '}IN "
            f"({select(f'{noun}_id', f'{noun}_performer JOIN performer ON performer.id = performer_id', 'favorite')})"
        ),
    }


def _media(noun: str) -> dict[str, Criterion]:
    """Build the criteria that images, scenes and galleries share."""
    return {
        **_times(noun),
        **{name: text(f"{noun}.{name}") for name in ("title", "code", "details")},
        "id": number(f"{noun}.id"),
        "path": of_files(noun, path),
        "checksum": of_fingerprint(noun, "md5"),
        "file_count": count(noun, f"{noun}_file"),
        "rating100": number(f"{noun}.rating"),
        "organized": flag(f"{noun}.organized"),
        "date": partial_date(f"{noun}.date"),
        "url": listed_text(noun, "url"),
        "resolution": of_files(noun, resolution),
        "orientation": lambda given: of_files(noun, orientation)({**given, "modifier": "EQUALS"}),
        **_people(noun),
        "studios": reference(f"{noun}.studio_id", _STUDIOS),
        "is_missing": _missing(
            noun,
            {"url": f"{noun}_url", "tags": f"{noun}_tag", "performers": f"{noun}_performer"}
            | {"image": {"galleries": "gallery_image"}, "scene": {"galleries": "scene_gallery"}}.get(
                noun, {}
            ),
        ),
    }


def _related(noun: str, **tables: str) -> dict[str, tuple[str, str]]:
    """Build the sub-filters that ask for related entities: by a link's table, or by our studio_id."""
    found = {}
    for other, table in tables.items():
        key = "studios" if other == "studio" else "galleries" if other == "gallery" else f"{other}s"
        if table == "column":
            sql = f"{noun}.studio_id IN ({{}})"
        elif table == "backwards":
            sql = f"{noun}.id IN ({select('studio_id', other, 'id IN ({})')})"
        else:
            sql = f"{noun}.id IN ({select(f'{noun}_id', table, f'{other}_id IN ({{}})')})"
        found[f"{key}_filter"] = (other, sql)
    return found


def _collection(noun: str) -> dict[str, Criterion]:
    """Build the criteria that performers, studios and tags share."""
    counts = {f"{other}_count": count(noun, f"{other}_{noun}") for other in ("scene", "image", "gallery")}
    if noun == "studio":
        counts = {f"{other}_count": count(noun, other) for other in ("scene", "image", "gallery")}
    return {
        **_times(noun),
        **counts,
        "name": text(f"{noun}.name"),
        "aliases": listed_text(noun, "alias"),
        "ignore_auto_tag": flag(f"{noun}.ignore_auto_tag"),
        "stash_id_endpoint": criteria.stash_id(noun),
        "is_missing": _missing(
            noun,
            {"aliases": f"{noun}_alias", "stash_id": f"{noun}_stash_id"}
            | ({} if noun == "tag" else {"url": f"{noun}_url", "tags": f"{noun}_tag"}),
        ),
    }


_PERFORMER_TEXTS = (
    "disambiguation", "details", "ethnicity", "country", "eye_color", "measurements", "fake_tits", "career_length",
    "tattoos", "piercings", "hair_color",
)  # fmt: skip

CRITERIA: dict[str, dict[str, Criterion]] = {
    "image": {
        **_media("image"),
        "photographer": text("image.photographer"),
        "o_counter": number("image.o_counter"),
        "galleries": linked("image", Link("gallery_image", "image_id", "gallery_id")),
    },
    "scene": {
        **_media("scene"),
        "director": text("scene.director"),
        "oshash": of_fingerprint("scene", "oshash"),
        "phash": of_fingerprint("scene", "phash"),
        "o_counter": count("scene", "scene_o"),
        "play_count": count("scene", "scene_play"),
        "duration": of_files("scene", number("cast(file.duration AS INTEGER)")),
        "framerate": of_files("scene", number("cast(round(file.frame_rate) AS INTEGER)")),
        "bitrate": of_files("scene", number("file.bit_rate")),
        "video_codec": of_files("scene", text("file.video_codec")),
        "audio_codec": of_files("scene", text("file.audio_codec")),
        "resume_time": number("cast(scene.resume_time AS INTEGER)"),
        "play_duration": number("cast(scene.play_duration AS INTEGER)"),
        "galleries": linked("scene", Link("scene_gallery", "scene_id", "gallery_id")),
        "stash_id_endpoint": criteria.stash_id("scene"),
    },
    "gallery": {
        **_media("gallery"),
        "photographer": text("gallery.photographer"),
        "image_count": count("gallery", "gallery_image"),
        "scenes": linked("gallery", Link("scene_gallery", "gallery_id", "scene_id")),
        "is_zip": lambda given: Clause(
            f"gallery.id {'' if given else 'NOT '}IN ({select('gallery_id', 'gallery_file')})"
        ),
        "has_chapters": lambda given: Clause(
            f"gallery.id {'' if given == 'true' else 'NOT '}IN ({select('gallery_id', 'chapter')})"
        ),
    },
    "performer": {
        **_collection("performer"),
        **{name: text(f"performer.{name}") for name in _PERFORMER_TEXTS},
        "gender": criteria.choice("performer.gender"),
        "circumcised": criteria.choice("performer.circumcised"),
        "filter_favorites": flag("performer.favorite"),
        "rating100": number("performer.rating"),
        "height_cm": number("performer.height_cm"),
        "weight": number("performer.weight"),
        "penis_length": number("performer.penis_length"),
        "birthdate": partial_date("performer.birthdate"),
        "death_date": partial_date("performer.death_date"),
        "birth_year": number("cast(substr(performer.birthdate, 1, 4) AS INTEGER)"),
        "death_year": number("cast(substr(performer.death_date, 1, 4) AS INTEGER)"),
        "url": listed_text("performer", "url"),
        "tags": linked("performer", Link("performer_tag", "performer_id", "tag_id"), _TAGS),
        "tag_count": count("performer", "performer_tag"),
        "custom_fields": custom_fields("performer"),
    },
    "studio": {
        **_collection("studio"),
        "details": text("studio.details"),
        "favorite": flag("studio.favorite"),
        "rating100": number("studio.rating"),
        "url": listed_text("studio", "url"),
        "parents": reference("studio.parent_id"),
        "child_count": lambda given: criteria.comparison(
            f"({select('count(*)', 'studio AS child', 'child.parent_id = studio.id')})", given
        ),
        "tags": linked("studio", Link("studio_tag", "studio_id", "tag_id"), _TAGS),
        "tag_count": count("studio", "studio_tag"),
    },
    "tag": {
        **_collection("tag"),
        "sort_name": text("tag.sort_name"),
        "description": text("tag.description"),
        "favorite": flag("tag.favorite"),
        "performer_count": count("tag", "performer_tag"),
        "studio_count": count("tag", "studio_tag"),
        "parents": linked("tag", Link("tag_parent", "child_id", "parent_id"), _TAGS),
        "children": linked("tag", Link("tag_parent", "parent_id", "child_id")),
        "parent_count": count("tag", "tag_parent", "child_id"),
        "child_count": count("tag", "tag_parent", "parent_id"),
    },
    "file": {
        **_times("file"),
        "path": path,
        "basename": text("file.basename"),
        "dir": lambda given: Clause(
            f"file.folder_id IN ({select('id', 'folder', (inner := text_condition('folder.path', given)).sql)})",
            inner.parameters,
        ),
        "mod_time": number("file.mod_time"),
        "parent_folder": reference("file.folder_id", ("folder", "parent_id", "id")),
        "scene_count": count("file", "scene_file"),
        "image_count": count("file", "image_file"),
        "gallery_count": count("file", "gallery_file"),
    },
    "folder": {
        **_times("folder"),
        "path": text("folder.path"),
        "mod_time": number("folder.mod_time"),
        "parent_folder": reference("folder.parent_id", ("folder", "parent_id", "id")),
    },
}

RELATED: dict[str, dict[str, tuple[str, str]]] = {
    "image": _related(
        "image", gallery="gallery_image", performer="image_performer", studio="column", tag="image_tag", file="image_file"
    ),
    "scene": _related(
        "scene", gallery="scene_gallery", performer="scene_performer", studio="column", tag="scene_tag", file="scene_file"
    ),
    "gallery": _related(
        "gallery", scene="scene_gallery", image="gallery_image", performer="gallery_performer", studio="column",
        tag="gallery_tag", file="gallery_file",
    ),
    "performer": _related(
        "performer", scene="scene_performer", image="image_performer", gallery="gallery_performer", tag="performer_tag"
    ),
    "studio": _related("studio", scene="backwards", image="backwards", gallery="backwards"),
    "tag": _related("tag", scene="scene_tag", image="image_tag", gallery="gallery_tag"),
    "file": _related("file", scene="scene_file", image="image_file", gallery="gallery_file"),
}  # fmt: skip
