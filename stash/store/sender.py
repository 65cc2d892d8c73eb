"""Sending mutations: in lists, as aliases, or as verdicts. Who was refused is named, nobody else suffers.

A request that is too large goes in halves, as one does that something in front of Stash refuses for what it holds.

Each way answers who was refused, by operation, with Stash's words.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from stash.errors import RequestRefusedError, RetriableError, UnansweredWriteError
from stash.store.documents import Field, document
from stash.store.entity_types import ENTITY_TYPES, kind_of
from stash.store.library_internals import is_new
from stash.store.mutations import halves
from stash.store.reply_validation import is_whole, validating_reply
from stash.transport.failures import LOCKED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stash.store.entity_types import Entity
    from stash.store.hydration import Hydrator
    from stash.store.mutations import Mutation
    from stash.transport.client import Connection
    from stash.transport.graphql import Reply

    type Sending[T] = Callable[[Sequence[T]], Awaitable[dict[T, str]]]
    type FindingUnapplied[T] = Callable[[Sequence[T]], Awaitable[Sequence[T]]]
    type Send = Sending[Mutation]
    type FindUnapplied = FindingUnapplied[Mutation]

ATTEMPTS = 6
"""How often a write is sent whose reply is lost each time."""

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
"""Seconds between the first two of them; they double, and grow no longer than that."""

NO_ANSWER = "Stash gave no answer"
"""What is said of a mutation whose reply holds neither a result nor an error."""


_TIMES = {"id", "updated_at"}
"""What every write answers."""


class Sender:
    """Sends operations to one Stash."""

    def __init__(
        self, connection: Connection, hydrator: Hydrator, assign_id: Callable[[Entity, dict[str, Any]], None]
    ) -> None:
        self._connection = connection
        self._hydrator = hydrator
        self._assign_id = assign_id

    async def send_until_answered(
        self, operations: Sequence[Mutation], send: Send, find_unapplied: FindUnapplied
    ) -> dict[Mutation, str]:
        """Send in one of the ways below until it is answered. See `until_unlocked`."""
        patience = self._connection.wire.patience
        return await until_unlocked(operations, send, find_unapplied, patience)

    async def send_bulk(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send updates of one type as one list, a third of the cost, and those that have no list as aliases.

        A list is atomic: one that fails is sent again one by one, which names the bad ones.
        """
        groups: dict[tuple[str, str], list[Mutation]] = {}
        for operation in operations:
            name = operation.entity.__type_name__
            groups.setdefault((name, operation.mutation.selection), []).append(operation)
        listed = [
            group for (name, _), group in groups.items() if ENTITY_TYPES[name].list_update and len(group) > 1
        ]
        grouped = {operation for group in listed for operation in group}
        alone = [operation for operation in operations if operation not in grouped]
        try:
            reply = await self._mutate([*map(_list, listed), *(operation.mutation for operation in alone)])
        except RequestRefusedError as error:
            return await self._in_halves(operations, self.send_bulk, error)
        if not reply.data:
            return await self.send_aliased(operations)
        failed = [group for number, group in enumerate(listed) if not self._has_all(reply, number, group)]
        refused = self._refused(reply, alone, first=len(listed))
        return refused | await self.send_aliased([operation for group in failed for operation in group])

    async def send_aliased(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send each as an alias, a transaction of its own."""
        if not operations:
            return {}
        try:
            reply = await self._mutate([operation.mutation for operation in operations])
        except RequestRefusedError as error:
            return await self._in_halves(operations, self.send_aliased, error)
        if not reply.data and len(operations) > 1:
            half = len(operations) // 2
            return {
                **await self.send_aliased(operations[:half]),
                **await self.send_aliased(operations[half:]),
            }
        return self._refused(reply, operations)

    def _refused(self, reply: Reply, operations: Sequence[Mutation], first: int = 0) -> dict[Mutation, str]:
        refused: dict[Mutation, str] = {}
        for number, operation in enumerate(operations, first):
            answer = reply.data.get(f"f{number}")
            if not isinstance(answer, dict) or not is_whole(answer):
                refused[operation] = reply.message_for(f"f{number}") or NO_ANSWER
            else:
                self._learn(operation, answer)
        return refused

    def _has_all(self, reply: Reply, number: int, operations: Sequence[Mutation]) -> bool:
        """Tell whether a list was answered as it was sent. Then what it says is taken."""
        answer = reply.data.get(f"f{number}")
        rows = (
            [one for one in answer if isinstance(one, dict) and is_whole(one)]
            if isinstance(answer, list)
            else []
        )
        if [row.get("id") for row in rows] != [operation.entity.id for operation in operations]:
            return False
        for operation, row in zip(operations, rows, strict=True):
            self._learn(operation, row)
        return True

    def _learn(self, operation: Mutation, answer: dict[str, Any]) -> None:
        """Take what Stash answered for what stands there."""
        with validating_reply("what it wrote"):
            if is_new(operation.entity):
                self._assign_id(operation.entity, answer)
            elif answer.keys() - _TIMES:
                self._hydrator.hydrate(kind_of(operation.entity), answer)
            else:
                self._hydrator.set_update_time(operation.entity, answer)
        operation.answered = answer.keys()

    async def send_boolean(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send what answers true or fails. One failure hides the other answers, so those are asked again."""
        refused: dict[Mutation, str] = {}
        left = list(operations)
        while left:
            try:
                reply = await self._mutate([operation.mutation for operation in left])
            except RequestRefusedError as error:
                return refused | await self._in_halves(left, self.send_boolean, error)
            answers = {o: reply.data.get(f"f{place}") for place, o in enumerate(left)}
            silent = [(place, o) for place, o in enumerate(left) if answers[o] is not True]
            failed = {o: message for place, o in silent if (message := reply.message_for(f"f{place}"))}
            if not failed:
                return refused | {o: NO_ANSWER for _, o in silent}
            refused |= failed
            left = [o for _, o in silent if o not in failed]
        return refused

    async def _in_halves(
        self, operations: Sequence[Mutation], send: Send, error: RequestRefusedError
    ) -> dict[Mutation, str]:
        """Send again in halves what something in front of Stash refused. What it refuses alone is named.

        Raises:
            RefusedOnTheWayError: it refuses us altogether.
        """
        if len(operations) > 1:
            half = len(operations) // 2
            return {**await send(operations[:half]), **await send(operations[half:])}
        (operation,) = operations
        parts = halves(operation) if error.is_too_large else []
        for part in parts:
            for message in (await send([part])).values():
                return {operation: message}
        if not parts and not error.is_too_large:
            await self._connection.query("{ version { version } }")
        return {} if parts else {operation: str(error)}

    async def _mutate(self, fields: Sequence[Field]) -> Reply:
        text, variables = document("mutation", fields)
        reply = await self._connection.mutate(text, variables, fields=len(fields))
        if not reply.data and not reply.errors:
            raise UnansweredWriteError(
                "Stash answered a write without a result; run again, it goes on from there."
            )
        return reply


def _list(operations: Sequence[Mutation]) -> Field:
    name = operations[0].entity.__type_name__
    content = [operation.mutation.arguments["input"][1] for operation in operations]
    argument = {"input": (f"[{name}UpdateInput!]!", content)}
    return Field(str(ENTITY_TYPES[name].list_update), argument, operations[0].mutation.selection)


async def until_unlocked[T](
    operations: Sequence[T], send: Sending[T], find_unapplied: FindingUnapplied[T], patience: float
) -> dict[T, str]:
    """Send until Stash answers, and its own database is not locked: it may be so when its reply is made, too.

    Raises:
        UnansweredWriteError: it did not, though asked a few times.
        RetriableError: it stayed locked for so many seconds.
    """
    refused = await until_answered(operations, send, find_unapplied)
    wait, deadline = FIRST_WAIT, time.monotonic() + patience
    while locked := [one for one in operations if LOCKED in refused.get(one, "")]:
        if time.monotonic() > deadline:
            raise RetriableError("Stash's database stayed locked; run again, it goes on from there.")
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
        refused = {one: message for one, message in refused.items() if LOCKED not in message}
        refused |= await until_answered(await find_unapplied(locked), send, find_unapplied)
    return refused


async def until_answered[T](
    operations: Sequence[T], send: Sending[T], find_unapplied: FindingUnapplied[T]
) -> dict[T, str]:
    """Send until Stash answers. Each time only those of which a look says that they have not taken effect.

    Raises:
        UnansweredWriteError: it did not, though asked a few times.
    """
    left = operations
    for wait in (FIRST_WAIT * 2**attempt for attempt in range(ATTEMPTS - 1)):
        try:
            return await send(left) if left else {}
        except UnansweredWriteError:
            await asyncio.sleep(wait)
        left = await find_unapplied(left)
    return await send(left) if left else {}
