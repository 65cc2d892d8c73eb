"""Performers: the creator, and everybody mentioned."""

from __future__ import annotations

import mimetypes
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Performer
from stash_graphql_client.types.unset import UNSET

from stash.files.content import picture_digest, picture_url
from stash.mapping.desired import desired_performer, new_performer
from stash.mapping.keys import performer_key, performer_keys
from stash.mapping.titles import (
    as_name,
    disambiguations,
    is_taken_by,
    numbered,
    person_name,
    profile_url,
    profile_urls,
)
from stash.processing.base import UNDONE, StashProcessingBase, common, listed
from stash.reconcile.merge import merge_aliases
from stash.reconcile.merge_result import Picture, is_remembered
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from stash.journal import Baseline
    from stash.source.items import Creator

    type Look = Callable[[Creator], Awaitable[list[Performer]]]


class AccountProcessingMixin(StashProcessingBase):
    """Matches accounts to performers: by what was recorded, by URL, by alias, by a name of nobody else's."""

    async def process_creator(self, account: Creator) -> Performer:
        """Return the performer of the creator, found or to be created, and complete it."""
        performer = await self._get_or_create_performer(account)
        await self._update_performer_avatar(account, performer)
        return performer

    async def _performers(self, people: Iterable[Creator]) -> list[Performer]:
        """Return the performer of each, once. Those that were deleted in Stash are left out."""
        found = [
            await self._get_or_create_performer(one)
            for one in people
            if performer_key(one) in self.cache.performers or not await self._is_performer_deleted(one)
        ]
        return list(dict.fromkeys(found))

    async def _is_performer_deleted(self, account: Creator) -> bool:
        """Tell whether the performer of an account was deleted in Stash, and report it."""
        key = performer_key(account)
        if not await self._is_deleted(Performer, key):
            return False
        if not self._is_undone(Performer, key) and await self._find_existing_performer(account):
            return False
        self._report_not_recreated(Performer, key)
        return True

    async def _get_or_create_performer(self, account: Creator) -> Performer:
        performer = self.cache.performers.get(performer_key(account))
        if performer is None:
            performer = await self._find_existing_performer(account) or await self._new_performer(account)
            self._complete_performer(account, performer)
            self.cache.performers[performer_key(account)] = performer
        return performer

    async def _new_performer(self, account: Creator) -> Performer:
        """Make a performer, told from others of the same name by a disambiguation."""
        performer = self._performer_from_account(account)
        rivals = await self.store.rivals(Performer, str(performer.name))
        taken = {_behind_the_name(one) for one in rivals if one is not performer}
        ways = chain(["", *_marks(account)], numbered(as_name(account.username)))
        free = next(one for one in ways if not any(is_taken_by(one, other) for other in taken))
        performer.disambiguation = free or UNSET
        return await self.store.make(performer)

    async def _find_existing_performer(self, account: Creator) -> Performer | None:
        """Return the performer that is this account, or None. It never writes."""
        baseline = self._recorded_person(account)
        if baseline is not None:
            performer = await self.store.get(Performer, baseline.stash_id)
            if performer is not None and is_remembered(performer, baseline):
                return performer
        if account.stash_id is not None:
            performer = await self.store.get(Performer, str(account.stash_id))
            if performer is not None and _is_account(performer, account):
                return performer
        return await self._find_by_signs(account)

    async def _find_by_signs(self, account: Creator) -> Performer | None:
        """Return the performer with the account's url or else its alias, or the only one of its name.

        Several with the url or the alias are told by the further signs; where none does, the first one is it.
        """
        names = dict.fromkeys([person_name(account.displayName, account.username), account.username])
        named = [
            partial(self._with_name, name=name, behind=behind) for behind in (True, False) for name in names
        ]
        sure = await self._with_url(account) or await self._with_alias(account)
        further: list[Look] = [self._with_alias, *named]
        for look in further if len(sure) > 1 else ():
            sure = common(sure, await look(account)) or sure
        if sure:
            return sure[0]
        for look in named:
            if len(found := await look(account)) == 1:
                return found[0]
        return None

    def _recorded_person(self, account: Creator) -> Baseline | None:
        """Return the baseline of an account, or that of a mere mention of it before it was known."""
        key, *others = performer_keys(account)
        baselines = self.work.baselines
        baseline = baselines.get("Performer", key)
        for other in others:
            if baseline is None and (earlier := baselines.get("Performer", other)) is not None:
                baseline = earlier._replace(key=key)
                baselines.put(("Performer", key), baseline)
        return baseline

    async def _with_url(self, account: Creator) -> list[Performer]:
        """Return those with the account's url, unless the account that had the username before wrote it."""
        keys = performer_keys(account)
        urls = profile_urls(account.username)
        return [one for url in urls for one in await self._free(Performer, "url", url, keys)]

    async def _with_alias(self, account: Creator) -> list[Performer]:
        return await self._free(Performer, "aliases", account.username, performer_keys(account))

    async def _with_name(self, account: Creator, name: str, *, behind: bool = False) -> list[Performer]:
        """Return those of a name that belong to no other account.

        With `behind` only those whose disambiguation is one that a sync gives.
        """
        keys, marks = performer_keys(account), {fold(one) for one in _marks(account)}
        return [
            performer
            for performer in await self.store.find(Performer, name__iexact=name)
            if (not behind or fold(_behind_the_name(performer)) in marks)
            and not _is_somebody_else(performer, account)
            and not await self._baselines_of_other_keys(performer, keys)
        ]

    def _performer_from_account(self, account: Creator) -> Performer:
        """Return a new performer, not yet saved."""
        name = person_name(account.displayName, account.username)
        aliases = merge_aliases([], [account.username], name=name)
        return Performer(**new_performer(account, self.rules, aliases))

    def _complete_performer(self, account: Creator, performer: Performer) -> None:
        url = self._spelt(performer, performer_key(account), "urls", profile_urls(account.username))
        desired = desired_performer(account, url, self._aliases(account, performer))
        self._reconcile(performer, performer_key(account), desired)
        self._write_back("accounts", account.id, performer)

    def _aliases(self, account: Creator, performer: Performer) -> list[str]:
        """Return the username, unless it is the name. Empty where Stash takes no list with it has already."""
        key = performer_key(account)
        alias = self._spelt(performer, key, "alias_list", (account.username,))
        wanted = merge_aliases([], [alias], name=str(performer.name or ""))
        baseline, current = self._baseline(performer, key), listed(performer, "alias_list")
        members = baseline.known_members.get("alias_list", ()) if baseline is not None else ()
        if not wanted or alias in current or alias in members:
            return wanted
        if len(merge_aliases([], current, name=str(performer.name))) < len(current):
            self.run.report.skip(key.kind, key.id, _ALIKE.format(performer.name), is_failure=True)
            return []
        return wanted

    async def _update_performer_avatar(self, account: Creator, performer: Performer) -> None:
        """Send the avatar where Stash shows its default picture, and again when it changed, but never over a user's."""
        found = self._avatar_file(account)
        if found is None:
            return
        kind, content = found
        baseline, result = self._baseline(performer, performer_key(account)), self.work.results[performer]
        may_overwrite = "image" in self.run.options.overwrite
        sent, mark = (
            baseline.last_applied.get("image") if baseline is not None else None,
            picture_digest(content),
        )
        if baseline is not None and "image" in baseline.undo_marks and not may_overwrite:
            result.last_applied["image"], result.undo_marks["image"] = sent, baseline.undo_marks["image"]
            self.run.report.skip(*performer_key(account), UNDONE)
            return
        if sent == mark and not may_overwrite:
            result.last_applied["image"] = sent
            return
        is_ours, current = await self._is_ours_to_change(performer, sent)
        if not is_ours:
            if sent is not None:
                result.kept.append("image")
                result.last_applied["image"] = sent
            return
        result.last_applied["image"] = mark
        self.cache.avatar_sent = True
        result.pictures["image"] = Picture(picture_url(current) if current else None, mark)
        self.store.attach(performer, image=picture_url(content, kind))

    def _avatar_file(self, account: Creator) -> tuple[str, bytes] | None:
        """Return the type and the content of the avatar's file on disk."""
        files = self.run.files.of(account.avatar) if account.avatar is not None else []
        kind = mimetypes.guess_type(files[0].name)[0] if files else None
        if kind is None or not kind.startswith("image/"):
            return None
        return kind, Path(files[0].path).read_bytes()

    async def _is_ours_to_change(self, performer: Performer, sent: str | None) -> tuple[bool, bytes | None]:
        """Tell whether a performer has no picture, or the very one that an earlier sync sent. Return the picture too."""
        may_overwrite = "image" in self.run.options.overwrite
        path = performer.image_path if isinstance(performer.image_path, str) else ""
        if not path or "default=true" in path:
            return sent is None or may_overwrite, None
        if sent is None and not may_overwrite:
            return False, None
        current = await self.store.connection.picture("performer", performer.id)
        is_ours = current is not None and picture_digest(current) == sent
        return is_ours or may_overwrite, current


_ALIKE = (
    "Stash takes no further alias of the performer {!r}, as two of its names are alike but for their case; take one of "
    "them out in Stash, then sync again"
)


def _marks(account: Creator) -> list[str]:
    """Return what may stand behind a name, other than nothing."""
    return [one for one in disambiguations(as_name(account.username), account.id) if one]


def _behind_the_name(performer: Performer) -> str:
    return performer.disambiguation if isinstance(performer.disambiguation, str) else ""


def _is_account(performer: Performer, account: Creator) -> bool:
    names = {fold(account.username), fold(person_name(account.displayName, account.username))}
    own = {fold(str(performer.name)), *map(fold, listed(performer, "alias_list"))}
    return bool(names & own) or fold(profile_url(account.username)) in _urls(performer)


def _is_somebody_else(performer: Performer, account: Creator) -> bool:
    """Tell whether a performer carries another account's profile."""
    prefix = profile_url("")
    own = {fold(url).rstrip("/") for url in profile_urls(account.username)}
    return any(url.startswith(prefix) and url not in own for url in _urls(performer))


def _urls(performer: Performer) -> set[str]:
    return {fold(url).rstrip("/") for url in listed(performer, "urls")}
