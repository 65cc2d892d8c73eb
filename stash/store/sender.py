"""Sending mutations: as bulk lists, as aliased fields, or as fields that return true or false.

Each way returns the refused mutations with Stash's messages. The others are applied.
A request that is too large is sent in halves, and so is one that a proxy in front of Stash refuses.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from stash.errors import RequestRefusedError, RetriableError, UnansweredWriteError
from stash.store.documents import Field, document
from stash.store.entity_types import ENTITY_TYPES, kind_of
from stash.store.library_internals import is_new
from stash.store.mutations import split_links
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
"""Attempts at a write whose reply is lost each time."""

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
"""Seconds between the first two attempts, and the longest wait. The wait doubles each time."""

NO_ANSWER = "Stash gave no answer"
"""The message for a mutation whose reply holds neither a result nor an error."""


_TIMES = {"id", "updated_at"}
"""The fields of the reply to every write."""


class Sender:
    """Sends mutations to one Stash."""

    def __init__(
        self, connection: Connection, hydrator: Hydrator, assign_id: Callable[[Entity, dict[str, Any]], None]
    ) -> None:
        self._connection = connection
        self._hydrator = hydrator
        self._assign_id = assign_id

    async def send_until_answered(
        self, mutations: Sequence[Mutation], send: Send, find_unapplied: FindUnapplied
    ) -> dict[Mutation, str]:
        """Send in one of the ways below until Stash answers. See `until_unlocked`."""
        patience = self._connection.config.patience
        return await until_unlocked(mutations, send, find_unapplied, patience)

    async def send_bulk(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send updates of one type as one list, at a third of the cost. Types without a list are sent as aliases.

        A list is atomic. If it fails, its updates are sent one by one, which tells the refused ones.
        """
        groups: dict[tuple[str, str], list[Mutation]] = {}
        for mutation in mutations:
            name = mutation.entity.__type_name__
            groups.setdefault((name, mutation.root_field.selection), []).append(mutation)
        listed = [
            group for (name, _), group in groups.items() if ENTITY_TYPES[name].list_update and len(group) > 1
        ]
        grouped = {mutation for group in listed for mutation in group}
        alone = [mutation for mutation in mutations if mutation not in grouped]
        try:
            reply = await self._mutate([*map(_list, listed), *(mutation.root_field for mutation in alone)])
        except RequestRefusedError as error:
            return await self._in_halves(mutations, self.send_bulk, error)
        if not reply.data:
            return await self.send_aliased(mutations)
        failed = [group for number, group in enumerate(listed) if not self._enter_list(reply, number, group)]
        refused = self._refused(reply, alone, first=len(listed))
        return refused | await self.send_aliased([mutation for group in failed for mutation in group])

    async def send_aliased(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send each mutation as an alias. Stash gives each a transaction of its own."""
        if not mutations:
            return {}
        try:
            reply = await self._mutate([mutation.root_field for mutation in mutations])
        except RequestRefusedError as error:
            return await self._in_halves(mutations, self.send_aliased, error)
        if not reply.data and len(mutations) > 1:
            half = len(mutations) // 2
            return {
                **await self.send_aliased(mutations[:half]),
                **await self.send_aliased(mutations[half:]),
            }
        return self._refused(reply, mutations)

    def _refused(self, reply: Reply, mutations: Sequence[Mutation], first: int = 0) -> dict[Mutation, str]:
        refused: dict[Mutation, str] = {}
        for number, mutation in enumerate(mutations, first):
            answer = reply.data.get(f"f{number}")
            if not isinstance(answer, dict) or not is_whole(answer):
                refused[mutation] = reply.message_for(f"f{number}") or NO_ANSWER
            else:
                self._enter(mutation, answer)
        return refused

    def _enter_list(self, reply: Reply, number: int, mutations: Sequence[Mutation]) -> bool:
        """Enter the reply to a list. Return False, and enter nothing, unless it has every entity in its order."""
        answer = reply.data.get(f"f{number}")
        rows = (
            [one for one in answer if isinstance(one, dict) and is_whole(one)]
            if isinstance(answer, list)
            else []
        )
        if [row.get("id") for row in rows] != [mutation.entity.id for mutation in mutations]:
            return False
        for mutation, row in zip(mutations, rows, strict=True):
            self._enter(mutation, row)
        return True

    def _enter(self, mutation: Mutation, answer: dict[str, Any]) -> None:
        """Enter the reply to a mutation into its entity."""
        with validating_reply("what it wrote"):
            if is_new(mutation.entity):
                self._assign_id(mutation.entity, answer)
            elif answer.keys() - _TIMES:
                self._hydrator.hydrate(kind_of(mutation.entity), answer)
            else:
                self._hydrator.set_update_time(mutation.entity, answer)
        mutation.answered = answer.keys()

    async def send_boolean(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send mutations that return true or fail. One failure hides the other answers, so the others are sent again."""
        refused: dict[Mutation, str] = {}
        left = list(mutations)
        while left:
            try:
                reply = await self._mutate([mutation.root_field for mutation in left])
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
        self, mutations: Sequence[Mutation], send: Send, error: RequestRefusedError
    ) -> dict[Mutation, str]:
        """Send a request in halves that was refused in front of Stash. Return the mutations that are refused alone.

        Raises:
            RefusedOnTheWayError: every request is refused.
        """
        if len(mutations) > 1:
            half = len(mutations) // 2
            return {**await send(mutations[:half]), **await send(mutations[half:])}
        (mutation,) = mutations
        parts = split_links(mutation) if error.is_too_large else []
        for part in parts:
            for message in (await send([part])).values():
                return {mutation: message}
        if not parts and not error.is_too_large:
            await self._connection.query("{ version { version } }")
        return {} if parts else {mutation: str(error)}

    async def _mutate(self, fields: Sequence[Field]) -> Reply:
        text, variables = document("mutation", fields)
        reply = await self._connection.mutate(text, variables, fields=len(fields))
        if not reply.data and not reply.errors:
            raise UnansweredWriteError(
                "Stash answered a write without a result; run again, it goes on from there."
            )
        return reply


