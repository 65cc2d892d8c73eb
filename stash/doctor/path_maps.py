"""Propose the path map under which Stash finds the downloads, from files of the same name on either side. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from stash.files.paths import PathMap, is_within, without_common_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.doctor.facts import FileSighting

MOST_PAIRS = 10
"""The number of pairs of a proposed map."""


def propose(downloads: str, sightings: Sequence[FileSighting]) -> PathMap:
    """Propose the map under which Stash finds most of these files. An empty map if Stash has none of them.

    A pair for the downloads as a whole comes first, then one for each folder that has another name for Stash.
    """
    votes = Counter(_pair(downloads, one) for one in sightings if one.seen)
    chosen: list[tuple[str, str]] = []
    for pair, _ in votes.most_common(MOST_PAIRS):
        if fitting(_map([*chosen, pair]), sightings) > fitting(_map(chosen), sightings):
            chosen.append(pair)
    return _map(chosen)


def fitting(proposed: PathMap, sightings: Sequence[FileSighting]) -> int:
    """Count the files that Stash has at the path of a map."""
    return sum(proposed.to_stash(one.host) in one.seen for one in sightings)


def _map(pairs: Sequence[tuple[str, str]]) -> PathMap:
    return PathMap(tuple(sorted(pairs, key=lambda pair: -len(pair[0]))))


def _pair(downloads: str, sighting: FileSighting) -> tuple[str, str]:
    """Return the shortest prefixes in which the two paths of a file differ, never above the downloads."""
    host, stash = min((without_common_tail(sighting.host, seen) for seen in sighting.seen), key=_lengths)
    if is_within(downloads, host):
        return downloads, PathMap(((host, stash),)).to_stash(downloads)
    return host, stash


def _lengths(pair: tuple[str, str]) -> int:
    return len(pair[0])
