"""Looking at what a run left, as it stands in Stash now, in few wide requests."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from stash.changes.flush_log import plain
from stash.files.content import picture_url
from stash.journal import PICTURES, SourceKey
from stash.reconcile.merge_result import is_remembered
from stash.store.entities import is_stub
from stash.store.entity_types import ENTITY_TYPES
from stash.store.library_internals import received
from stash.undo.plan import StashSnapshot
from stash.undo.planner import REMOVABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.changes.net_changes import EntityRef, NetChange
    from stash.journal import Baseline, Journal
    from stash.store import StashStore

_NAMED = frozenset({"Performer", "Tag", "Studio"})
_HOLDERS = ("post", "message", "story", "wall")
"""The kinds of items whose galleries may have chapters."""


class SnapshotReader:
    """Reads what the effects of a run name."""

    def __init__(self, store: StashStore, journal: Journal, effects: Mapping[EntityRef, NetChange]) -> None:
        self._store = store
        self._journal = journal
        self._effects = effects
        self._baselines: dict[EntityRef, Baseline] = {}

    async def look(self) -> StashSnapshot:
        """Stash as it stands."""
        baselines = await self._journal.baselines.of_entities(grouped(self._effects))
        self._baselines = {(baseline.type, baseline.stash_id): baseline for baseline in baselines}
        made = [p for p, e in self._effects.items() if e.is_made and p[0] in REMOVABLE]
        await self._read(made, is_complete=True)
        again = await self._made_again()
        await self._read([*self._effects, *self._referred(), *await self._with_chapters(), *again.values()])
        fields = dict(self._standing())
        named = grouped(place for place in made if place in fields and place[0] in _NAMED)
        uses = await self._store.uses({name: sorted(ids) for name, ids in named.items()})
        again = {place: other for place, other in again.items() if other in fields}
        condemned = {place for place, baseline in self._baselines.items() if baseline.is_undone}
        sent = {place: baseline.last_applied.get("image") for place, baseline in self._baselines.items()}
        return StashSnapshot(fields, uses, await self._pictures(fields, named), sent, again, condemned)

    async def _read(self, places: Iterable[EntityRef], *, is_complete: bool = False) -> None:
        ids = grouped(place for place in places if place[0] != "GalleryChapter")
        wanted = {ENTITY_TYPES[name].entity: sorted(some) for name, some in ids.items()}
        await self._store.preload_ids(wanted, is_complete=is_complete)

    def _referred(self) -> list[EntityRef]:
        """Return the entities that the run linked, unlinked, or took out with a holder, whatever else it did to them."""
        found: list[EntityRef] = []
        for (name, _), effect in self._effects.items():
            turned = [
                (field, value) for field, turn in effect.turns.items() for value in (turn.before, turn.after)
            ]
            for field, value in (*turned, *(effect.was or {}).items()):
                target = "Image" if field == "images" else _target(name, field)
                if target is not None:
                    found += [(target, one) for one in (value if isinstance(value, list) else [value]) if one]
        return found

    async def _with_chapters(self) -> list[EntityRef]:
        """The galleries of the chapters: they are read with these alone."""
        chapters = [effect for effect in self._effects.values() if effect.place[0] == "GalleryChapter"]
        said = [
            fields["gallery"]
            for one in chapters
            for fields in (one.was or {}, {name: turn.after for name, turn in one.turns.items()})
            if fields.get("gallery")
        ]
        items = {one.key.id.partition("/")[0] for one in chapters}
        keys = [SourceKey(kind, item) for item in sorted(items) for kind in _HOLDERS]
        known = await self._journal.baselines.load_type("Gallery", keys) if keys else {}
        return [
            ("Gallery", one) for one in [*said, *(baseline.stash_id for baseline in known.values())] if one
        ]

    async def _made_again(self) -> dict[EntityRef, EntityRef]:
        """Return what has the key now of something that was taken out."""
        by_type: defaultdict[str, dict[SourceKey, EntityRef]] = defaultdict(dict)
        for place, effect in self._effects.items():
            if effect.was is not None:
                by_type[place[0]][effect.key] = place
        found: dict[EntityRef, EntityRef] = {}
        for name, places in by_type.items():
            for key, baseline in (await self._journal.baselines.load_type(name, places)).items():
                if baseline.stash_id not in {"", places[key][1]} and not baseline.is_undone:
                    found[places[key]] = name, baseline.stash_id
        return found

    def _standing(self) -> Iterable[tuple[EntityRef, dict[str, Any]]]:
        for name in ("Image", "Scene", "Gallery", "Performer", "Studio", "Tag"):
            kind = ENTITY_TYPES[name]
            for entity in self._store.all_cached(kind.entity):
                place = name, entity.id
                baseline = self._baselines.get(place)
                if is_stub(entity) or (
                    baseline and baseline.created_at and not is_remembered(entity, baseline)
                ):
                    continue
                fields = {field: _plain(entity.__dict__[field]) for field in received(entity) & kind.fields}
                yield place, fields
                if name == "Gallery":
                    for chapter in entity.__dict__.get("chapters") or ():
                        yield (
                            ("GalleryChapter", chapter.id),
                            {
                                "title": chapter.title,
                                "image_index": chapter.image_index,
                                "gallery": entity.id,
                            },
                        )

    async def _pictures(
        self, fields: Mapping[EntityRef, dict[str, Any]], named: Mapping[str, Iterable[str]]
    ) -> dict[EntityRef, str | None]:
        """Read the pictures of what the run made or gave one. None where Stash does not show its own."""
        made = [(name, one) for name, ids in named.items() for one in sorted(ids)]
        given = [place for place, effect in self._effects.items() if effect.turns.keys() & PICTURES]
        found: dict[EntityRef, str | None] = {}
        for place in dict.fromkeys([*made, *given]):
            path = fields.get(place, {}).get("image_path") or ""
            if path and "default=true" not in path:
                shown = await self._store.connection.picture(place[0].lower(), place[1])
                found[place] = picture_url(shown) if shown is not None else None
        return found


def grouped(places: Iterable[EntityRef]) -> dict[str, set[str]]:
    """Ids by type."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, entity_id in places:
        found[name].add(entity_id)
    return dict(found)


def _target(name: str, field: str) -> str | None:
    relation = ENTITY_TYPES[name].relations.get(field)
    return None if relation is None else relation.__type_name__


def _plain(value: Any) -> Any:
    return value if isinstance(value, dict) else plain(value)
