"""Studios: the network, and one for each creator under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash_graphql_client.types import Studio

from stash.engine.wishes import Wish, is_remembered
from stash.journal import SourceKey
from stash.processing.base import StashProcessingBase
from stash.rendering import NETWORK_STUDIO, is_taken_by, profile_url, studio_names
from stash.store.entities import snapshot

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
            urls = [profile_url(account.username)]
            new = Studio(name=self._name(account), parent_studio=network, urls=urls)
            studio = await self.store.make(new)
        values = {"name": self._name(account, studio), "parent_studio": network}
        self._apply(
            studio, studio_key(account), Wish(values, texts={"urls": [profile_url(account.username)]})
        )
        self.run.studios[account.id] = studio
        return studio

    async def _network(self) -> Studio | None:
        """The studio above those of the creators; None where it was deleted in Stash."""
        network = await self._recorded_studio(NETWORK_KEY)
        if network is None and await self._is_deleted(Studio, NETWORK_KEY):
            if not self._is_taken_back(Studio, NETWORK_KEY):
                network = await self.store.find_one(Studio, name__iexact=NETWORK_STUDIO)
            if network is None:
                self._left_out(Studio, NETWORK_KEY)
                return None
        network = network or await self.store.get_or_create(Studio, name=NETWORK_STUDIO)
        self._apply(network, NETWORK_KEY, Wish())
        return network

    async def _find_existing_studio(self, account: Creator) -> Studio | None:
        """The studio of a creator, or None. It never writes."""
        studio = await self._recorded_studio(studio_key(account))
        for name in self._names(account) if studio is None else ():
            for one in await self.store.find(Studio, name__iexact=name):
                if not await self._others_memories(one, [studio_key(account)]):
                    return one
        return studio

    def _names(self, account: Creator) -> tuple[str, str]:
        """What the studio of a creator may be called: there is a second name where Stash refuses the first."""
        return studio_names(self.run.rules.studio_of(account), account.id)

    def _name(self, account: Creator, studio: Studio | None = None) -> str:
        """The name that the studio has, if it is one of its creator's, else the first that is no other studio's."""
        names = self._names(account)
        if studio is not None and str(studio.name).casefold() in {one.casefold() for one in names}:
            return str(studio.name)
        others = [one for one in self.store.all_cached(Studio) if one is not studio]
        taken = [str(name) for one in others for name in (one.name, snapshot(one).get("name"))]
        return next((one for one in names if not any(is_taken_by(one, name) for name in taken)), names[-1])

    async def _recorded_studio(self, key: SourceKey) -> Studio | None:
        memory = self.run.memory("Studio", key)
        if memory is None:
            return None
        studio = await self.store.get(Studio, memory.stash_id)
        return studio if studio is not None and is_remembered(studio, memory) else None


def studio_key(account: Creator) -> SourceKey:
    """The source's key of a creator's studio."""
    return SourceKey("studio", str(account.id))
