"""Remove the galleries and chapters that another host made of the same items at the same time.

Stash keeps neither unique, so the younger one goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, GalleryChapter

from stash.journal import Baseline
from stash.reconcile.fingerprint import signature_of, signature_of_row
from stash.store import Change, destroy
from stash.store.entity_types import ENTITY_TYPES
from stash.store.reply_validation import validating_reply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash.processing.base import StashProcessingBase
    from stash.reconcile.merge_result import MergeResult
    from stash.store.entity_types import Entity

    type Row = Mapping[str, Any]

REASON_DUPLICATE = "another run made its {} at the same time; the next run goes on with that one"

_WHOLE = f"{ENTITY_TYPES['Gallery'].compare_fields} rating100 photographer"


class DuplicateResolver:
    """Deletes what this run has just made, where another run had made the same before.

    Whichever host made the younger one sees the older one at the end of its chunk, because that was there before.
    """

    def __init__(self, processing: StashProcessingBase) -> None:
        self._processing = processing
        self._store = processing.store

    @property
    def _results(self) -> Mapping[Entity, MergeResult]:
        return self._processing.work.results

    async def resolve(self, created: Collection[Entity]) -> bool:
        """Leave each item the oldest of its galleries, with one of each chapter. Return whether any was deleted."""
        made = {entity.id: entity for entity in created if isinstance(entity, Gallery)}
        with validating_reply("galleries of the same items"):
            galleries = await self._younger_galleries(made)
        await self._delete(galleries)
        gone = {one.entity for one in galleries}
        chapters = [one for one in created if isinstance(one, GalleryChapter) and one.gallery not in gone]
        with validating_reply("chapters of the same posts"):
            younger = await self._younger_chapters(chapters)
        await self._delete(younger)
        return bool(galleries or younger)

    async def _younger_galleries(self, made: Mapping[str, Gallery]) -> list[MergeResult]:
        older = (
            older_duplicates(await self._galleries_made_since(made), made, self._ours("Gallery"))
            if made
            else {}
        )
        if not older:
            return []
        codes = [str(made[one].code) for one in older]
        rows = {row["id"]: row async for row in self._store.rows(Gallery, _WHOLE, code__in=codes)}
        return [
            applied
            for one, other in older.items()
            if is_free(rows.get(other))
            and one in rows
            and is_alike(rows[one], rows[other])
            and (applied := self._results.get(made[one])) is not None
            and is_as_made(rows[one], applied, self._chapters_in(made[one]))
        ]

    async def _galleries_made_since(self, made: Collection[str]) -> list[Row]:
        """The galleries made since this run looked, up to its own last one. None where all of them are its own.

        Stash gives no id twice, and a higher one each time.
        """
        first, last = self._processing.cache.newest_gallery_id + 1, max(map(int, made))
        if all(str(number) in made for number in range(first, last + 1)):
            return []
        return list(await self._store.rows_between_ids(Gallery, "id code", first, last))

    async def _younger_chapters(self, made: Sequence[GalleryChapter]) -> list[MergeResult]:
        homes = {one.gallery.id for one in made if isinstance(one.gallery, Gallery)}
        rows = await self._store.rows_of_ids({Gallery: sorted(homes)}) or {}
        ids, ours = {chapter.id for chapter in made}, self._ours("GalleryChapter")
        younger = {
            one for row in rows.get("Gallery", ()) for one in chapters_with_older(row["chapters"], ids, ours)
        }
        return [self._results[one] for one in made if one.id in younger and one in self._results]

    def _ours(self, type_name: str) -> set[str]:
        """The ids of what was decided in this part, each of which has a key of its own at the source."""
        entities = [applied.entity for applied in self._results.values()]
        return {entity.id for entity in entities if entity.__type_name__ == type_name}

    def _chapters_in(self, gallery: Gallery) -> list[MergeResult]:
        return [
            applied
            for applied in self._results.values()
            if isinstance(applied.entity, GalleryChapter) and applied.entity.gallery is gallery
        ]

    async def _delete(self, going: Sequence[MergeResult]) -> None:
        """Delete these from Stash and clear their baselines, so that the next run does not take them for deleted by a user."""
        done = await destroy(self._store, [_removal(one.entity) for one in going])
        gone = {change.entity for change in done.applied}
        forgotten = [one for one in going if one.entity in gone]
        inner = [
            c for one in forgotten if isinstance(one.entity, Gallery) for c in self._chapters_in(one.entity)
        ]
        if self._processing.run.journal is not None and forgotten:
            baselines = [Baseline(one.entity.__type_name__, one.key, "") for one in (*forgotten, *inner)]
            await self._processing.run.journal.record(baselines)
        for one in forgotten:
            what = "gallery" if isinstance(one.entity, Gallery) else "chapter"
            self._processing.run.report.skip(one.key.kind, one.key.id, REASON_DUPLICATE.format(what))


def _removal(entity: Entity) -> Change:
    home = {"gallery": entity.gallery} if isinstance(entity, GalleryChapter) else {}
    return Change(entity, "destroy", home, {})


def older_duplicates(rows: Iterable[Row], made: Collection[str], ours: Collection[str]) -> dict[str, str]:
    """Return, for each gallery that this run made, the oldest gallery of the same code, if another run made that."""
    oldest: dict[str, str] = {}
    found: dict[str, str] = {}
    for row in sorted(rows, key=_age):
        first = oldest.setdefault(row["code"], row["id"])
        if row["id"] in made and first not in ours:
            found[row["id"]] = first
    return found


def chapters_with_older(chapters: Iterable[Row], made: Collection[str], ours: Collection[str]) -> set[str]:
    """Return the chapters that this run made although their gallery had one of the same title and place from another run."""
    before: set[tuple[str, int]] = set()
    found: set[str] = set()
    for chapter in sorted(chapters, key=_age):
        place = chapter["title"], chapter["image_index"]
        if chapter["id"] in made and place in before:
            found.add(chapter["id"])
        elif chapter["id"] not in ours:
            before.add(place)
    return found


def _age(row: Row) -> int:
    return int(row["id"])


def is_free(row: Row | None) -> bool:
    """Tell whether a gallery is one that an item can have: it stands, and not for a folder or a zip file."""
    return row is not None and not row["folder"] and not row["files"]


def is_alike(row: Row, other: Row) -> bool:
    """Tell whether two galleries of one code are of one item: by a url of both, or where neither has any by their titles."""
    urls, others = set(row["urls"]), set(other["urls"])
    return bool(urls & others) or (not urls and not others and row["title"] == other["title"])


def is_as_made(row: Row, applied: MergeResult, chapters: Sequence[MergeResult]) -> bool:
    """Tell whether a gallery is as this run made it, so that nobody loses anything with it."""
    ours = {name: set(decision.result) for name, (decision, _) in applied.sets.items()}
    return (
        signature_of_row("Gallery", row) == signature_of(applied.entity)
        and not row["rating100"]
        and not row["photographer"]
        and row["image_count"] <= len(ours.get("images", ()))
        and {scene["id"] for scene in row["scenes"]} <= ours.get("scenes", set())
        and {chapter["id"] for chapter in row["chapters"]} <= {one.entity.id for one in chapters}
    )
