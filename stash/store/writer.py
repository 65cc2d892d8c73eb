"""Sending mutations of one sort, and finding out which took effect where the reply does not tell.

Each method returns the refused mutations with Stash's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import GalleryChapter

from stash.store.library_internals import is_new
from stash.store.sender import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.store.adoption import Adopter
    from stash.store.mutations import Mutation
    from stash.store.reading import StashReader
    from stash.store.sender import Send, Sender


class MutationWriter:
    """Sends mutations until it is known of each whether Stash has applied it."""

    def __init__(self, sender: Sender, reader: StashReader, adopter: Adopter) -> None:
        self._sender = sender
        self._reader = reader
        self._adopter = adopter

    async def create(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Create entities. An entity that Stash has already is adopted, also after a lost reply."""
        refused = await self._sender.send_until_answered(
            operations, self._sender.send_aliased, self._find_uncreated
        )
        doubtful = ("already exists", NO_ANSWER)
        existing = [o for o in operations if any(words in refused.get(o, "") for words in doubtful)]
        for operation in await self._adopt(existing):
            del refused[operation]
        return refused

    async def _find_uncreated(self, operations: Sequence[Mutation]) -> list[Mutation]:
        adopted = await self._adopt(operations)
        return [operation for operation in operations if operation not in adopted]

    async def _adopt(self, operations: Sequence[Mutation]) -> set[Mutation]:
        adopted = await self._adopter.adopt_existing([o.entity for o in operations])
        found = {o for o in operations if o.entity in adopted}
        for operation in found:
            operation.sent = {}
        return found

    async def update(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Update entities, those of one type as one list."""
        return await self._send_and_verify(operations, self._sender.send_bulk)

    async def link(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send the images and covers of galleries.

        Stash accepts a cover that is not in the gallery, and shows another. So a cover counts as refused with its image.
        """
        refused = await self._send_and_verify(operations, self._sender.send_boolean)
        unlinked = {o.entity: refused[o] for o in operations if o.links and o in refused}
        covers = [o for o in operations if not o.links and o.entity in unlinked]
        return {**refused, **{o: unlinked[o.entity] for o in covers}}

    async def write_chapters(self, operations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Create or update chapters. Title and index tell a chapter that was created before its reply was lost."""
        return await self._send_and_verify(operations, self._sender.send_aliased)

    async def _send_and_verify(self, operations: Sequence[Mutation], send: Send) -> dict[Mutation, str]:
        """Send. After a lost reply or a refusal read the entities again, and drop the mutations that took effect."""
        refused = await self._sender.send_until_answered(operations, send, self._find_unapplied)
        doubtful = [operation for operation in operations if operation in refused]
        failed = set(await self._find_unapplied(doubtful))
        return {operation: message for operation, message in refused.items() if operation in failed}

    async def _find_unapplied(self, operations: Sequence[Mutation]) -> list[Mutation]:
        await self._reader.read_again([e for operation in operations for e in operation.entities()])
        for operation in operations:
            if isinstance(operation.entity, GalleryChapter) and is_new(operation.entity):
                self._adopter.adopt_chapter(operation.entity)
        return [operation for operation in operations if not operation.is_done()]
