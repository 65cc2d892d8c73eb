"""Whether what earlier runs settled still stands in Stash as they left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.processing.context import Working
from stash.processing.record import RUN_SCOPED_TYPES
from stash.reconcile.fingerprint import signature_of, signature_of_row, signatures_of_orders, stash_digest
from stash.store.entity_types import ENTITY_TYPES
from stash.store.reply_validation import validating_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.journal import ChunkFingerprint
    from stash.processing.record import Decided
    from stash.source.items import Creator


class Standing(Working):
    """Recognises the windows in which there is nothing to decide."""

    async def _recall_settled(self, creator: Creator) -> None:
        if self.run.journal is not None:
            self.run.settled = await self.run.journal.settled(creator.id)

    @property
    def _is_to_be_looked_at(self) -> bool:
        """Tell whether everything is to be decided, even where nothing changed."""
        run = self.run
        return bool(run.overwrite) or run.recreate or run.redo or run.has_news

    async def _still_stands(self, settled: ChunkFingerprint, decided: Decided) -> bool:
        """Tell whether a part is as it was at the source, and its entities as they were left. Else what was read is kept."""
        if self._is_to_be_looked_at or settled.source_digest != decided.source:
            return False
        wanted = {
            ENTITY_TYPES[name].entity: ids for name, ids in settled.ids.items() if name != "GalleryChapter"
        }
        rows = await self.store.rows_of_ids(wanted)
        if rows is None:
            return False
        chapters = set(settled.ids.get("GalleryChapter", ()))
        with validating_reply("what was synced"):
            signatures = self._signatures(rows, settled)
            with_chapters = [row["id"] for row in rows.get("Gallery", ()) if _ids(row["chapters"]) & chapters]
        signatures += signatures_of_orders(await self.store.orders(with_chapters))
        if stash_digest(signatures) == settled.stash_digest:
            return True
        self.store.take(rows)
        return False

    def _signatures(
        self, rows: Mapping[str, Sequence[dict[str, Any]]], settled: ChunkFingerprint
    ) -> list[tuple[Any, ...]]:
        chapters = set(settled.ids.get("GalleryChapter", ()))
        signatures = [signature_of_row(name, row) for name, found in rows.items() for row in found]
        signatures += [
            signature_of_row("GalleryChapter", chapter)
            for row in rows.get("Gallery", ())
            for chapter in row["chapters"]
            if chapter["id"] in chapters
        ]
        known = [
            self.store.entry(name, one) for name in RUN_SCOPED_TYPES for one in settled.ids.get(name, ())
        ]
        return signatures + [signature_of(entity) for entity in known if entity is not None]


def _ids(rows: Sequence[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows}
