"""Performers: the creator, and everybody mentioned."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Performer

from stash.journal import SourceKey
from stash.merge import merge_aliases
from stash.processing.base import StashProcessingBase
from stash.processing.wishes import Wish, is_remembered
from stash.rendering import profile_url

if TYPE_CHECKING:
    from metadata.items import Creator


class AccountProcessingMixin(StashProcessingBase):
    """Matches accounts to performers: by what was recorded, by URL, by alias, by a name of nobody else's."""

    async def process_creator(self, account: Creator) -> Performer:
        """The performer of the creator, found or to be created, completed."""
        performer = await self._get_or_create_performer(account)
        await self._update_performer_avatar(account, performer)
        return performer

    async def _get_or_create_performer(self, account: Creator) -> Performer:
        performer = self.run.people.get(performer_key(account))
        if performer is None:
            performer = await self._find_existing_performer(account) or await self._new_performer(account)
            self._complete_performer(account, performer)
            self.run.people[performer_key(account)] = performer
        return performer

    async def _new_performer(self, account: Creator) -> Performer:
        performer = self._performer_from_account(account)
        if await self.store.find(Performer, name__iexact=str(performer.name)):
            performer.disambiguation = account.username
        return await self.store.make(performer)

    async def _find_existing_performer(self, account: Creator) -> Performer | None:
        """The performer that is this account, or None. It never writes."""
        memory = self.run.memory("Performer", performer_key(account))
        if memory is not None:
            performer = await self.store.get(Performer, memory.stash_id)
            if performer is not None and is_remembered(performer, memory):
                return performer
        if account.stash_id is not None:
            performer = await self.store.get(Performer, str(account.stash_id))
            if performer is not None and _is_account(performer, account):
                return performer
        url = profile_url(account.username)
        return (
            await self.store.find_one(Performer, url__iexact=url)
            or await self.store.find_one(Performer, aliases__iexact=account.username)
            or await self._find_by_name(account)
        )

    async def _find_by_name(self, account: Creator) -> Performer | None:
        """The one performer of that name, unless it is somebody else's."""
        for name in dict.fromkeys([account.displayName or account.username, account.username]):
            found = await self.store.find(Performer, name__iexact=name)
            free = [performer for performer in found if not _is_somebody_else(performer, account)]
            if len(free) == 1:
                return free[0]
        return None

    def _performer_from_account(self, account: Creator) -> Performer:
        """A new performer, not yet saved."""
        name = account.displayName or account.username
        return Performer(
            name=name,
            alias_list=merge_aliases([], [account.username], name=name),
            urls=[profile_url(account.username)],
            details=account.about or "",
        )

    def _complete_performer(self, account: Creator, performer: Performer) -> None:
        url, name = profile_url(account.username), performer.name or ""
        known = performer.alias_list if isinstance(performer.alias_list, list) else []
        aliases = merge_aliases(known, [account.username], name=str(name))
        if aliases != known:
            performer.alias_list = aliases
        wish = Wish(values={"details": account.about}, texts={"urls": [url]})
        self._apply(performer, performer_key(account), wish)
        self.run.stamps.append(("accounts", account.id, performer))

    async def _update_performer_avatar(self, account: Creator, performer: Performer) -> None:
        """Send the avatar where Stash shows its default picture."""
        path = performer.image_path if isinstance(performer.image_path, str) else ""
        if account.avatar is None or (path and "default=true" not in path):
            return
        files = self.run.files.of(account.avatar)
        kind = mimetypes.guess_type(files[0].name)[0] if files else None
        if kind is not None and kind.startswith("image/"):
            content = base64.b64encode(Path(files[0].path).read_bytes()).decode()  # noqa: ASYNC240 - a small local file
            self.store.attach(performer, image=f"data:{kind};base64,{content}")


def performer_key(account: Creator) -> SourceKey:
    """The source's key of a performer: the account id, or the handle of somebody only mentioned."""
    return SourceKey("account", str(account.id or account.username.casefold()))


def _is_account(performer: Performer, account: Creator) -> bool:
    names = {account.username.casefold(), (account.displayName or account.username).casefold()}
    aliases = performer.alias_list if isinstance(performer.alias_list, list) else []
    own = {str(performer.name).casefold(), *(alias.casefold() for alias in aliases)}
    return bool(names & own) or profile_url(account.username).casefold() in _urls(performer)


def _is_somebody_else(performer: Performer, account: Creator) -> bool:
    """Whether a performer carries another account's profile."""
    prefix, own = profile_url("").casefold(), profile_url(account.username).casefold()
    return any(url.startswith(prefix) and url != own for url in _urls(performer))


def _urls(performer: Performer) -> set[str]:
    return (
        {url.casefold().rstrip("/") for url in performer.urls} if isinstance(performer.urls, list) else set()
    )
