"""Performers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .database import id_list
from .entities import Link, Noun, change, counted, create, destroy, entity_id_of, listed, members, require
from .errors import ResolverError
from .execution import Kind
from .finding import Finder, everything, result_loaders
from .naming import check_performer
from .pictures import image_path, stash_ids, write_picture, write_stash_ids
from .relations import empty, first_url, tags_of
from .sql import IN_IDS, delete, insert, select
from .values import to_ints

if TYPE_CHECKING:
    from .context import Context
    from .execution import Args

_TEXTS = (
    "name", "disambiguation", "ethnicity", "country", "eye_color", "measurements", "fake_tits", "career_length",
    "tattoos", "piercings", "details", "hair_color",
)  # fmt: skip
_NUMBERS = ("height_cm", "weight", "penis_length")
_LONGEST_FIELD = 64

PERFORMER = Noun(
    "performer",
    texts=frozenset(_TEXTS),
    dates=frozenset({"birthdate", "death_date"}),
    plain={
        **{name: name for name in (*_NUMBERS, "gender", "circumcised", "favorite", "ignore_auto_tag")},
        "rating100": "rating",
    },
    lists={"urls": "url", "alias_list": "alias"},
    links={"tag_ids": Link("performer_tag", "performer_id", "tag_id")},
)
_SCENES, _IMAGES, _GALLERIES = (
    Link(f"{noun}_performer", "performer_id", f"{noun}_id") for noun in ("scene", "image", "gallery")
)
FINDER = Finder(
    "performer",
    "performer_filter",
    ("name LIKE ?", "id IN (SELECT performer_id FROM performer_alias WHERE alias LIKE ?)"),
    {
        "name": "natural_key(performer.name)",
        "height": "performer.height_cm",
        "tag_count": "(SELECT count(*) FROM performer_tag WHERE performer_id = performer.id)",
        **{
            name: f"performer.{name}"
            for name in (
                "birthdate", "career_length", "created_at", "id", "measurements", "penis_length", "rating",
                "updated_at", "weight",
            )
        },
        **{
            f"{plural}_count": "(" + select("count(*)", f"{noun}_performer", "performer_id = performer.id") + ")"
            for noun, plural in (("scene", "scenes"), ("image", "images"), ("gallery", "galleries"))
        },
    },
    sort="name",
)  # fmt: skip


def _create(context: Context, args: Args) -> int:
    given = _with_handles(args["input"])
    check_performer(context, PERFORMER, given)
    _check_dates(given)
    performer_id = create(context, PERFORMER, given)
    write_picture(context, PERFORMER, performer_id, given)
    write_stash_ids(context, PERFORMER, performer_id, given)
    _write_custom_fields(context, performer_id, given.get("custom_fields") or {}, [])
    return performer_id


def update_one(context: Context, performer_id: int, given: Args) -> None:
    """Write what an input mentions to one performer.

    Raises:
        ResolverError: there is none of that id, or a name, alias, date, picture or custom field is refused.
    """
    require(context, PERFORMER, performer_id)
    if "urls" in given:
        for name in ("url", "twitter", "instagram"):
            if name in given:
                raise ResolverError(f"{name} field must not be included if urls is included")
    else:
        given = _with_handles(given)
    check_performer(context, PERFORMER, given, performer_id)
    change(context, PERFORMER, performer_id, given)
    write_picture(context, PERFORMER, performer_id, given)
    write_stash_ids(context, PERFORMER, performer_id, given)
    change_custom_fields(context, performer_id, given.get("custom_fields") or {})


def change_custom_fields(context: Context, performer_id: int, given: dict[str, Any]) -> None:
    """Write custom fields: all of them (`full`), some (`partial`), or none of the keys in `remove`.

    Raises:
        ResolverError: a name is empty, too long or not trimmed, or a value is a list or an object.
    """
    full, removed = given.get("full"), given.get("remove") or []
    values = (given.get("partial") if full is None else full) or {}
    for name in values:
        _check_custom_field(name, removed)
    if full is not None:
        context.database.run(delete("performer_custom_field", "performer_id = ?"), (performer_id,))
    _write_custom_fields(context, performer_id, values, removed)


def _write_custom_fields(
    context: Context, performer_id: int, values: dict[str, Any], removed: list[str]
) -> None:
    for name, value in values.items():
        if isinstance(value, dict | list):
            kind = "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"
            reason = f"unsupported custom field value type: {kind}"
            raise ResolverError(f'getting SQL value for field "{name}": {reason}')
    sql = insert("performer_custom_field", "performer_id", "field", "value", verb="INSERT OR REPLACE")
    kept = [(performer_id, name, value) for name, value in values.items() if value is not None]
    context.database.run_many(sql, kept)
    where = f"performer_id = ? AND field {IN_IDS}"
    context.database.run(delete("performer_custom_field", where), (performer_id, json.dumps(removed)))


def _check_custom_field(name: str, removed: list[str]) -> None:
    what = f'custom field name "{name}"'
    if not name.strip():
        raise ResolverError(f"{what}: custom field name cannot be empty")
    if name != name.strip():
        raise ResolverError(f"{what}: custom field name cannot have leading or trailing whitespace")
    if len(name.encode()) > _LONGEST_FIELD:
        raise ResolverError(f"{what}: custom field name must be less than {_LONGEST_FIELD + 1} characters")
    if name in removed:
        raise ResolverError(f"{what} cannot be in both values and delete keys")


def _with_handles(given: Args) -> Args:
    """Turn the deprecated url, twitter and instagram into urls, as their first ones."""
    urls = [given["url"]] if given.get("url") else []
    handles = {name: given[name] for name in ("twitter", "instagram") if given.get(name)}
    urls += [
        handle if "://" in handle else f"https://{name}.com/{handle.strip()}"
        for name, handle in handles.items()
    ]
    return {**given, "urls": [*urls, *(given.get("urls") or ())]} if urls else given


def _check_dates(given: Args) -> None:
    born, died = given.get("birthdate"), given.get("death_date")
    if born and died and born > died:
        raise ResolverError(f"death date {died} should be after birthdate {born}")


def _update(context: Context, args: Args) -> int:
    performer_id = entity_id_of(args["input"])
    update_one(context, performer_id, args["input"])
    return performer_id


def _bulk_update(context: Context, args: Args) -> list[int]:
    given = dict(args["input"])
    ids = to_ints(given.pop("ids", None), "converting ids")
    for performer_id in ids:
        update_one(context, performer_id, given)
    return ids


def _destroy(context: Context, args: Args) -> bool:
    ids = [args["input"]["id"]] if "input" in args else args["ids"]
    destroy(context, PERFORMER, to_ints(ids, "converting ids"))
    return True


def _custom_fields(context: Context, ids: list[int], _args: Args) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {performer_id: {} for performer_id in ids}
    sql = select("performer_id, field, value", "performer_custom_field", f"performer_id {IN_IDS}")
    for performer_id, name, value in context.database.rows(sql, (id_list(found),)):
        found[performer_id][name] = value
    return [found[performer_id] for performer_id in ids]


_O_COUNTER = (
    "(SELECT coalesce(sum(o_counter), 0) FROM image_performer JOIN image ON image.id = image_id "
    "WHERE performer_id = performer.id) + "
    "(SELECT count(*) FROM scene_performer JOIN scene_o USING (scene_id) WHERE performer_id = performer.id)"
)

KINDS = {
    "Performer": Kind(
        "performer",
        columns={
            **{name: f"coalesce({name}, '')" for name in _TEXTS},
            **{
                name: name
                for name in (*_NUMBERS, "id", "gender", "circumcised", "favorite", "ignore_auto_tag")
            },
            **{name: name for name in ("birthdate", "death_date", "created_at", "updated_at")},
            "rating100": "rating",
            "group_count": "0",
            "movie_count": "0",
            "o_counter": _O_COUNTER,
        },
        loaders={
            "url": first_url("performer"),
            "urls": listed("performer", "url"),
            "alias_list": listed("performer", "alias"),
            "tags": tags_of("performer"),
            "stash_ids": stash_ids("performer"),
            "image_path": image_path("performer"),
            "scenes": members(_SCENES),
            "scene_count": counted(_SCENES),
            "image_count": counted(_IMAGES),
            "gallery_count": counted(_GALLERIES),
            "groups": empty,
            "movies": empty,
            "custom_fields": _custom_fields,
        },
    ),
    "FindPerformersResultType": Kind(loaders=result_loaders("performers")),
}
QUERIES = {"findPerformers": FINDER.query, "findPerformer": FINDER.one, "allPerformers": everything(FINDER)}
MUTATIONS = {
    "performerCreate": _create,
    "performerUpdate": _update,
    "performerDestroy": _destroy,
    "performersDestroy": _destroy,
    "bulkPerformerUpdate": _bulk_update,
}
