"""Log what a flush is about to send, and what Stash answered, in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.changes.change_set import ChangeSet
from stash.journal import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from stash.journal import Journal, LogPosition
    from stash.reconcile.merge_result import MergeResult
    from stash.store import Change, Failure
    from stash.store.entity_types import Entity


class FlushLog:
    """The write-ahead log of one run: entries are stored before their mutations are sent.

    The outcomes are handed out by `take`, to be stored with the chunk that they belong to.

    Args:
        journal: where the entries are stored.
        run_id: the run that the entries belong to.
        result_of: returns what was decided for an entity, None where nothing was.
    """

    def __init__(
        self, journal: Journal, run_id: int, result_of: Callable[[Entity], MergeResult | None]
    ) -> None:
        self._journal = journal
        self._run_id = run_id
        self._result_of = result_of
        self._planned: dict[Change, LogPosition] = {}
        self._outcomes: list[tuple[Entity, Outcome]] = []

    async def planned(self, changes: Sequence[Change]) -> None:
        """Store the entries of changes that are sent next."""
        noted = await self._journal.log.log_sent(
            self._run_id, ChangeSet(changes, self._result_of).log_entries()
        )
        self._planned |= zip(changes, noted, strict=True)

    async def settled(self, applied: Sequence[Change], failed: Sequence[Failure]) -> None:
        """Keep the outcomes until the chunk is recorded."""
        for change in applied:
            noted = self._planned.pop(change)
            self._outcomes.append((change.entity, Outcome(noted, "applied", change.entity.id)))
        for failure in failed:
            change = failure.change
            noted = self._planned.pop(change)
            known_id = "" if change.action == "create" else change.entity.id
            refused = Outcome(noted, "failed", known_id, failure.message[:1000])
            self._outcomes.append((change.entity, refused))

    def take(self, among: Container[object] | None = None) -> list[Outcome]:
        """Return the outcomes since the last call, of all entities or of these. Those of others wait for a later call."""
        outcomes, self._outcomes = self._outcomes, []
        if among is not None:
            self._outcomes = [(entity, one) for entity, one in outcomes if entity not in among]
            outcomes = [(entity, one) for entity, one in outcomes if entity in among]
        return [one for _, one in outcomes]
