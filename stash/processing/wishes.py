"""What the source asks of an entity, and how it meets what stands in Stash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types.unset import UNSET

from stash.journal import Memory, SourceKey
from stash.merge import digest, merge_set, merge_value
from stash.store.kinds import Entity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash.merge import SetDecision


@dataclass
class Wish:
    """The values and links that the source asks for in one entity.

    `predecessors` are, field by field, what earlier programs would have written; `partial` names the links
    that the source does not know in full, so that nothing is taken away there.
    """

    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Sequence[Entity]] = field(default_factory=dict)
    texts: dict[str, Sequence[str]] = field(default_factory=dict)
    predecessors: Mapping[str, Collection[str]] = field(default_factory=dict)
    partial: Collection[str] = ()


@dataclass
class Applied:
    """An entity with what was decided for it, to be remembered once Stash has it."""

    entity: Entity
    key: SourceKey
    digest: str
    wrote: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, tuple[SetDecision, dict[str, Entity]]] = field(default_factory=dict)
    singles: dict[str, Entity] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    def joined(self, more: Applied) -> Applied:
        """Both decisions as one."""
        return Applied(
            self.entity,
            self.key,
            self.digest,
            self.wrote | more.wrote,
            self.sets | more.sets,
            self.singles | more.singles,
            self.reasons | more.reasons,
            self.kept + more.kept,
        )

    def memory(self) -> Memory:
        """What the journal keeps, with the ids that Stash gave meanwhile."""
        wrote: dict[str, Any] = {**self.wrote, **{name: one.id for name, one in self.singles.items()}}
        seen = {}
        for name, (decision, members) in self.sets.items():
            seen[name] = [_current(key, members) for key in decision.seen]
            wrote[name] = [_current(key, members) for key in decision.wrote]
        return Memory(
            type=self.entity.__type_name__,
            key=self.key,
            stash_id=self.entity.id,
            created_at=instant_text(self.entity.created_at),
            digest=self.digest,
            seen=seen,
            wrote=wrote,
        )


def instant_text(value: object) -> str:
    """An instant in one form, whatever zone the server writes it in."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else ""


def apply(
    entity: Entity, key: SourceKey, wish: Wish, memory: Memory | None, overwrite: Collection[str]
) -> Applied:
    """Bring an entity of the store to what the merge decides; nothing is sent yet."""
    applied = Applied(entity, key, digest(_signature(wish)))
    for name, value in wish.values.items():
        _apply_value(applied, name, value, wish, memory, name in overwrite)
    for name, texts in wish.texts.items():
        decision = _merged(applied, name, texts, memory, name not in wish.partial)
        if decision.added or decision.removed:
            setattr(entity, name, list(decision.result))
    for name, members in wish.links.items():
        _apply_links(applied, name, members, memory, name not in wish.partial)
    return applied


def _apply_value(  # noqa: PLR0913 - the one place where all that a value depends on meets
    applied: Applied,
    name: str,
    value: Any,
    wish: Wish,
    memory: Memory | None,
    overwrite: bool,  # noqa: FBT001
) -> None:
    entity = applied.entity
    known = None if memory is None or name not in memory.wrote else [memory.wrote[name]]
    decision = merge_value(
        _plain(entity.__dict__.get(name)),
        _plain(value),
        known,
        predecessors=wish.predecessors.get(name, ()),
        overwrite=overwrite,
    )
    applied.reasons[name] = decision.reason
    if decision.action == "write":
        setattr(entity, name, value)
    elif decision.action == "keep":
        applied.kept.append(name)
    if decision.remembered is not None:
        applied.wrote[name] = decision.remembered
        if isinstance(value, Entity):
            applied.singles[name] = value
    elif known is not None:
        applied.wrote[name] = known[0]


def _apply_links(
    applied: Applied,
    name: str,
    members: Sequence[Entity],
    memory: Memory | None,
    is_complete: bool,  # noqa: FBT001
) -> None:
    entity = applied.entity
    current = entity.__dict__.get(name, UNSET)
    theirs = list(current) if isinstance(current, list) else []
    by_id = {member.id: member for member in (*theirs, *members)}
    decision = _merged(applied, name, [m.id for m in members], memory, is_complete, [m.id for m in theirs])
    applied.sets[name] = (decision, by_id)
    if decision.added or decision.removed:
        setattr(entity, name, [by_id[key] for key in decision.result])


def _merged(  # noqa: PLR0913 - likewise
    applied: Applied,
    name: str,
    wished: Sequence[str],
    memory: Memory | None,
    is_complete: bool,  # noqa: FBT001
    theirs: Sequence[str] | None = None,
) -> SetDecision:
    if theirs is None:
        current = applied.entity.__dict__.get(name, UNSET)
        theirs = list(current) if isinstance(current, list) else []
    decision = merge_set(
        theirs,
        list(dict.fromkeys(wished)),
        memory.seen.get(name, []) if memory else [],
        memory.wrote.get(name, []) if memory else [],
        is_complete=is_complete,
    )
    applied.sets[name] = (decision, {})
    applied.reasons[name] = decision.reason
    return decision


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any field
    """Links compare by id, everything else as text, as Stash keeps it."""
    if value is UNSET or value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else ""
    return value.id if isinstance(value, Entity) else str(value)


def _current(key: str, members: dict[str, Entity]) -> str:
    return members[key].id if key in members else key


def _signature(wish: Wish) -> list[Any]:
    return [
        {name: _plain(value) for name, value in sorted(wish.values.items())},
        {name: list(texts) for name, texts in sorted(wish.texts.items())},
        {name: sorted(_label(member) for member in members) for name, members in sorted(wish.links.items())},
    ]


def _label(entity: Entity) -> str:
    return str(entity.__dict__.get("name") or entity.__dict__.get("code") or entity.id)


def names_of(entities: Iterable[Entity]) -> list[str]:
    """How a person knows these entities."""
    return [_label(entity) for entity in entities]
