"""Bind the journal to the server that answers, and roll it back if Stash was restored from a backup."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stash.errors import RefusedError
from stash.identity.evidence import FoundEntity, KnownServer, Recorded, Sighting, lost_from, recognise
from stash.identity.rollback import rolled_back
from stash.journal import SAMPLED
from stash.look import Mark
from stash.reconcile.merge_result import instant_text
from stash.store.documents import by_id, document, newest
from stash.store.entity_types import ENTITY_TYPES
from stash.store.reply_validation import validating_reply
from stash.transport.addresses import StashAddress
from stash.transport.halving import send_in_halves

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from stash.identity.evidence import Loss
    from stash.journal import Baseline, Journal, ServerRow, SourceKey
    from stash.look.answer import Marks
    from stash.store.documents import Field
    from stash.transport.client import Connection

log = logging.getLogger(__name__)

RESTORED = "--restored"
RECREATE = "--recreate"


class Bound(NamedTuple):
    """The former address of the server that answers, which differs only if the server moved, and the marks of Stash.

    The marks are empty if no earlier run recorded an entity.
    """

    address: str
    marks: Marks


class Choices(NamedTuple):
    """The user's statement about a Stash: restored from a backup, created anew, or with a wrong clock only."""

    is_restored: bool = False
    recreate: bool = False
    is_forced: bool = False


async def bind(
    journal: Journal,
    connection: Connection,
    address: str,
    on_disk: Collection[int],
    choices: Choices,
) -> Bound:
    """Select the server that answers for all later calls of the journal, in one request.

    Args:
        journal: the open journal.
        connection: the connection to Stash, which has answered already.
        address: the address of Stash, as the journal has it.
        on_disk: the ids of media whose files lie in the downloads.
        choices: the user's statement about this Stash.

    Raises:
        RefusedError: this is another Stash than the one that was synced at this address, or Stash was restored from
            a backup. The sentence names the option that continues.
    """
    address = str(StashAddress(address))
    place = address, connection.database_path
    rows = await journal.servers.newest()
    seen, marks = await _look(connection, [baseline for row in rows for baseline in row.sample])
    servers = {row.id: row for row in rows}
    known = [KnownServer(row.id, row.url, _sightings(row, seen)) for row in rows]
    found = recognise(known, address)
    if found.displaced is not None and not choices.recreate:
        raise RefusedError(_another(found.displaced, address))
    if found.known is None:
        await journal.servers.select(None, *place)
        return Bound(address, marks)
    if found.known.url != address:
        log.info("server.moved", extra={"before": found.known.url, "now": address})
    await journal.servers.select(servers[found.known.id], *place)
    highest = {name: mark.newest for name, mark in marks.items()}
    loss = lost_from(found.known.sightings, highest, lambda media: int(media) in on_disk)
    if loss is not None:
        _refuse_restored(found.known, choices)
        if choices.is_restored:
            await _roll_back(journal, connection, loss)
        else:
            await journal.restores.forget_times()
    return Bound(found.known.url, marks)


def _refuse_restored(known: KnownServer, choices: Choices) -> None:
    if choices.is_restored or choices.is_forced:
        return
    lost = [one for one in known.sightings if one.is_reverted or one.found is None or one.is_other]
    raise RefusedError(
        f"The Stash at {known.url} was put back to an earlier state: {len(lost)} of {len(known.sightings)} entities "
        f"looked at are gone, or older than what was written there; go on with {RESTORED}, which writes again what was lost, or with --force if only its clock was set back."
    )


async def _roll_back(journal: Journal, connection: Connection, loss: Loss) -> None:
    moment = loss.since
    spared: set[tuple[str, SourceKey]] = set()
    if loss.doubtful:
        written = await journal.restores.written_at(loss.doubtful)
        doubtful = [one for one in written if one.stash_id and not one.is_undone]
        seen, _ = await _look(connection, doubtful)
        lost_then = {(one.type, one.key) for one in doubtful if _sighting(one, seen).is_lost(loss.doubtful)}
        spared = {(one.type, one.key) for one in written} - lost_then
        if lost_then:
            moment = loss.doubtful
    baselines, entries = await journal.restores.lost_since(moment)
    lost = [one for one in baselines if (one.type, one.key) not in spared]
    kept, gone = rolled_back(lost, entries, moment)
    log.info("server.restored", extra={"since": moment, "records": len(kept), "gone": len(gone)})
    await journal.restores.roll_back(moment, kept, gone)


def _another(displaced: KnownServer, address: str) -> str:
    return (
        f"The Stash at {address} has none of the {len(displaced.sightings)} entities looked at that were synced there; "
        f"set STASH_URL to the right one, or go on with {RECREATE} if it was made anew and is to be filled again."
    )


async def _look(
    connection: Connection, sample: Iterable[Baseline]
) -> tuple[dict[tuple[str, str], FoundEntity], Marks]:
    """Read the entities of a sample, and the mark of each type, in one request if it fits."""
    ids = dict.fromkeys((baseline.type, baseline.stash_id) for baseline in sample)
    if not ids:
        return {}, {}
    fields = [
        (by_id(ENTITY_TYPES[name], stash_id, _selection(name)), (name, stash_id)) for name, stash_id in ids
    ]
    fields += [(newest(ENTITY_TYPES[name]), (name, "")) for name in SAMPLED]

    async def ask(part: Sequence[tuple[Field, tuple[str, str]]]) -> list[tuple[tuple[str, str], Any]]:
        reply = await connection.query(*document("query", [field for field, _ in part]))
        with validating_reply("what was synced"):
            return [(one, reply.data[f"f{number}"]) for number, (_, one) in enumerate(part)]

    answers = [one for part in await send_in_halves(fields, ask) for one in part]
    with validating_reply("what was synced"):
        found = {one: _found(row) for one, row in answers if one[1] and row is not None}
        marks = {
            name: Mark(
                page["count"], max((int(row["id"]) for row in page[ENTITY_TYPES[name].plural]), default=0)
            )
            for (name, stash_id), page in answers
            if not stash_id
        }
    return found, marks


def _selection(name: str) -> str:
    return "id created_at updated_at code" if ENTITY_TYPES[name].key == "code" else "id created_at updated_at"


def _found(row: Mapping[str, Any]) -> FoundEntity:
    created_at, updated_at = (
        instant_text(datetime.fromisoformat(row[name])) for name in ("created_at", "updated_at")
    )
    return FoundEntity(created_at, updated_at, str(row.get("code") or ""))


def _sightings(row: ServerRow, found: Mapping[tuple[str, str], FoundEntity]) -> Sequence[Sighting]:
    return [_sighting(baseline, found) for baseline in row.sample]


def _sighting(baseline: Baseline, found: Mapping[tuple[str, str], FoundEntity]) -> Sighting:
    return Sighting(_recorded(baseline), found.get((baseline.type, baseline.stash_id)))


def _recorded(baseline: Baseline) -> Recorded:
    code = "" if "code" in baseline.undo_marks else str(baseline.last_applied.get("code") or "")
    return Recorded(
        baseline.type,
        baseline.stash_id,
        baseline.created_at,
        baseline.updated_at,
        code,
        baseline.key.id if baseline.key.kind == "media" else "",
    )
