"""Queue in the store what a plan asks for. Nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.changes.net_changes import target_of
from stash.files.content import digest_of_url
from stash.journal import PICTURES
from stash.reconcile.merge_result import MergeResult, Picture
from stash.store import Change
from stash.store.delete import ORDER
from stash.store.entity_types import ENTITY_TYPES
from stash.undo.records import recreation_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.store import StashStore
    from stash.store.entity_types import Entity
    from stash.undo.plan import StashSnapshot, UndoPlan

REASON_UNDONE = "taken back"

_SEPARATE = PICTURES | {"images", "cover"}
"""Fields that are written after the creation."""


@dataclass
class StagedUndo:
    """The merge result of each entity, the entities made again by their old ids, and the deletions."""

    results: dict[Entity, MergeResult] = field(default_factory=dict)
    recreated: dict[EntityRef, Entity] = field(default_factory=dict)
    deletes: list[Change] = field(default_factory=list)


class UndoStage:
    """Queues the writes of one plan."""

    def __init__(self, store: StashStore, snapshot: StashSnapshot, plan: UndoPlan) -> None:
        self._store = store
        self._stash_now = snapshot
        self._plan = plan
        self._recreates = {change.ref: change for change in plan.recreates}
        self.staged = StagedUndo()

    async def fill(self, changes: Iterable[NetChange]) -> StagedUndo:
        """Queue creations and writes. Return them with the deletions, which are sent last."""
        recreated = self.staged.recreated
        for ref, other in self._stash_now.replaced_by.items():
            recreated[ref] = self._entity(other)
        for name in reversed([name for name in ORDER if name != "GalleryChapter"]):  # a chapter has no key
            await self._find_recreated(name)
        for name in reversed(ORDER):
            for ref in [ref for ref in self._recreates if ref[0] == name]:
                self._entity(ref)
        for change in changes:
            entity = recreated.get(change.ref) or self._store.entry(*change.ref)
            if entity is not None:
                names = [*self._plan.writes.get(change.ref, ()), "images"]
                self.staged.results[entity] = MergeResult(
                    entity, change.key, reasons=dict.fromkeys(names, REASON_UNDONE)
                )
        self._write()
        self.staged.deletes = [self._deletion(change) for change in self._plan.deletes]
        return self.staged

    # --- entities ---

    def _entity(self, ref: EntityRef) -> Entity:
        """Return the entity of a ref. Make it again, with the entities that it links to, if it was deleted."""
        entity = self.staged.recreated.get(ref)
        if entity is None and ref in self._recreates:
            entity = self.staged.recreated[ref] = self._recreated(self._recreates[ref])
        entity = entity or self._store.entry(*ref)
        assert entity is not None  # noqa: S101 - a plan links only to what stands or is made again
        return entity

    async def _find_recreated(self, name: str) -> None:
        """Find the entities that an interrupted undo has made again already."""
        key = str(ENTITY_TYPES[name].key)
        deleted = {ref: change.deleted or {} for ref, change in self._recreates.items() if ref[0] == name}
        keys = [fields[key] for fields in deleted.values() if fields.get(key)]
        lookup: dict[str, Any] = {f"{key}__in": keys}
        found = await self._store.preload(ENTITY_TYPES[name].entity, **lookup) if keys else []
        for ref, fields in deleted.items():
            for entity in found:
                if fields.get(key) and is_recreated(entity, key, fields):
                    self.staged.recreated[ref] = entity

    def _recreated(self, change: NetChange) -> Entity:
        name, deleted = change.ref[0], change.deleted or {}
        fields = {
            field: self._value(name, field, value)
            for field, value in deleted.items()
            if field not in _SEPARATE
        }
        if name == "GalleryChapter":
            chapters = fields["gallery"].chapters
            for one in chapters if isinstance(chapters, list) else ():
                if isinstance(one, GalleryChapter) and (one.title, one.image_index) == (
                    fields["title"],
                    fields["image_index"],
                ):
                    return one
        entity = self._store.new(ENTITY_TYPES[name].entity, **fields)
        self._store.queue(entity)
        return entity

    # --- fields ---

    def _value(self, type_name: str, name: str, value: Any) -> Any:
        """Return a field's value with entities for ids."""
        target = target_of(type_name, name)
        if target is None or value is None:
            return value
        if isinstance(value, list):
            return list(dict.fromkeys(self._entity((target, one)) for one in value))
        return self._entity((target, value))

    def _write(self) -> None:
        for change in self._plan.recreates:
            gallery, deleted = self.staged.recreated[change.ref], change.deleted or {}
            cover = self._store.entry("Image", str(deleted.get("cover")))
            if isinstance(gallery, Gallery) and cover is not None:
                gallery.cover = cover  # type: ignore[assignment]  # an image, by its type
        for ref, fields in self._plan.writes.items():
            entity = self._entity(ref)
            for name, value in fields.items():
                if name in PICTURES:
                    self._attach(entity, name, value, self._stash_now.pictures.get(ref))
                else:
                    setattr(entity, name, self._value(ref[0], name, value))
        for change in self._plan.recreates:
            if url := (change.deleted or {}).get("image"):
                self._attach(self._entity(change.ref), "image", url, None)

    def _attach(self, entity: Entity, name: str, picture: str | None, before: str | None) -> None:
        self._store.attach(entity, **{name: picture})
        self.staged.results[entity].pictures[name] = Picture(before, digest_of_url(picture))

    def _deletion(self, change: NetChange) -> Change:
        """Return the deletion of an entity with the fields that make it again."""
        fields = self._stash_now.fields[change.ref]
        before = recreation_fields(change, fields, self._stash_now.pictures.get(change.ref))
        if change.ref[0] == "GalleryChapter":
            before["gallery"] = self._entity(("Gallery", fields["gallery"]))
        return Change(self._entity(change.ref), "destroy", before, {})


def is_recreated(entity: Entity, key: str, deleted: Mapping[str, Any]) -> bool:
    """Tell whether an entity is a deleted one, made again. Two galleries of a code may be of different origin."""
    fields = entity.__dict__
    is_named = fields.get(key) == deleted.get(key)
    is_named &= (fields.get("disambiguation") or "") == (deleted.get("disambiguation") or "")
    if not is_named or not isinstance(entity, Gallery):
        return is_named
    urls, before = fields.get("urls") or (), deleted.get("urls") or ()
    has_title = not urls and not before and fields.get("title") == deleted.get("title")
    return not set(urls).isdisjoint(before) or has_title