def _list(mutations: Sequence[Mutation]) -> Field:
    name = mutations[0].entity.__type_name__
    content = [mutation.root_field.arguments["input"][1] for mutation in mutations]
    argument = {"input": (f"[{name}UpdateInput!]!", content)}
    return Field(str(ENTITY_TYPES[name].list_update), argument, mutations[0].root_field.selection)


async def until_unlocked[T](
    writes: Sequence[T], send: Sending[T], find_unapplied: FindingUnapplied[T], patience: float
) -> dict[T, str]:
    """Send until Stash answers and its database is not locked. The database may be locked while Stash builds a reply.

    Raises:
        UnansweredWriteError: a few attempts got no answer.
        RetriableError: the database stayed locked for `patience` seconds.
    """
    refused = await until_answered(writes, send, find_unapplied)
    wait, deadline = FIRST_WAIT, time.monotonic() + patience
    while locked := [one for one in writes if LOCKED in refused.get(one, "")]:
        if time.monotonic() > deadline:
            raise RetriableError("Stash's database stayed locked; run again, it goes on from there.")
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
        refused = {one: message for one, message in refused.items() if LOCKED not in message}
        refused |= await until_answered(await find_unapplied(locked), send, find_unapplied)
    return refused


async def until_answered[T](
    writes: Sequence[T], send: Sending[T], find_unapplied: FindingUnapplied[T]
) -> dict[T, str]:
    """Send until Stash answers. Each further attempt sends the mutations that `find_unapplied` returns.

    Raises:
        UnansweredWriteError: it did not, though asked a few times.
    """
    left = writes
    for wait in (FIRST_WAIT * 2**attempt for attempt in range(ATTEMPTS - 1)):
        try:
            return await send(left) if left else {}
        except UnansweredWriteError:
            await asyncio.sleep(wait)
        left = await find_unapplied(left)
    return await send(left) if left else {}
