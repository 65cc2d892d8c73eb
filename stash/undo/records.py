"""What is remembered of what undo takes back, and of what it makes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.changes.net_changes import declined_by, renamed
from stash.journal import ENTITY_ITSELF, Baseline, UndoMark
from stash.reconcile.merge_result import instant_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.store.entity_types import Entity

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


def remains_of(effect: NetChange, fields: Mapping[str, Any], picture: str | None) -> dict[str, Any]:
    """Return what it takes to make an entity again that is about to be taken out, whoever wrote it."""
    was = {name: value for name, value in sorted(fields.items()) if name not in _OF_STASH}
    was = {name: value for name, value in was.items() if value not in (None, "", [], {}, False)}
    if picture is not None:
        was["image"] = picture
    if "images" in effect.turns:
        was["images"] = effect.turns["images"].after
    return was


def noted_before(
    baselines: Iterable[Baseline], declined: Mapping[EntityRef, Mapping[str, UndoMark]]
) -> Iterator[Baseline]:
    """Return what is to be remembered before anything is sent: what is about to be taken is declined already."""
    for baseline in baselines:
        marks = dict(baseline.undo_marks)
        for name, mark in declined.get((baseline.type, baseline.stash_id), {}).items():
            known = marks.get(name)
            if known is not None and isinstance(mark.taken, list):
                marks[name] = UndoMark(
                    *([*dict.fromkeys([*old, *new])] for old, new in zip(known, mark, strict=True))
                )
            else:
                marks[name] = declined_by(known, *mark) or marks[name]
        if marks != baseline.undo_marks:
            yield baseline._replace(undo_marks=marks)


def noted_after(
    baselines: Iterable[Baseline],
    declined: Mapping[EntityRef, Mapping[str, UndoMark]],
    made: Mapping[EntityRef, Entity],
) -> Iterator[Baseline]:
    """Return what is to be remembered once it is done: what was brought again is declined no more, and has its new id."""
    ids = {place: entity.id for place, entity in made.items()}
    for baseline in baselines:
        place = baseline.type, baseline.stash_id
        marks = dict(baseline.undo_marks)
        for name, mark in declined.get(place, {}).items():
            combined = declined_by(marks.pop(name, None), *mark)
            if combined is not None:
                marks[name] = combined
        result = _with_ids(baseline._replace(undo_marks=marks), ids)
        yield _made_again(result, made[place]) if place in made else result


def _made_again(baseline: Baseline, entity: Entity) -> Baseline:
    return baseline._replace(
        stash_id=entity.id,
        created_at=instant_text(entity.created_at),
        undo_marks={name: mark for name, mark in baseline.undo_marks.items() if name != ENTITY_ITSELF},
    )


def _with_ids(baseline: Baseline, ids: Mapping[EntityRef, str]) -> Baseline:
    """A memory with the new ids of what was made again."""
    if not ids:
        return baseline

    def of(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: renamed(baseline.type, name, value, ids) for name, value in fields.items()}

    marks = {
        name: UndoMark(*(renamed(baseline.type, name, value, ids) for value in mark))
        for name, mark in baseline.undo_marks.items()
    }
    return baseline._replace(
        known_members=of(baseline.known_members), last_applied=of(baseline.last_applied), undo_marks=marks
    )


def stamps_of(
    baselines: Iterable[Baseline], gone: Collection[EntityRef], made: Mapping[EntityRef, Entity]
) -> Iterator[Stamp]:
    """The downloader's rows that are to carry no id any more, or a new one."""
    for baseline in baselines:
        table = _STAMPED.get((baseline.type, baseline.key.kind))
        place = baseline.type, baseline.stash_id
        if table is None or not baseline.key.id.isdecimal():
            continue
        if place in gone:
            yield table, int(baseline.key.id), None
        elif place in made:
            yield table, int(baseline.key.id), int(made[place].id)
