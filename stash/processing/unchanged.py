"""Tell whether a chunk is as an earlier run left it, at the source and in Stash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.processing.context import RUN_SCOPED_TYPES
from stash.reconcile.fingerprint import signature_of, signature_of_row, signatures_of_orders, stash_digest
from stash.store.entity_types import ENTITY_TYPES
from stash.store.reply_validation import validating_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.journal import ChunkFingerprint
    from stash.processing.context import RunContext
    from stash.processing.entity_cache import EntityCache
    from stash.reconcile.chunk import Chunk
    from stash.source.items import Creator
    from stash.store import StashStore


class UnchangedCheck:
    """Recognises the chunks in which there is nothing to decide."""

    def __init__(self, store: StashStore, run: RunContext, cache: EntityCache) -> None:
        self._store = store
        self._run = run
        self._cache = cache

    async def load(self, creator: Creator) -> Mapping[int, ChunkFingerprint]:
        """Read the fingerprints of a creator's chunks, by number."""
        return (
            {} if self._run.journal is None else await self._run.journal.fingerprints.of_creator(creator.id)
        )

    def is_left(self, chunk: Chunk, fingerprint: ChunkFingerprint) -> bool:
        """Tell whether a partial run leaves a chunk alone, without asking Stash for it."""
        is_partial = self._run.options.is_partial and not self._is_to_be_decided
        return is_partial and fingerprint.source_digest == chunk.source_digest

    def changed_part(self, chunk: Chunk, fingerprint: ChunkFingerprint | None) -> Chunk:
        """Return the part of a chunk that a partial run decides: the items that the source changed, or the whole."""
        is_whole = (
            fingerprint is None
            or not self._run.options.is_partial
            or self._is_to_be_decided
            or not fingerprint.source_digest
            or fingerprint.unattached_digest != chunk.unattached_digest
        )
        return chunk if is_whole or fingerprint is None else chunk.changed_since(fingerprint.items)

    async def check(self, chunk: Chunk, fingerprint: ChunkFingerprint) -> bool:
        """Tell whether a chunk is unchanged. Where it is not, what was read of it is kept for the decision."""
        if self._is_to_be_decided or fingerprint.source_digest != chunk.source_digest:
            return False
        wanted = {
            ENTITY_TYPES[name].entity: ids
            for name, ids in fingerprint.ids.items()
            if name != "GalleryChapter"
        }
        rows = await self._store.rows_of_ids(wanted)
        if rows is None:
            return False
        chapters = set(fingerprint.ids.get("GalleryChapter", ()))
        with validating_reply("what was synced"):
            signatures = self._signatures(rows, fingerprint)
            with_chapters = [
                row["id"]
                for row in rows.get("Gallery", ())
                if not chapters.isdisjoint(chapter["id"] for chapter in row["chapters"])
            ]
        signatures += signatures_of_orders(await self._store.orders(with_chapters))
        if stash_digest(signatures) == fingerprint.stash_digest:
            return True
        self._store.take(rows)
        return False

    @property
    def _is_to_be_decided(self) -> bool:
        """Tell whether every chunk is to be decided, even where nothing changed."""
        options = self._run.options
        return bool(options.overwrite) or options.recreate or options.redo or self._cache.avatar_sent

    def _signatures(
        self, rows: Mapping[str, Sequence[dict[str, Any]]], fingerprint: ChunkFingerprint
    ) -> list[tuple[Any, ...]]:
        chapters = set(fingerprint.ids.get("GalleryChapter", ()))
        signatures = [signature_of_row(name, row) for name, found in rows.items() for row in found]
        signatures += [
            signature_of_row("GalleryChapter", chapter)
            for row in rows.get("Gallery", ())
            for chapter in row["chapters"]
            if chapter["id"] in chapters
        ]
        known = [
            self._store.entry(name, one) for name in RUN_SCOPED_TYPES for one in fingerprint.ids.get(name, ())
        ]
        return signatures + [signature_of(entity) for entity in known if entity is not None]
