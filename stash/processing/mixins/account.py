"""Performers: the creator, and everybody mentioned."""

from __future__ import annotations

import mimetypes
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Performer
from stash_graphql_client.types.unset import UNSET

from stash.files.content import picture_mark, picture_url
from stash.journal import SourceKey
from stash.mapping.titles import (
    as_name,
    disambiguations,
    is_taken_by,
    numbered,
    person_name,
    profile_url,
    profile_urls,
)
from stash.processing.applying import UNDONE
from stash.processing.base import StashProcessingBase, common, listed, performer_key
from stash.reconcile.merge import merge_aliases
from stash.reconcile.reconciler import DesiredState, Picture, is_remembered
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stash.journal import Baseline
    from stash.source.items import Creator

    type Look = Callable[[Creator], Awaitable[list[Performer]]]


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
        rivals = await self.store.rivals(Performer, str(performer.name))
        taken = {_behind_the_name(one) for one in rivals if one is not performer}
        ways = chain(["", *_marks(account)], numbered(as_name(account.username)))
        free = next(one for one in ways if not any(is_taken_by(one, other) for other in taken))
        performer.disambiguation = free or UNSET
        return await self.store.make(performer)

    async def _find_existing_performer(self, account: Creator) -> Performer | None:
        """The performer that is this account, or None. It never writes."""
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
        """The performer with the account's url or else its alias, or the only one of its name.

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
        """Return what was recorded of an account. What was of a mere mention of it, before it was known, counts as well."""
        key, *others = performer_keys(account)
        baseline = self.run.baseline("Performer", key)
        for other in others:
            if baseline is None and (earlier := self.run.baseline("Performer", other)) is not None:
                baseline = self.run.baselines["Performer", key] = earlier._replace(key=key)
        return baseline

    async def _with_url(self, account: Creator) -> list[Performer]:
        """Those with the account's url, unless that is of the account that had the username before."""
        keys = performer_keys(account)
        urls = profile_urls(account.username)
        return [one for url in urls for one in await self._free(Performer, "url", url, keys)]

    async def _with_alias(self, account: Creator) -> list[Performer]:
        return await self._free(Performer, "aliases", account.username, performer_keys(account))

    async def _with_name(self, account: Creator, name: str, *, behind: bool = False) -> list[Performer]:
        """Those of a name that are nobody else's, or only those with what a sync puts behind a name that others have too."""
        keys, marks = performer_keys(account), {fold(one) for one in _marks(account)}
        return [
            performer
            for performer in await self.store.find(Performer, name__iexact=name)
            if (not behind or fold(_behind_the_name(performer)) in marks)
            and not _is_somebody_else(performer, account)
            and not await self._baselines_of_other_keys(performer, keys)
        ]

    def _performer_from_account(self, account: Creator) -> Performer:
        """A new performer, not yet saved."""
        name = person_name(account.displayName, account.username)
        performer = Performer(
            name=name,
            alias_list=merge_aliases([], [account.username], name=name),
            urls=[profile_url(account.username)],
            details=account.about or "",
        )
        if "account_id" in self.run.rules.extras and account.id:
            performer.custom_fields = {"fansly_id": account.id}
        return performer

    def _complete_performer(self, account: Creator, performer: Performer) -> None:
        url = self._spelt(performer, performer_key(account), "urls", profile_urls(account.username))
        texts = {"urls": [url], "alias_list": self._aliases(account, performer)}
        wish = DesiredState(values={"details": account.about}, texts=texts, partial={"alias_list"})
        self._apply(performer, performer_key(account), wish)
        self.run.stamps.append(("accounts", account.id, performer))

    def _aliases(self, account: Creator, performer: Performer) -> list[str]:
        """The username, unless it is the name. None where Stash takes no list with what stands there already."""
        key = performer_key(account)
        alias = self._spelt(performer, key, "alias_list", (account.username,))
        wanted = merge_aliases([], [alias], name=str(performer.name or ""))
        baseline, standing = self._baseline(performer, key), listed(performer, "alias_list")
        is_known = alias in standing or (
            baseline is not None and alias in baseline.known_members.get("alias_list", ())
        )
        if (
            wanted
            and not is_known
            and len(merge_aliases([], standing, name=str(performer.name))) < len(standing)
        ):
            self.run.report.skip(key.kind, key.id, _ALIKE.format(performer.name), is_failure=True)
            return []
        return wanted

    async def _update_performer_avatar(self, account: Creator, performer: Performer) -> None:
        """Send the avatar where Stash shows its default picture, and again when it changed, but never over a user's."""
        found = self._avatar_file(account)
        if found is None:
            return
        kind, content = found
        baseline, applied = self._baseline(performer, performer_key(account)), self.run.applied[performer]
        sent, mark = (
            baseline.last_applied.get("image") if baseline is not None else None,
            picture_mark(content),
        )
        if baseline is not None and "image" in baseline.undo_marks and "image" not in self.run.overwrite:
            applied.last_applied["image"], applied.undo_marks["image"] = sent, baseline.undo_marks["image"]
            self.run.report.skip(*performer_key(account), UNDONE)
            return
        if sent == mark and "image" not in self.run.overwrite:
            applied.last_applied["image"] = sent
            return
        is_ours, standing = await self._is_ours_to_change(performer, sent)
        if not is_ours:
            if sent is not None:
                applied.kept.append("image")
                applied.last_applied["image"] = sent
            return
        applied.last_applied["image"] = mark
        self.run.has_news = True
        applied.pictures["image"] = Picture(picture_url(standing) if standing else None, mark)
        self.store.attach(performer, image=picture_url(content, kind))

    def _avatar_file(self, account: Creator) -> tuple[str, bytes] | None:
        """The type and the content of the avatar's file on the host."""
        files = self.run.files.of(account.avatar) if account.avatar is not None else []
        kind = mimetypes.guess_type(files[0].name)[0] if files else None
        if kind is None or not kind.startswith("image/"):
            return None
        return kind, Path(files[0].path).read_bytes()

    async def _is_ours_to_change(self, performer: Performer, sent: str | None) -> tuple[bool, bytes | None]:
        """Tell whether a performer has no picture, or the very one that an earlier sync sent. Return the picture too."""
        may_overwrite = "image" in self.run.overwrite
        path = performer.image_path if isinstance(performer.image_path, str) else ""
        if not path or "default=true" in path:
            return sent is None or may_overwrite, None
        if sent is None and not may_overwrite:
            return False, None
        standing = await self.store.connection.picture("performer", performer.id)
        is_ours = standing is not None and picture_mark(standing) == sent
        return is_ours or may_overwrite, standing


_ALIKE = (
    "Stash takes no further alias of the performer {!r}, as two of its names are alike but for their case; take one of "
    "them out in Stash, then sync again"
)


def performer_keys(account: Creator) -> tuple[SourceKey, ...]:
    """The keys under which an account may have been recorded, its own first."""
    return tuple(dict.fromkeys((performer_key(account), SourceKey("account", fold(account.username)))))


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
