"""Sending mutations: in lists, as aliases, or as verdicts; who was refused is named, nobody else suffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stash.store.documents import Field, document
from stash.store.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.store.changes import Change
    from stash.store.identity import IdentityMap
    from stash.store.kinds import Entity
    from stash.wire import Reply


@dataclass
class Operation:
    """One mutation: what it sends of an entity, as copied at the time of sending."""

    entity: Entity
    field: Field
    sent: dict[str, Any]
    changes: list[Change]


class Sender:
    """Sends operations and answers who was refused, by the id of the object, with Stash's words."""

    def __init__(self, entities: IdentityMap) -> None:
        self._entities = entities

    async def lists(self, listed: Sequence[Operation], alone: Sequence[Operation]) -> dict[int, str]:
        """Send updates of one type as one list, a third of the cost, and the others beside them as aliases.

        A list is atomic: one that fails is sent again one by one, which names the bad ones.
        """
        groups: dict[str, list[Operation]] = {}
        for operation in listed:
            groups.setdefault(operation.entity.__type_name__, []).append(operation)
        reply = await self._mutate(
            [*(_list(name, group) for name, group in groups.items()), *(o.field for o in alone)]
        )
        if not reply.data:
            return await self.aliases([*listed, *alone])
        retry: list[Operation] = []
        for number, group in enumerate(groups.values()):
            answer = reply.data.get(f"f{number}")
            if not isinstance(answer, list) or [a and a.get("id") for a in answer] != [
                o.entity.id for o in group
            ]:
                retry += group
        return self._refused(reply, alone, first=len(groups)) | await self.aliases(retry)

    async def aliases(self, operations: Sequence[Operation]) -> dict[int, str]:
        """Send each as an alias, a transaction of its own; answers who was refused, and why."""
        if not operations:
            return {}
        reply = await self._mutate([operation.field for operation in operations])
        if not reply.data and len(operations) > 1:
            half = len(operations) // 2
            return {**await self.aliases(operations[:half]), **await self.aliases(operations[half:])}
        return self._refused(reply, operations)

    def _refused(self, reply: Reply, operations: Sequence[Operation], first: int = 0) -> dict[int, str]:
        refused: dict[int, str] = {}
        for number, operation in enumerate(operations, first):
            answer = reply.data.get(f"f{number}")
            if not isinstance(answer, dict) or not answer.get("id"):
                refused[id(operation.entity)] = reply.message_for(f"f{number}") or "Stash gave no answer"
            elif operation.entity.is_new():
                self._entities.name(operation.entity, answer)
        return refused

    async def _mutate(self, fields: Sequence[Field]) -> Reply:
        text, variables = document("mutation", fields)
        return await self._entities.connection.mutate(text, variables, fields=len(fields))

    async def verdicts(self, fields: Sequence[Field]) -> dict[int, str]:
        """Send mutations that answer true or fail; one failure hides the other answers, so those are asked again."""
        refused: dict[int, str] = {}
        left = list(range(len(fields)))
        while left:
            reply = await self._mutate([fields[number] for number in left])
            answers = {number: reply.data.get(f"f{place}") for place, number in enumerate(left)}
            failed = {
                number: message
                for place, number in enumerate(left)
                if answers[number] is not True and (message := reply.message_for(f"f{place}")) is not None
            }
            if not failed:
                refused |= {n: "Stash gave no answer" for n in left if answers[n] is not True}
                break
            refused |= failed
            left = [number for number in left if number not in failed and answers[number] is not True]
        return refused


def _list(name: str, operations: Sequence[Operation]) -> Field:
    content = [operation.field.arguments["input"][1] for operation in operations]
    return Field(str(KINDS[name].list_update), {"input": (f"[{name}UpdateInput!]!", content)}, "id")
