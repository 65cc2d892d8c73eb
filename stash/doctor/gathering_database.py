"""Gather facts from the metadata database, and from the journal in at most one request to Stash."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stash.choices import unknown_in_settings
from stash.doctor.facts import DatabaseFacts, EarlierSyncs, FileMatches
from stash.errors import RefusedError
from stash.identity import Choices, bind
from stash.journal import Journal
from stash.source.database import BUSY_SECONDS, Database
from stash.source.errors import UnknownCreatorError
from stash.source.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stash.files.local import LocalFile
    from stash.settings import Settings
    from stash.transport.client import Connection


async def gather_database(
    settings: Settings, files: Sequence[LocalFile], connection: Connection | None, address: str
) -> DatabaseFacts:
    """Read the facts of the metadata database, and the journal's knowledge of this Stash. Nothing is written."""
    waiting = min(settings.patience, BUSY_SECONDS)
    async with await Database.open(settings.database or "", read_only=True, busy_timeout=waiting) as database:
        reader = Reader(database)
        statistics = await reader.statistics()
        rules = settings.rules()
        creators = [one for one in await reader.creators() if rules.takes_creator(one)]
        owners = await reader.find_media((file.name, file.media_id) for file in files)
        taken = [file for file in files if file.kind]
        foreign = [file for file in taken if file.name not in owners]
        on_disk = {file.media_id for file in files if file.media_id is not None}
        earlier = await _earlier_syncs(settings, database, connection, _StashPlace(address, on_disk))
        unknown, missing_creator = await _unknown(reader, settings)
    return DatabaseFacts(
        name=database.name,
        kind=database.kind,
        version="stash-sync's own" if database.is_ours else database.version,
        rows=statistics.rows,
        with_file=0 if database.is_ours else statistics.with_file,
        losses=statistics.losses,
        creators=creators,
        files=FileMatches(
            on_disk=len({owner.media for owner in owners.values()}),
            owned=len(taken) - len(foreign),
            foreign=[file.name for file in foreign],
            named=sum(file.media_id is not None for file in foreign),
        ),
        earlier=earlier,
        unknown=unknown,
        missing_creator=missing_creator,
    )


class _StashPlace(NamedTuple):
    """The address of Stash in the journal, and the ids of the media on disk."""

    address: str
    on_disk: Collection[int]


async def _unknown(reader: Reader, settings: Settings) -> tuple[list[str], str]:
    """Return a sentence for each unknown name in the settings, and one for an unknown chosen creator."""
    try:
        return await unknown_in_settings(reader, settings), ""
    except UnknownCreatorError as error:
        return [], str(error)


async def _earlier_syncs(
    settings: Settings, database: Database, connection: Connection | None, place: _StashPlace
) -> EarlierSyncs:
    """Read what the journal knows of this Stash. If it knows any Stash, send one request."""
    if connection is None:
        return EarlierSyncs()
    async with Journal.reading(database, settings.state, min(settings.patience, BUSY_SECONDS)) as journal:
        try:
            bound = await bind(journal, connection, place.address, place.on_disk, Choices())
        except RefusedError as error:
            return EarlierSyncs(refusal=str(error))
        return EarlierSyncs(
            await journal.baselines.count(),
            moved_from=bound.address if bound.address != place.address else "",
        )
