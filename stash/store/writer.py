"""Verified writes: after a lost reply or a refusal, Stash is read to see which mutations took effect.

Each method returns the refused mutations with Stash's messages.
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

    async def create(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Create entities. An entity that Stash has already is adopted, also after a lost reply."""
        refused = await self._sender.send_until_answered(
            mutations, self._sender.send_aliased, self._find_uncreated
        )
        doubtful = ("already exists", NO_ANSWER)
        existing = [o for o in mutations if any(words in refused.get(o, "") for words in doubtful)]
        for mutation in await self._adopt(existing):
            del refused[mutation]
        return refused

    async def _find_uncreated(self, mutations: Sequence[Mutation]) -> list[Mutation]:
        adopted = await self._adopt(mutations)
        return [mutation for mutation in mutations if mutation not in adopted]

    async def _adopt(self, mutations: Sequence[Mutation]) -> set[Mutation]:
        adopted = await self._adopter.adopt_existing([o.entity for o in mutations])
        found = {o for o in mutations if o.entity in adopted}
        for mutation in found:
            mutation.sent = {}
        return found

    async def update(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Update entities, those of one type as one list."""
        return await self._send_and_verify(mutations, self._sender.send_bulk)

    async def link(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Send the images and covers of galleries.

        Stash accepts a cover that is not in the gallery, and shows another image. So a cover fails with its image.
        """
        refused = await self._send_and_verify(mutations, self._sender.send_boolean)
        unlinked = {o.entity: refused[o] for o in mutations if o.links and o in refused}
        covers = [o for o in mutations if not o.links and o.entity in unlinked]
        return {**refused, **{o: unlinked[o.entity] for o in covers}}

    async def write_chapters(self, mutations: Sequence[Mutation]) -> dict[Mutation, str]:
        """Create or update chapters. After a lost reply a chapter is recognised by title and index."""
        return await self._send_and_verify(mutations, self._sender.send_aliased)

    async def _send_and_verify(self, mutations: Sequence[Mutation], send: Send) -> dict[Mutation, str]:
        """Send, read doubtful entities again, and return the mutations without effect."""
        refused = await self._sender.send_until_answered(mutations, send, self._find_unapplied)
        doubtful = [mutation for mutation in mutations if mutation in refused]
        failed = set(await self._find_unapplied(doubtful))
        return {mutation: message for mutation, message in refused.items() if mutation in failed}

    async def _find_unapplied(self, mutations: Sequence[Mutation]) -> list[Mutation]:
        await self._reader.read_again([e for mutation in mutations for e in mutation.entities()])
        for mutation in mutations:
            if isinstance(mutation.entity, GalleryChapter) and is_new(mutation.entity):
                self._adopter.adopt_chapter(mutation.entity)
        return [mutation for mutation in mutations if not mutation.is_done()]
