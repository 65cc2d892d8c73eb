"""Studios: the network, and one for each creator under it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Studio

from stash.journal import SourceKey
from stash.mapping.titles import NETWORK_STUDIO, numbered, profile_url, profile_urls, studio_names
from stash.processing.base import StashProcessingBase, common, listed
from stash.reconcile.reconciler import DesiredState, is_remembered
from stash.texts import fold

if TYPE_CHECKING:
    from stash_graphql_client.types import Performer

    from stash.source.items import Creator

NETWORK_KEY = SourceKey("network", NETWORK_STUDIO)


class StudioProcessingMixin(StashProcessingBase):
    """Finds studios by what was recorded, then by url, name and alias. Makes what is missing."""

    async def process_creator_studio(self, account: Creator, performer: Performer | None = None) -> Studio:  # noqa: ARG002 - the guide's signature
        """The studio of a creator, found or to be created, under the network."""
        known = self.run.studios.get(account.id)
        if known is not None:
            return known
        network = await self._network()
        studio = await self._find_existing_studio(account)
        if studio is None:
            urls, name = [profile_url(account.username)], await self._free_name(account)
            studio = await self.store.make(Studio(name=name, parent_studio=network, urls=urls))
        key = studio_key(account)
        values = await self._values(account, studio, network)
        url = self._spelt(studio, key, "urls", profile_urls(account.username))
        self._apply(studio, key, DesiredState(values, texts={"urls": [url]}))
        self.run.studios[account.id] = studio
        return studio

    async def _values(self, account: Creator, studio: Studio, network: Studio | None) -> dict[str, Any]:
        """The name, unless the user gave it, and the parent, unless that stands below the studio itself."""
        values: dict[str, Any] = {}
        own = next((one for one in self._names(account) if fold(one) == fold(str(studio.name))), None)
        baseline = self._baseline(studio, studio_key(account))
        if own is not None:
            values["name"] = str(studio.name)
        elif "name" in self.run.overwrite or (baseline is not None and "name" in baseline.last_applied):
            values["name"] = await self._free_name(account, studio)
        if network is None or not _is_within(network, studio):
            values["parent_studio"] = network
        return values

    async def _network(self) -> Studio | None:
        """The studio above those of the creators. None where it was deleted in Stash."""
        network = await self._recorded_studio(NETWORK_KEY)
        if network is None and await self._is_deleted(Studio, NETWORK_KEY):
            if not self._is_undone(Studio, NETWORK_KEY):
                network = next(iter(await self._called(NETWORK_STUDIO)), None)
            if network is None:
                self._left_out(Studio, NETWORK_KEY)
                return None
        network = network or await self.store.get_or_create(Studio, name=NETWORK_STUDIO)
        self._apply(network, NETWORK_KEY, DesiredState())
        return network

    async def _find_existing_studio(self, account: Creator) -> Studio | None:
        """The one studio with the creator's url, name or alias, or None. It never writes."""
        key = studio_key(account)
        studio = await self._recorded_studio(key)
        if studio is not None:
            return studio
        names = self._names(account)
        asked = [
            ("url", profile_urls(account.username)),
            *(("name", [one]) for one in names),
            ("aliases", names),
        ]
        left: list[Studio] = []
        for criterion, texts in asked:
            found = [one for text in texts for one in await self._free(Studio, criterion, text, [key])]
            found = [one for one in common(found, found) if not _is_network(one)]
            left = common(left, found) or found or left
            if len(left) == 1:
                return left[0]
        return None

    async def _called(self, name: str) -> list[Studio]:
        """The studios of a name, then those that have it as an alias."""
        return [
            *await self.store.find(Studio, name__iexact=name),
            *await self.store.find(Studio, aliases__iexact=name),
        ]

    def _names(self, account: Creator) -> tuple[str, str]:
        """Return what the studio of a creator may be called: there is a second name where Stash refuses the first."""
        return studio_names(self.run.rules.studio_of(account), account.id)

    async def _free_name(self, account: Creator, studio: Studio | None = None) -> str:
        """The first name that Stash takes for no other studio's."""
        names = self._names(account)
        for name in chain(names, numbered(names[-1])):
            if all(one is studio for one in await self.store.rivals(Studio, name)):
                break
        return name

    async def _recorded_studio(self, key: SourceKey) -> Studio | None:
        baseline = self.run.baseline("Studio", key)
        if baseline is None:
            return None
        studio = await self.store.get(Studio, baseline.stash_id)
        return studio if studio is not None and is_remembered(studio, baseline) else None


def studio_key(account: Creator) -> SourceKey:
    """The source's key of a creator's studio."""
    return SourceKey("studio", str(account.id))


def _is_network(studio: Studio) -> bool:
    return fold(NETWORK_STUDIO) in {fold(text) for text in (str(studio.name), *listed(studio, "aliases"))}


def _is_within(studio: Studio, other: Studio) -> bool:
    """Tell whether a studio is another one, or stands anywhere below it."""
    above: list[Any] = []
    at: Any = studio
    while isinstance(at, Studio) and not any(at is one for one in above):
        above.append(at)
        at = at.parent_studio
    return any(one is other for one in above)
