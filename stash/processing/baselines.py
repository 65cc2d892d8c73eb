"""Baselines: what earlier runs left of the entities that a run works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stash.journal import without_undo_marks
from stash.processing.context import RUN_SCOPED_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stash.journal import Baseline, Journal
    from stash.mapping.keys import SourceKey

    type RecordKey = tuple[str, SourceKey]


@dataclass
class RunBaselines:
    """The baselines of performers, studios and tags, which stay for the run.

    `interrupted` are those of entities that a killed run was about to create. `checked_ids` have been looked for in
    Stash already, by type and id.
    """

    recorded: dict[RecordKey, Baseline] = field(default_factory=dict)
    interrupted: dict[RecordKey, Baseline] = field(default_factory=dict)
    checked_ids: set[tuple[str, str]] = field(default_factory=set)


class ChunkBaselines:
    """The baselines of one chunk, together with those of its run. The former are dropped with the chunk."""

    def __init__(self, journal: Journal | None, of_run: RunBaselines, *, redo: bool = False) -> None:
        self._journal = journal
        self._redo = redo
        self._recorded: dict[RecordKey, Baseline] = {}
        self._interrupted: dict[RecordKey, Baseline] = {}
        self.of_run = of_run
        self.has_interrupted = False
        """Tell whether a killed run was about to write anything of what was loaded."""

    async def load(self, keys: Mapping[str, Iterable[SourceKey]]) -> None:
        """Read the baselines of these keys, by type, from the journal."""
        if self._journal is None:
            return
        for place, loaded in (await self._journal.baselines.load(keys)).items():
            self.has_interrupted = self.has_interrupted or bool(loaded.in_flight)
            baseline = without_undo_marks(loaded) if self._redo else loaded
            if baseline is None:
                continue
            if baseline.stash_id:
                self.put(place, baseline)
            else:
                of_run = place[0] in RUN_SCOPED_TYPES
                (self.of_run.interrupted if of_run else self._interrupted)[place] = baseline

    def get(self, type_name: str, key: SourceKey) -> Baseline | None:
        """Return what an earlier run left of an entity, None where there is nothing."""
        place = type_name, key
        return (self.of_run.recorded if type_name in RUN_SCOPED_TYPES else self._recorded).get(place)

    def interrupted(self, type_name: str, key: SourceKey) -> Baseline | None:
        """Return what a killed run was about to create, None where there is nothing."""
        place = type_name, key
        return (self.of_run.interrupted if type_name in RUN_SCOPED_TYPES else self._interrupted).get(place)

    def put(self, place: RecordKey, baseline: Baseline) -> None:
        """Keep a baseline under a key."""
        (self.of_run.recorded if place[0] in RUN_SCOPED_TYPES else self._recorded)[place] = baseline

    def update(self, recorded: Iterable[Baseline]) -> None:
        """Keep what was just recorded. What is new in a chunk is not asked after in it again."""
        for baseline in recorded:
            place = baseline.type, baseline.key
            if baseline.type in RUN_SCOPED_TYPES or place in self._recorded:
                self.put(place, baseline)

    def of_galleries(self) -> Iterator[Baseline]:
        """The baselines of the chunk's galleries."""
        return (baseline for (name, _), baseline in self._recorded.items() if name == "Gallery")
