"""Recognise a Stash by recorded entities, and find the writes that a restored backup lost. Pure.

Stash gives no id twice and keeps the creation time of an entity. Stash moves `updated_at` forward at every write.
So an id with the recorded creation time is the recorded entity. If its `updated_at` is older than the confirmed write
of a sync, the entity was restored from a backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FILES = frozenset({"Image", "Scene"})
"""Types that Stash creates of files by itself. Their existence proves no write of a sync."""


class Recorded(NamedTuple):
    """An entity as the journal has it. Times are UTC in ISO form. `code` was written by a sync and kept by undo."""

    type: str
    stash_id: str
    created_at: str
    updated_at: str
    code: str = ""
    media: str = ""


class FoundEntity(NamedTuple):
    """The entity that Stash has under the same id."""

    created_at: str
    updated_at: str
    code: str = ""


@dataclass(frozen=True)
class Sighting:
    """A recorded entity, and the entity that Stash has under its id, or None."""

    recorded: Recorded
    found: FoundEntity | None

    @property
    def is_same(self) -> bool:
        """Tell whether Stash has the recorded entity."""
        return self.found is not None and self.found.created_at == self.recorded.created_at

    @property
    def is_other(self) -> bool:
        """Tell whether the id belongs to another entity."""
        return self.found is not None and self.found.created_at != self.recorded.created_at

    @property
    def is_reverted(self) -> bool:
        """Tell whether the entity is as it was before the confirmed write of a sync."""
        if not self.is_same or self.found is None or not self.recorded.updated_at:
            return False
        if self.found.updated_at == self.recorded.updated_at:
            return bool(self.recorded.code) and not self.found.code
        return self.found.updated_at < self.recorded.updated_at

    def is_lost(self, second: str) -> bool:
        """Tell whether a write of this second is lost. An entity made earlier was deleted by a user instead."""
        return self.is_reverted or (not self.is_same and self.recorded.created_at == second)

    @property
    def shows_our_write(self) -> bool:
        """Tell whether a write of a sync still stands."""
        if not self.is_same or self.is_reverted or self.found is None:
            return False
        if self.recorded.type not in FILES:
            return True
        return bool(self.recorded.code) and self.found.code == self.recorded.code

    @property
    def is_intact(self) -> bool:
        """Tell whether the last write to the entity is that of a sync."""
        return (
            self.shows_our_write
            and self.found is not None
            and self.found.updated_at == self.recorded.updated_at
        )


@dataclass(frozen=True)
class KnownServer:
    """A server of the journal: its last address, and the sightings of its sample."""

    id: str
    url: str
    sightings: Sequence[Sighting] = ()

    @property
    def same(self) -> int:
        """Count the entities that Stash has."""
        return sum(one.is_same for one in self.sightings)


class Recognised(NamedTuple):
    """The server that answers, or None for a new one. `displaced` had its address before."""

    known: KnownServer | None
    displaced: KnownServer | None = None


def recognise(servers: Iterable[KnownServer], url: str) -> Recognised:
    """Decide which of the servers answers at an address.

    A server is recognised at any address by an entity that shows the write of a sync. At its own address any recorded
    entity is enough. A server without any of its entities was replaced or created anew.
    """
    servers = list(servers)
    proven = [one for one in servers if any(sighting.shows_our_write for sighting in one.sightings)]
    if proven:
        return Recognised(max(proven, key=lambda one: (one.same, one.url == url)))
    here = [one for one in servers if one.url == url]
    if not here:
        return Recognised(None)
    best = max(here, key=lambda one: one.same)
    if best.same or not best.sightings:
        return Recognised(best)
    return Recognised(None, displaced=best)


class Loss(NamedTuple):
    """The time of the restored backup, by Stash's clock, UTC in ISO form.

    Every write at `since` or later is lost. Stash keeps whole seconds, so each write in the second `doubtful` is checked
    by itself.
    """

    since: str
    doubtful: str = ""


def lost_from(
    sightings: Sequence[Sighting], newest: Mapping[str, int], is_on_disk: Callable[[str], bool]
) -> Loss | None:
    """Return the time from which on writes are lost, because Stash was restored. None if it was not restored.

    Args:
        sightings: entities of the newest runs, of every type.
        newest: the highest id that Stash has, by type.
        is_on_disk: tells whether the file of a media id lies in the downloads.
    """
    reverted = [one for one in sightings if one.is_reverted]
    losses = [one.recorded.updated_at for one in reverted]
    losses += [one.recorded.created_at for one in sightings if _was_given_twice(one)]
    losses += _lost_at_the_end(sightings, newest, is_on_disk)
    if not losses:
        return None
    first = min(losses)
    if any(one.is_intact and one.recorded.updated_at > first for one in sightings):
        return None  # a later write still stands, so a clock was wrong and nothing was put back
    survived = [
        one.recorded.updated_at
        for one in sightings
        if one.shows_our_write and "" < one.recorded.updated_at < first
    ]
    survived += [one.found.updated_at for one in reverted if one.found and one.found.updated_at < first]
    return Loss(_after(max(survived)), max(survived)) if survived else Loss(first)


def _after(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(microseconds=1)).isoformat()


def _was_given_twice(sighting: Sighting) -> bool:
    found = sighting.found
    return sighting.is_other and found is not None and found.created_at > sighting.recorded.created_at


def _lost_at_the_end(
    sightings: Sequence[Sighting], newest: Mapping[str, int], is_on_disk: Callable[[str], bool]
) -> list[str]:
    """Return the creation time of the newest entities, if Stash has lost them.

    A gallery, and the entity of a file that still lies on disk, are gone. Stash has no newer ones. A user who deletes
    such a pair leaves newer entities, or deletes the file too.
    """
    gone = [one.recorded for one in sightings if one.found is None and one.recorded.created_at]
    last = [one for one in gone if int(one.stash_id) > newest.get(one.type, 0)]
    files = [one for one in last if one.type in FILES and one.media and is_on_disk(one.media)]
    galleries = [one for one in last if one.type == "Gallery"]
    if not files or not galleries:
        return []
    first = min(one.created_at for one in (*files, *galleries))
    made_since = any(one.is_same and one.recorded.created_at > first for one in sightings)
    return [] if made_since else [first]
