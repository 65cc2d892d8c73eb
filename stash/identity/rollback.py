"""The records as they were at the moment to which Stash was put back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash.engine.effects import effects_of, without
from stash.journal import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stash.engine.effects import Turn
    from stash.journal import Memory, Operation

PICTURE = "image"
"""The field of a picture: what is remembered of it is a mark of its content."""


def rolled_back(
    memories: Iterable[Memory], operations: Iterable[Operation], moment: str
) -> tuple[list[Memory], list[Memory]]:
    """Return the records to store, and those to delete.

    A record of an entity that was made since the moment is deleted, so that it is made again. Of any other record
    the lost writes are taken back, so that the three-way merge writes them again where nobody edited the field.

    Args:
        memories: the records whose last write is lost.
        operations: the lost operations, in their order.
        moment: from when on they are lost, by Stash's clock.
    """
    effects = effects_of(operations)
    kept: list[Memory] = []
    gone: list[Memory] = []
    for memory in memories:
        effect = effects.get((memory.type, memory.stash_id))
        if memory.created_at >= moment and not memory.is_taken_back:
            gone.append(memory)
        else:
            kept.append(_without(memory, effect.turns if effect is not None else {}))
    return kept, gone


def _without(memory: Memory, turns: Mapping[str, Turn]) -> Memory:
    seen, wrote, earlier = dict(memory.seen), dict(memory.wrote), dict(memory.earlier)
    for name, turn in turns.items():
        if name == PICTURE:
            _restore_picture(wrote, earlier)
        elif turn.is_set:
            seen[name] = without(seen.get(name, ()), turn.after)
            wrote[name] = [*without(wrote.get(name, ()), turn.after), *turn.before]
        elif name in wrote:
            earlier[name] = [*earlier.get(name, ()), as_text(turn.before)]
    return memory._replace(updated_at="", seen=seen, wrote=wrote, earlier=earlier)


def _restore_picture(wrote: dict[str, Any], earlier: dict[str, Any]) -> None:
    before = list(earlier.pop(PICTURE, ()))
    wrote.pop(PICTURE, None)
    if before:
        wrote[PICTURE] = before.pop()
    if before:
        earlier[PICTURE] = before
