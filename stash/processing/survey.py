"""Surveys all creators before the first write: what was synced of each, and how much of that Stash still has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.guards import check_entities, check_source
from stash.journal import SURVEYED
from stash.store.entity_types import ENTITY_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.processing.context import RunContext
    from stash.source.items import Creator
    from stash.source.reader import Reader
    from stash.store import StashStore

ALL = 200
"""Up to so many entities of a creator, all are looked for."""

SAMPLE = 64
"""Entities of a larger creator that are looked for first, evenly spread."""

SUSPICIOUS = 0.25
"""From this share of missing ones in a sample on, all of the creator are looked for."""

type Ids = Sequence[tuple[str, str]]
"""Entities by type and id."""


class CreatorSurvey:
    """Looks for what was synced of every creator of a run."""

    def __init__(self, store: StashStore, run: RunContext) -> None:
        self._store = store
        self._run = run

    async def check(self, reader: Reader, creators: Sequence[Creator]) -> None:
        """Stop where the source or Stash lacks most of a creator.

        Raises:
            RefusedError: the world looks wrong. Nothing was written.
        """
        if self._run.journal is None or self._run.options.is_forced:
            return
        synced = await self._run.journal.fingerprints.synced_ids([creator.id for creator in creators])
        for creator in creators:
            media = sum(name != "Gallery" for name, _ in synced[creator.id])
            if media and not await reader.has_media(creator):
                check_source(creator.username, media)
        if not (self._run.options.recreate or self._run.options.is_partial):
            await self._look_for(creators, synced)

    async def _look_for(self, creators: Sequence[Creator], synced: Mapping[int, Ids]) -> None:
        first = {creator.id: spread(synced[creator.id]) for creator in creators}
        gone = await self._gone([one for ids in first.values() for one in ids])
        for creator in creators:
            checked, every = first[creator.id], synced[creator.id]
            missing = sum(one in gone for one in checked)
            if len(checked) < len(every) and missing >= SUSPICIOUS * len(checked):
                missing, checked = len(await self._gone(every)), every
            check_entities(creator.username, missing, len(checked))

    async def _gone(self, ids: Ids) -> set[tuple[str, str]]:
        """Return those that Stash does not have."""
        groups = {ENTITY_TYPES[name].entity: [one for kind, one in ids if kind == name] for name in SURVEYED}
        return set(ids) - await self._store.standing(groups)


def spread(ids: Ids) -> Ids:
    """Return all of a few, or so many of more, evenly spread."""
    if len(ids) <= ALL:
        return ids
    return [ids[place * len(ids) // SAMPLE] for place in range(SAMPLE)]
