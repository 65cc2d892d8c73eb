"""Studios: the network, and one for each creator under it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Studio

from stash.mapping.desired import DesiredState, desired_studio
from stash.mapping.keys import NETWORK_KEY, studio_key
from stash.mapping.titles import NETWORK_STUDIO, numbered, profile_url, profile_urls, studio_names
from stash.processing.base import StashProcessingBase, common, listed
from stash.reconcile.merge_result import is_remembered
from stash.texts import fold

if TYPE_CHECKING:
    from stash_graphql_client.types import Performer

    from stash.mapping.keys import SourceKey
    from stash.source.items import Creator


class StudioProcessingMixin(StashProcessingBase):
    """Finds studios by what was recorded, then by url, name and alias. Makes what is missing."""

    async def process_creator_studio(self, account: Creator, performer: Performer | None = None) -> Studio:  # noqa: ARG002 - the guide's signature
        """Return the studio of a creator, found or to be created, under the network."""
        known = self.cache.studios.get(account.id)
        if known is not None:
            return known
        network = await self._network()
        studio = await self._find_existing_studio(account)
        if studio is None:
            urls, name = [profile_url(account.username)], await self._free_name(account)
            studio = await self.store.make(Studio(name=name, parent_studio=network, urls=urls))
        url = self._spelt(studio, studio_key(account), "urls", profile_urls(account.username))
        parent = None if network is not None and _is_within(network, studio) else (network,)
        desired = desired_studio(url, await self._name_to_have(account, studio), parent)
        self._reconcile(studio, studio_key(account), desired)
        self.cache.studios[account.id] = studio
        return studio

    async def _studio_unless_deleted(self, account: Creator) -> Studio | None:
        """Return the studio of an account. None where it was deleted in Stash."""
        key = studio_key(account)
        if await self._is_deleted(Studio, key) and (
            self._is_undone(Studio, key) or not await self._find_existing_studio(account)
        ):
            self._report_not_recreated(Studio, key)
            return None
        return await self.process_creator_studio(account)

    async def _name_to_have(self, account: Creator, studio: Studio) -> str | None:
        """Return the name that a studio is to have. None where a user gave it one."""
        if any(fold(one) == fold(str(studio.name)) for one in self._names(account)):
            return str(studio.name)
        baseline = self._baseline(studio, studio_key(account))
        is_ours = baseline is not None and "name" in baseline.last_applied
        if is_ours or "name" in self.run.options.overwrite:
            return await self._free_name(account, studio)
        return None

    async def _network(self) -> Studio | None:
        """Return the studio above those of the creators. None where it was deleted in Stash."""
        network = await self._recorded_studio(NETWORK_KEY)
        if network is None and await self._is_deleted(Studio, NETWORK_KEY):
            if not self._is_undone(Studio, NETWORK_KEY):
                network = next(iter(await self._called(NETWORK_STUDIO)), None)
            if network is None:
                self._report_not_recreated(Studio, NETWORK_KEY)
                return None
        network = network or await self.store.get_or_create(Studio, name=NETWORK_STUDIO)
        self._reconcile(network, NETWORK_KEY, DesiredState())
        return network

    async def _find_existing_studio(self, account: Creator) -> Studio | None:
        """Return the one studio with the creator's url, name or alias, or None. It never writes."""
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
        """Return the studios of a name, then those that have it as an alias."""
        return [
            *await self.store.find(Studio, name__iexact=name),
            *await self.store.find(Studio, aliases__iexact=name),
        ]

    def _names(self, account: Creator) -> tuple[str, str]:
        """Return the names of a creator's studio: the second is for where Stash refuses the first."""
        return studio_names(self.rules.studio_of(account), account.id)

    async def _free_name(self, account: Creator, studio: Studio | None = None) -> str:
        """Return the first name that Stash takes for no other studio's."""
        names = self._names(account)
        for name in chain(names, numbered(names[-1])):
            if all(one is studio for one in await self.store.rivals(Studio, name)):
                break
        return name

    async def _recorded_studio(self, key: SourceKey) -> Studio | None:
        baseline = self.work.baselines.get("Studio", key)
        if baseline is None:
            return None
        studio = await self.store.get(Studio, baseline.stash_id)
        return studio if studio is not None and is_remembered(studio, baseline) else None


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
