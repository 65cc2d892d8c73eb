"""Read from Stash what a run changed, in few wide requests."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from stash.changes.change_set import plain
from stash.changes.net_changes import target_of
from stash.files.content import picture_url
from stash.journal import PICTURES, SourceKey
from stash.reconcile.merge_result import is_remembered
from stash.store.entities import is_stub
from stash.store.entity_types import ENTITY_TYPES
from stash.store.library_internals import received
from stash.undo.edits import members
from stash.undo.plan import DELETABLE, NAMED, StashSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import Baseline, Journal
    from stash.store import StashStore

_KINDS = ("post", "message", "story", "wall")
"""The kinds of items whose galleries may have chapters."""


class SnapshotReader:
    """Reads the entities that a run changed, and those that they link to."""

    def __init__(self, store: StashStore, journal: Journal, changes: Mapping[EntityRef, NetChange]) -> None:
        self._store = store
        self._journal = journal
        self._changes = changes

    async def read(self) -> StashSnapshot:
        """Return the snapshot."""
        found = await self._journal.baselines.of_entities(ids_by_type(self._changes))
        baselines = {(baseline.type, baseline.stash_id): baseline for baseline in found}
        created = [ref for ref, change in self._changes.items() if change.is_created and ref[0] in DELETABLE]
        await self._preload(created, is_complete=True)
        replaced_by = await self._replaced_by()
        linked = [*self._linked(), *await self._galleries_of_chapters(), *replaced_by.values()]
        await self._preload([*self._changes, *linked])
        fields = dict(self._fields(baselines))
        named = [ref for ref in created if ref in fields and ref[0] in NAMED]
        uses = await self._store.uses({name: sorted(ids) for name, ids in ids_by_type(named).items()})
        return StashSnapshot(
            fields,
            uses,
            pictures=await self._pictures(fields, named),
            sent={ref: baseline.last_applied.get("image") for ref, baseline in baselines.items()},
            replaced_by={ref: other for ref, other in replaced_by.items() if other in fields},
            pending_deletes={ref for ref, baseline in baselines.items() if baseline.is_undone},
        )

    async def _preload(self, refs: Iterable[EntityRef], *, is_complete: bool = False) -> None:
        ids = ids_by_type(ref for ref in refs if ref[0] != "GalleryChapter")
        wanted = {ENTITY_TYPES[name].entity: sorted(some) for name, some in ids.items()}
        await self._store.preload_ids(wanted, is_complete=is_complete)

    def _linked(self) -> Iterator[EntityRef]:
        """Find the entities that the run linked or unlinked, or that a deleted entity linked to."""
        for (name, _), change in self._changes.items():
            values = [
                (field, value) for field, one in change.fields.items() for value in (one.before, one.after)
            ]
            for field, value in (*values, *(change.deleted or {}).items()):
                target = target_of(name, field)
                if target is not None:
                    yield from ((target, one) for one in members(value))

    async def _galleries_of_chapters(self) -> list[EntityRef]:
        """Find the galleries of changed chapters, because Stash sends chapters with their galleries only."""
        chapters = [change for ref, change in self._changes.items() if ref[0] == "GalleryChapter"]
        ids = [(change.deleted or {}).get("gallery") for change in chapters]
        ids += [change.fields["gallery"].after for change in chapters if "gallery" in change.fields]
        items = sorted({change.key.id.partition("/")[0] for change in chapters})
        keys = [SourceKey(kind, item) for item in items for kind in _KINDS]
        known = await self._journal.baselines.load_type("Gallery", keys) if keys else {}
        ids += [baseline.stash_id for baseline in known.values()]
        return [("Gallery", one) for one in ids if one]

    async def _replaced_by(self) -> dict[EntityRef, EntityRef]:
        """Find the entities that have the keys of deleted ones now."""
        deleted: defaultdict[str, dict[SourceKey, EntityRef]] = defaultdict(dict)
        for ref, change in self._changes.items():
            if change.deleted is not None:
                deleted[ref[0]][change.key] = ref
        found: dict[EntityRef, EntityRef] = {}
        for name, refs in deleted.items():
            for key, baseline in (await self._journal.baselines.load_type(name, refs)).items():
                if baseline.stash_id not in {"", refs[key][1]} and not baseline.is_undone:
                    found[refs[key]] = name, baseline.stash_id
        return found

    def _fields(self, baselines: Mapping[EntityRef, Baseline]) -> Iterator[tuple[EntityRef, dict[str, Any]]]:
        for name in ("Image", "Scene", "Gallery", "Performer", "Studio", "Tag"):
            for entity in self._store.all_cached(ENTITY_TYPES[name].entity):
                baseline = baselines.get((name, entity.id))
                is_other = baseline and baseline.created_at and not is_remembered(entity, baseline)
                if is_stub(entity) or is_other:  # Stash gives an id again after its database was made anew
                    continue
                known = received(entity) & ENTITY_TYPES[name].fields
                yield (name, entity.id), {field: _plain(entity.__dict__[field]) for field in known}
                for chapter in (entity.__dict__.get("chapters") or ()) if name == "Gallery" else ():
                    fields = {"title": chapter.title, "image_index": chapter.image_index}
                    yield ("GalleryChapter", chapter.id), {**fields, "gallery": entity.id}

    async def _pictures(
        self, fields: Mapping[EntityRef, Mapping[str, Any]], created: Iterable[EntityRef]
    ) -> dict[EntityRef, str | None]:
        """Read the pictures of what the run created, and those that it changed."""
        changed = [ref for ref, change in self._changes.items() if change.fields.keys() & PICTURES]
        found: dict[EntityRef, str | None] = {}
        for name, entity_id in dict.fromkeys([*created, *changed]):
            path = fields.get((name, entity_id), {}).get("image_path") or ""
            if path and "default=true" not in path:
                shown = await self._store.connection.picture(name.lower(), entity_id)
                found[name, entity_id] = picture_url(shown) if shown is not None else None
        return found


def ids_by_type(refs: Iterable[EntityRef]) -> dict[str, set[str]]:
    """Group ids by the type of their entities."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, entity_id in refs:
        found[name].add(entity_id)
    return dict(found)


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict) else plain(value)
