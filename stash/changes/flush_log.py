"""Log what a flush is about to send, and what Stash answered, in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.unset import UNSET

from stash.journal import LogEntry, Outcome, SourceKey
from stash.store.entity_types import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from stash.journal import Journal, LogPosition
    from stash.reconcile.merge_result import MergeResult
    from stash.store import Change, Failure


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
        self._settled: list[tuple[Entity, Outcome]] = []

    async def planned(self, changes: Sequence[Change]) -> None:
        """Write down what is sent next."""
        noted = await self._journal.log.log_sent(self._run_id, list(map(self._entry, changes)))
        self._planned |= zip(changes, noted, strict=True)

    async def settled(self, applied: Sequence[Change], failed: Sequence[Failure]) -> None:
        """Keep what came of it until the part is recorded."""
        for change in applied:
            noted = self._planned.pop(change)
            self._settled.append((change.entity, Outcome(noted, "applied", change.entity.id)))
        for failure in failed:
            change = failure.change
            noted = self._planned.pop(change)
            known_id = "" if change.action == "create" else change.entity.id
            refused = Outcome(noted, "failed", known_id, failure.message[:1000])
            self._settled.append((change.entity, refused))

    def take(self, among: Container[object] | None = None) -> list[Outcome]:
        """Return what was settled since the last time, of all entities or of these: what others did is not remembered yet."""
        settled, self._settled = self._settled, []
        if among is not None:
            self._settled = [(entity, one) for entity, one in settled if entity not in among]
            settled = [(entity, one) for entity, one in settled if entity in among]
        return [one for _, one in settled]

    def _entry(self, change: Change) -> LogEntry:
        entity = change.entity
        result = self._result_of(entity)
        why = result.reasons if result is not None else {}
        is_create = change.action == "create"
        before = {n: v if type(v) is str else plain(v) for n, v in change.before.items()}
        after = {n: v if type(v) is str else plain(v) for n, v in change.after.items()}
        pictures = result.pictures if result is not None else {}
        for name in pictures.keys() & after.keys():
            before[name], after[name] = pictures[name]
        return LogEntry(
            type=entity.__type_name__,
            key=result.key if result is not None else SourceKey(entity.__type_name__, entity.id),
            action=change.action,
            before=before,
            after=after,
            why={} if is_create else {name: why[name] for name in change.after if name in why},
            stash_id="" if is_create else entity.id,
        )


def plain(value: Any) -> Any:
    """A value of an entity as JSON: links as ids."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return [one if type(one) is str else one.id if isinstance(one, Entity) else str(one) for one in value]
    if isinstance(value, Entity):
        return value.id
    return None if value is UNSET else str(value)


_PLAIN = (str, int, type(None))  # a union is made anew, and looked at slowly, each time
