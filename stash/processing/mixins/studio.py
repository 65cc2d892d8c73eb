"""Studios: the network, and one for each creator under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Studio

from stash.engine.wishes import Wish, is_remembered
from stash.journal import SourceKey
from stash.processing.base import StashProcessingBase
from stash.rendering import NETWORK_STUDIO, is_pattern, is_taken_by, profile_url, studio_names

if TYPE_CHECKING:
    from stash_graphql_client.types import Performer

    from metadata.items import Creator

NETWORK_KEY = SourceKey("network", NETWORK_STUDIO)


class StudioProcessingMixin(StashProcessingBase):
    """Finds studios by what was recorded, then by their exact name; makes what is missing."""

    async def process_creator_studio(self, account: Creator, performer: Performer | None = None) -> Studio:  # noqa: ARG002 - the guide's signature
        """The studio of a creator, found or to be created, under the network."""
        known = self.run.studios.get(account.id)
        if known is not None:
            return known
        network = await self._network()
        studio = await self._find_existing_studio(account)
        if studio is None:
            studio = await self.store.get_or_create(
                Studio,
                name=self._free_name(account),
                parent_studio=network,
                urls=[profile_url(account.username)],
            )
        values = {"name": self._wished_name(account, studio), "parent_studio": network}
        self._apply(
            studio, studio_key(account), Wish(values, texts={"urls": [profile_url(account.username)]})
        )
        self.run.studios[account.id] = studio
        return studio

    async def _network(self) -> Studio | None:
        """The studio above those of the creators; None where it was deleted in Stash."""
        network = await self._recorded_studio(NETWORK_KEY)
        if network is None and await self._is_deleted(Studio, NETWORK_KEY):
            network = await self.store.find_one(Studio, name__iexact=NETWORK_STUDIO)
            if network is None:
                self._left_out(NETWORK_KEY)
                return None
        network = network or await self.store.get_or_create(Studio, name=NETWORK_STUDIO)
        self._apply(network, NETWORK_KEY, Wish())
        return network

    async def _find_existing_studio(self, account: Creator) -> Studio | None:
        """The studio of a creator, or None. It never writes."""
        studio = await self._recorded_studio(studio_key(account))
        for name in self._names(account):
            studio = studio or await self.store.find_one(Studio, name__iexact=name)
        return studio

    def _names(self, account: Creator) -> tuple[str, ...]:
        """What the studio of a creator may be called: there is a second name where Stash may refuse the first."""
        name = self.run.rules.studio_of(account)
        return studio_names(name, account.id) if is_pattern(name) else (name,)

    def _free_name(self, account: Creator) -> str:
        """The first of the names that Stash does not take for another studio's."""
        names = self._names(account)
        others = [str(studio.name) for studio in self.store.all_cached(Studio)] if len(names) > 1 else []
        return next((one for one in names if not any(is_taken_by(one, name) for name in others)), names[-1])

    def _wished_name(self, account: Creator, studio: Studio) -> str | None:
        """What the studio is to be called: it moves along with its creator, unless a user named it.

        None is no wish: the new name is another studio's.
        """
        if str(studio.name).casefold() in {one.casefold() for one in self._names(account)}:
            return str(studio.name)
        name = self._free_name(account)
        is_taken = any(str(one.name).casefold() == name.casefold() for one in self.store.all_cached(Studio))
        return None if is_taken else name

    async def _recorded_studio(self, key: SourceKey) -> Studio | None:
        memory = self.run.memory("Studio", key)
        if memory is None:
            return None
        studio = await self.store.get(Studio, memory.stash_id)
        return studio if studio is not None and is_remembered(studio, memory) else None


def studio_key(account: Creator) -> SourceKey:
    """The source's key of a creator's studio."""
    return SourceKey("studio", str(account.id))
