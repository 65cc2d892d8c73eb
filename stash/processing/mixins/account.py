"""Performers: the creator, and everybody mentioned."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Performer
from stash_graphql_client.types.unset import UNSET

from stash.engine.applying import TAKEN_BACK
from stash.engine.wishes import Picture, Wish, is_remembered
from stash.fingerprints import picture_mark, picture_url
from stash.journal import SourceKey
from stash.merge import merge_aliases
from stash.processing.base import StashProcessingBase
from stash.rendering import disambiguations, is_pattern, is_taken_by, person_name, profile_url, profile_urls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metadata.items import Creator
    from stash.journal import Memory


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
        name = str(performer.name)
        same = await self.store.find(Performer, name__iexact=name)
        if is_pattern(name):
            known = (one for one in self.store.all_cached(Performer) if one is not performer)
            same += [one for one in known if is_taken_by(name, str(one.name))]
        taken = {_behind_the_name(one) for one in same}
        tried = list(disambiguations(account.username, account.id))
        free = (one for one in tried if not any(one == t or (one and is_taken_by(one, t)) for t in taken))
        performer.disambiguation = next(free, tried[-1]) or UNSET
        return await self.store.make(performer)

    async def _find_existing_performer(self, account: Creator) -> Performer | None:
        """The performer that is this account, or None. It never writes."""
        memory = self._recorded_person(account)
        if memory is not None:
            performer = await self.store.get(Performer, memory.stash_id)
            if performer is not None and is_remembered(performer, memory):
                return performer
        if account.stash_id is not None:
            performer = await self.store.get(Performer, str(account.stash_id))
            if performer is not None and _is_account(performer, account):
                return performer
        return await self._find_by_address(account) or await self._find_by_name(account)

    def _recorded_person(self, account: Creator) -> Memory | None:
        """What was recorded of an account; what was of a mere mention of it, before it was known, counts as well."""
        key, *others = performer_keys(account)
        memory = self.run.memory("Performer", key)
        for other in others:
            if memory is None and (earlier := self.run.memory("Performer", other)) is not None:
                memory = self.run.memories["Performer", key] = earlier._replace(key=key)
        return memory

    async def _find_by_address(self, account: Creator) -> Performer | None:
        """A performer with the account's url or alias, unless that is of the account that had the username before."""
        asked = [("urls", "url", url) for url in profile_urls(account.username)]
        for field, criterion, text in [*asked, ("alias_list", "aliases", account.username)]:
            for performer in await self.store.find(Performer, **{f"{criterion}__iexact": text}):
                others = await self._others_memories(performer, performer_keys(account))
                if text.casefold() not in {t.casefold() for one in others for t in one.seen.get(field, ())}:
                    return performer
        return None

    async def _find_by_name(self, account: Creator) -> Performer | None:
        """The one performer of that name, unless it is somebody else's."""
        keys = performer_keys(account)
        for name in dict.fromkeys([person_name(account.displayName, account.username), account.username]):
            found = await self.store.find(Performer, name__iexact=name)
            free = [
                performer
                for performer in found
                if not _is_somebody_else(performer, account)
                and not await self._others_memories(performer, keys)
            ]
            if len(free) == 1:
                return free[0]
        return None

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
        forms = {"urls": profile_urls(account.username), "alias_list": (account.username,)}
        texts = {field: [self._spelt(performer, account, field, among)] for field, among in forms.items()}
        texts["alias_list"] = merge_aliases([], texts["alias_list"], name=str(performer.name or ""))
        wish = Wish(values={"details": account.about}, texts=texts, partial={"alias_list"})
        self._apply(performer, performer_key(account), wish)
        self.run.stamps.append(("accounts", account.id, performer))

    def _spelt(self, performer: Performer, account: Creator, field: str, forms: Sequence[str]) -> str:
        """The url or the alias of the account, as the performer lists it or once did."""
        known = {form.casefold() for form in forms}
        memory = self._memory(performer, performer_key(account))
        listed = [*_listed(performer, field), *(memory.seen.get(field, ()) if memory is not None else ())]
        return next((text for text in listed if text.casefold() in known), forms[0])

    async def _update_performer_avatar(self, account: Creator, performer: Performer) -> None:
        """Send the avatar where Stash shows its default picture, and again when it changed, but never over a user's."""
        found = self._avatar_file(account)
        if found is None:
            return
        kind, content = found
        memory, applied = self._memory(performer, performer_key(account)), self.run.applied[id(performer)]
        sent, mark = memory.wrote.get("image") if memory is not None else None, picture_mark(content)
        if memory is not None and "image" in memory.declined and "image" not in self.run.overwrite:
            applied.wrote["image"], applied.declined["image"] = sent, memory.declined["image"]
            self.run.report.skip(*performer_key(account), TAKEN_BACK)
            return
        if sent == mark and "image" not in self.run.overwrite:
            applied.wrote["image"] = sent
            return
        is_ours, standing = await self._is_ours_to_change(performer, sent)
        if not is_ours:
            if sent is not None:
                applied.kept.append("image")
                applied.wrote["image"] = sent
            return
        applied.wrote["image"] = mark
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
        """Whether a performer has no picture, or the very one that an earlier sync sent; answers the picture too."""
        may_overwrite = "image" in self.run.overwrite
        path = performer.image_path if isinstance(performer.image_path, str) else ""
        if not path or "default=true" in path:
            return sent is None or may_overwrite, None
        if sent is None and not may_overwrite:
            return False, None
        standing = await self.store.connection.picture("performer", performer.id)
        is_ours = standing is not None and picture_mark(standing) == sent
        return is_ours or may_overwrite, standing


def performer_key(account: Creator) -> SourceKey:
    """The source's key of a performer: the account id, or the handle of somebody only mentioned."""
    return SourceKey("account", str(account.id or account.username.casefold()))


def performer_keys(account: Creator) -> tuple[SourceKey, ...]:
    """The keys under which an account may have been recorded, its own first."""
    return tuple(dict.fromkeys((performer_key(account), SourceKey("account", account.username.casefold()))))


def _behind_the_name(performer: Performer) -> str:
    return performer.disambiguation if isinstance(performer.disambiguation, str) else ""


def _is_account(performer: Performer, account: Creator) -> bool:
    names = {
        account.username.casefold(),
        person_name(account.displayName, account.username).casefold(),
    }
    aliases = _listed(performer, "alias_list")
    own = {str(performer.name).casefold(), *(alias.casefold() for alias in aliases)}
    return bool(names & own) or profile_url(account.username).casefold() in _urls(performer)


def _is_somebody_else(performer: Performer, account: Creator) -> bool:
    """Whether a performer carries another account's profile."""
    prefix = profile_url("").casefold()
    own = {url.casefold().rstrip("/") for url in profile_urls(account.username)}
    return any(url.startswith(prefix) and url not in own for url in _urls(performer))


def _listed(performer: Performer, field: str) -> list[str]:
    value = performer.__dict__.get(field)
    return value if isinstance(value, list) else []


def _urls(performer: Performer) -> set[str]:
    return {url.casefold().rstrip("/") for url in _listed(performer, "urls")}
