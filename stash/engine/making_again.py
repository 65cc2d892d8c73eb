"""What is remembered of what undo takes back, and of what it makes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.engine.effects import declined_by, renamed
from stash.engine.wishes import instant_text
from stash.journal import GONE, Declined, Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stash.engine.effects import Effect, Place
    from stash.store.kinds import Entity

    type Stamp = tuple[str, int, int | None]

_STAMPED = {
    ("Performer", "account"): "accounts",
    ("Gallery", "post"): "posts",
    ("Gallery", "message"): "messages",
}
"""By type and kind of key: whose rows carry its id."""


_OF_STASH = frozenset(
    {
        *(
            "id",
            "created_at",
            "updated_at",
            "image_path",
            "image_count",
            "folder",
            "files",
            "chapters",
            "scenes",
        ),
        *("child_studios", "children"),
    }
)
"""Fields that a creation does not take, or that others lead to."""


def remains_of(effect: Effect, fields: Mapping[str, Any], picture: str | None) -> dict[str, Any]:
    """Return what it takes to make an entity again that is about to be taken out, whoever wrote it."""
    was = {name: value for name, value in sorted(fields.items()) if name not in _OF_STASH}
    was = {name: value for name, value in was.items() if value not in (None, "", [], {}, False)}
    if picture is not None:
        was["image"] = picture
    if "images" in effect.turns:
        was["images"] = effect.turns["images"].after
    return was


def noted_before(
    memories: Iterable[Memory], declined: Mapping[Place, Mapping[str, Declined]]
) -> Iterator[Memory]:
    """Return what is to be remembered before anything is sent: what is about to be taken is declined already."""
    for memory in memories:
        marks = dict(memory.declined)
        for name, mark in declined.get((memory.type, memory.stash_id), {}).items():
            known = marks.get(name)
            if known is not None and isinstance(mark.taken, list):
                marks[name] = Declined(
                    *([*dict.fromkeys([*old, *new])] for old, new in zip(known, mark, strict=True))
                )
            else:
                marks[name] = declined_by(known, *mark) or marks[name]
        if marks != memory.declined:
            yield memory._replace(declined=marks)


def noted_after(
    memories: Iterable[Memory],
    declined: Mapping[Place, Mapping[str, Declined]],
    made: Mapping[Place, Entity],
) -> Iterator[Memory]:
    """Return what is to be remembered once it is done: what was brought again is declined no more, and has its new id."""
    ids = {place: entity.id for place, entity in made.items()}
    for memory in memories:
        place = memory.type, memory.stash_id
        marks = dict(memory.declined)
        for name, mark in declined.get(place, {}).items():
            combined = declined_by(marks.pop(name, None), *mark)
            if combined is not None:
                marks[name] = combined
        result = _with_ids(memory._replace(declined=marks), ids)
        yield _made_again(result, made[place]) if place in made else result


def _made_again(memory: Memory, entity: Entity) -> Memory:
    return memory._replace(
        stash_id=entity.id,
        created_at=instant_text(entity.created_at),
        declined={name: mark for name, mark in memory.declined.items() if name != GONE},
    )


def _with_ids(memory: Memory, ids: Mapping[Place, str]) -> Memory:
    """A memory with the new ids of what was made again."""
    if not ids:
        return memory

    def of(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: renamed(memory.type, name, value, ids) for name, value in fields.items()}

    marks = {
        name: Declined(*(renamed(memory.type, name, value, ids) for value in mark))
        for name, mark in memory.declined.items()
    }
    return memory._replace(seen=of(memory.seen), wrote=of(memory.wrote), declined=marks)


def stamps_of(
    memories: Iterable[Memory], gone: Collection[Place], made: Mapping[Place, Entity]
) -> Iterator[Stamp]:
    """The downloader's rows that are to carry no id any more, or a new one."""
    for memory in memories:
        table = _STAMPED.get((memory.type, memory.key.kind))
        place = memory.type, memory.stash_id
        if table is None or not memory.key.id.isdecimal():
            continue
        if place in gone:
            yield table, int(memory.key.id), None
        elif place in made:
            yield table, int(memory.key.id), int(made[place].id)
