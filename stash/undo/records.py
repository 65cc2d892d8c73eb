"""The baselines before and after an undo: marks of what it took, new ids of what it made again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import GalleryChapter

from stash.changes.net_changes import (
    RESTORED_CHAPTER,
    comparable,
    fields_with_ids,
    target_of,
    with_new_ids,
    without,
)
from stash.journal import ENTITY_ITSELF, UndoMark
from stash.reconcile.merge_result import instant_text
from stash.undo.plan import OF_STASH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import Baseline, SourceKey
    from stash.store.entity_types import Entity

    type Writeback = tuple[str, int, int | None]
    type Marks = Mapping[EntityRef, Mapping[str, UndoMark]]

_STAMPED = {
    ("Performer", "account"): "accounts",
    ("Gallery", "post"): "posts",
    ("Gallery", "message"): "messages",
}
"""The downloader's tables whose rows have a Stash id, by type and kind of key."""

_NOT_CREATED = OF_STASH | {"chapters", "scenes", "child_studios", "children"}
"""Fields that a creation does not take, or that belong to other entities."""


def recreation_fields(change: NetChange, fields: Mapping[str, Any], picture: str | None) -> dict[str, Any]:
    """Return the fields that make a deleted entity again, whoever wrote them."""
    kept = {
        name: value
        for name, value in sorted(fields.items())
        if name not in _NOT_CREATED and value not in (None, "", [], {}, False)
    }
    if picture is not None:
        kept["image"] = picture
    if "images" in change.fields:
        kept["images"] = change.fields["images"].after
    return kept


def baselines_before(baselines: Iterable[Baseline], marks: Marks) -> Iterator[Baseline]:
    """Return the baselines to store before the first mutation: no sync writes again what is about to be undone."""
    for baseline in baselines:
        known = dict(baseline.undo_marks)
        for name, mark in marks.get((baseline.type, baseline.stash_id), {}).items():
            earlier = known.get(name)
            if earlier is not None and isinstance(mark.taken, list):
                pairs = zip(earlier, mark, strict=True)
                known[name] = UndoMark(*([*dict.fromkeys([*old, *new])] for old, new in pairs))
            else:
                known[name] = combined(earlier, mark) or known[name]
        if known != baseline.undo_marks:
            yield baseline._replace(undo_marks=known)


def baselines_after(
    baselines: Iterable[Baseline],
    marks: Marks,
    recreated: Mapping[EntityRef, Entity],
    deleted: Collection[EntityRef] = (),
) -> Iterator[Baseline]:
    """Return the baselines after the last mutation. An entity that was made again has its new id and no mark.

    A pruned chapter that an undo restored, and that is deleted once more, counts as pruned.
    """
    ids = {ref: entity.id for ref, entity in recreated.items()}
    for baseline in baselines:
        ref = baseline.type, baseline.stash_id
        if ref in deleted and RESTORED_CHAPTER in baseline.undo_marks:
            yield baseline._replace(stash_id="", undo_marks={})
            continue
        known = dict(baseline.undo_marks)
        for name, mark in marks.get(ref, {}).items():
            result = combined(known.pop(name, None), mark)
            if result is not None:
                known[name] = result
        after = _with_new_ids(baseline._replace(undo_marks=known), ids)
        yield baseline_of_recreated(after, recreated[ref]) if ref in recreated else after


def baseline_of_recreated(baseline: Baseline, entity: Entity) -> Baseline:
    """Return the baseline of an entity that was made again. A chapter may stand at another image than before."""
    applied = dict(baseline.last_applied)
    if isinstance(entity, GalleryChapter) and "image_index" in applied:
        applied["image_index"] = str(entity.image_index)
    return baseline._replace(
        last_applied=applied,
        stash_id=entity.id,
        created_at=instant_text(entity.created_at),
        undo_marks={name: mark for name, mark in baseline.undo_marks.items() if name != ENTITY_ITSELF},
    )


def baselines_of_restored_chapters(
    pruned: Iterable[Baseline], recreated: Mapping[SourceKey, Entity]
) -> list[Baseline]:
    """Return the baselines of the chapters that a sync had pruned and that an undo made again: `--redo` prunes those."""
    return [
        baseline_of_recreated(baseline, recreated[baseline.key])._replace(
            undo_marks={RESTORED_CHAPTER: UndoMark(None, "")}
        )
        for baseline in pruned
        if not baseline.stash_id
    ]


def _with_new_ids(baseline: Baseline, ids: Mapping[EntityRef, str]) -> Baseline:
    kind = baseline.type
    marks = {
        name: UndoMark(*(with_new_ids(target_of(kind, name), value, ids) for value in mark))
        for name, mark in baseline.undo_marks.items()
    }
    return baseline._replace(
        known_members=fields_with_ids(kind, baseline.known_members, ids),
        last_applied=fields_with_ids(kind, baseline.last_applied, ids),
        undo_marks=marks,
    )


def combined(known: UndoMark | None, mark: UndoMark) -> UndoMark | None:
    """Return the mark of two successive undos of a field. None where the second restored what the first took."""
    if isinstance(mark.taken, list):
        had = known or UndoMark([], [])
        taken = without(dict.fromkeys([*had.taken, *without(mark.taken, had.left)]), mark.left)
        left = without(dict.fromkeys([*had.left, *without(mark.left, had.taken)]), mark.taken)
        return UndoMark(taken, left) if taken or left else None
    if known is None:
        return mark
    is_restored = comparable(known.taken) == comparable(mark.left)
    return None if is_restored else UndoMark(known.taken, mark.left)


def id_writebacks(
    baselines: Iterable[Baseline], deleted: Collection[EntityRef], recreated: Mapping[EntityRef, Entity]
) -> Iterator[Writeback]:
    """Return the Stash ids to clear or to replace in the downloader's rows."""
    for baseline in baselines:
        table, ref = (
            _STAMPED.get((baseline.type, baseline.key.kind)),
            (baseline.type, baseline.stash_id),
        )
        if table is None or not baseline.key.id.isdecimal():
            continue
        if ref in deleted:
            yield table, int(baseline.key.id), None
        elif ref in recreated:
            yield table, int(baseline.key.id), int(recreated[ref].id)
