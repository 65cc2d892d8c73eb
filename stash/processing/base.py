"""What every mixin stands on: the files of the run, and what Stash has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stash import jobs
from stash.journal import SourceKey
from stash.processing.applying import Applying
from stash.source.items import Creator
from stash.store.entity_types import Entity
from stash.texts import fold, lowered
from stash.transport.halving import fitting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from stash.files.local import LocalFile
    from stash.journal import Baseline
    from stash.source.items import Item

T = TypeVar("T", bound=Entity)


class StashProcessingBase(Applying):
    """What every mixin can do. Mixins have no state of their own."""

    async def _read_files(self, files: Iterable[LocalFile]) -> None:
        """Learn what Stash has of these files. Have it scan their folders where it lacks some."""
        wanted = [file for file in files if file.kind]
        await self.run.files.read(self.store, wanted)
        missing = self.run.files.unknown(wanted)
        if missing and self.run.may_scan:
            await self.scan_creator_folder([self.run.files.stash_path(file) for file in missing])
            await self.run.files.read(self.store, missing)
        missing = self.run.files.unknown(missing)
        if missing:
            await self.run.files.find_elsewhere(self.store, missing, by_content=self.run.may_scan)

    async def _look_again(self, files: Sequence[LocalFile]) -> None:
        """Look for files whose entity is gone. What was deleted in Stash is not scanned again unless asked for."""
        if self.run.recreate:
            await self._read_files(files)
        else:
            await self.run.files.read(self.store, [file for file in files if file.kind])

    async def scan_creator_folder(self, paths: Sequence[str] | None = None) -> None:
        """Have Stash scan the folders of these files (paths as Stash sees them), or of every file of the run.

        Raises:
            RetriableError: a job did not end within the run's patience.
        """
        run, files, connection = self.run, self.run.files, self.store.connection
        wanted = paths if paths is not None else [files.stash_path(file) for file in files.on_host]
        if folders := files.path_map.folders(wanted):
            await jobs.wait_until_idle(connection, run.patience)
            await fitting(folders, self._scan)

    async def _scan(self, folders: Sequence[str]) -> None:
        run = self.run
        await jobs.scan(self.store.connection, folders, run.patience, run.on_scan, run.scan_generate)

    async def _free(
        self, entity_type: type[T], criterion: str, text: str, keys: Collection[SourceKey]
    ) -> list[T]:
        """Tell who carries a text, ignoring case, but for those on whom a sync wrote it for another account than these keys'."""
        return [
            one
            for one in await self.store.find(entity_type, **{f"{criterion}__iexact": text})
            if fold(text)
            not in {
                fold(said)
                for baseline in await self._baselines_of_other_keys(one, keys)
                for said in said_by(baseline)
            }
        ]

    def _spelt(self, entity: Entity, key: SourceKey, field: str, forms: Sequence[str]) -> str:
        """A url or an alias of an account, as an entity lists it or once did."""
        known, baseline = {lowered(form) for form in forms}, self._baseline(entity, key)
        texts = [
            *listed(entity, field),
            *(baseline.known_members.get(field, ()) if baseline is not None else ()),
        ]
        return next((text for text in texts if lowered(text) in known), forms[0])

    def _usernames(self, account: Creator) -> list[str]:
        """Return what a creator is and was called: earlier usernames are aliases."""
        performer = self.run.people.get(performer_key(account))
        return [account.username, *(listed(performer, "alias_list") if performer is not None else ())]


def performer_key(account: Creator) -> SourceKey:
    """The source's key of a performer: the account id, or the handle of somebody only mentioned."""
    return SourceKey("account", str(account.id or fold(account.username)))


def said_by(baseline: Baseline) -> list[str]:
    """The names, aliases and urls that a sync put on an entity."""
    return [
        *baseline.known_members.get("urls", ()),
        *baseline.known_members.get("alias_list", ()),
        baseline.last_applied.get("name", ""),
    ]


def listed(entity: Entity, field: str) -> list[str]:
    """The texts of a field of an entity."""
    value = entity.__dict__.get(field)
    return value if isinstance(value, list) else []


def common[E: Entity](some: Iterable[E], others: Sequence[E]) -> list[E]:
    """The entities that are among others as well, each once."""
    return [one for one in dict.fromkeys(some) if one in others]


def mentioned_accounts(item: Item) -> list[Creator]:
    """Everybody mentioned in an item, each once."""
    found = {fold(m.handle): m.account or Creator(m.accountId or 0, m.handle) for m in item.accountMentions}
    return list(found.values())
