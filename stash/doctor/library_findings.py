"""Findings about the downloads and their paths in Stash. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING
from unicodedata import normalize

from stash.doctor.findings import Finding, Fix
from stash.doctor.path_maps import fitting, propose
from stash.files.paths import map_text, without_common_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stash.doctor.facts import FileSighting, LibraryFacts, StashFacts


def library_findings(
    facts: LibraryFacts, stash: StashFacts | None, *, is_mapped: bool = False
) -> Iterator[Finding]:
    """Report the files of the downloads, and whether Stash has them."""
    yield from _disk_findings(facts)
    yield from _map_findings(facts)
    if not facts.sightings:
        return
    if stash is None:
        title = f"{facts.taken} of {facts.files} files in {facts.downloads} are of types that Stash takes."
        yield Finding("ok", "library", title)
        return
    is_seen = stash.library.folder_of(facts.expected) is not None
    elsewhere = [one for one in facts.sightings if one.seen and not one.is_known]
    if elsewhere:
        yield _elsewhere(facts, elsewhere, is_mapped=is_mapped, is_seen=is_seen)
    elif not is_seen:
        yield _outside(facts, stash)
    elif all(one.is_known for one in facts.sightings):
        yield _all_known(facts)
    yield from _unknown(facts, stash, is_seen=is_seen)


def _disk_findings(facts: LibraryFacts) -> Iterator[Finding]:
    if facts.unreadable:
        yield Finding(
            "problem",
            "library",
            f"{len(facts.unreadable)} folders of the downloads cannot be read, such as {facts.unreadable[0]}.",
            "What lies there is as if it were not there.",
            "Give the user that runs stash-sync the right to read them.",
            f"chmod -R u+rX {shlex.quote(str(facts.downloads))}",
            exit_code=2,
        )
    for reason, count in Counter(reason for _, reason in facts.unusable).most_common(3):
        what, _, step = reason.partition("; ")
        first = next(path for path, why in facts.unusable if why == reason)
        yield Finding(
            "warning",
            "library",
            f"{count} of the files cannot be used, such as {first}: {what}.",
            "Each is left out, and named by a sync.",
            f"{step[:1].upper()}{step[1:]}.",
        )
    if not facts.taken:
        yield Finding(
            "problem",
            "library",
            f"No file in {facts.downloads} is of a type that Stash takes.",
            f"There are {facts.files} files in all.",
            "Set STASH_SYNC_DOWNLOADS to the folder that the downloader writes into.",
            exit_code=2,
        )


def _map_findings(facts: LibraryFacts) -> Iterator[Finding]:
    for host, stash in facts.unrelated:
        yield Finding(
            "note",
            "library",
            f"The path map's pair {map_text([(host, stash)])} is about none of the downloads.",
            next_step=f"Its left side is to be {facts.downloads}, or a folder above or in it; else take it out.",
        )


def _all_known(facts: LibraryFacts) -> Finding:
    asked = len(facts.sightings)
    share = "" if asked == facts.taken else f", judged by {asked} of them"
    where = "" if facts.expected == str(facts.downloads) else f" (it sees them at {facts.expected})"
    return Finding(
        "ok",
        "library",
        f"Stash has the {facts.taken} files of {facts.downloads}{share}{where}.",
        "" if facts.below is None else f"Below {facts.expected} it has {facts.below} images and scenes.",
    )


def _elsewhere(
    facts: LibraryFacts, elsewhere: Sequence[FileSighting], *, is_mapped: bool, is_seen: bool
) -> Finding:
    """Report files that Stash has under another path, because of the path map or renamed folders."""
    found = [one for one in facts.sightings if one.seen]
    proposed = propose(str(facts.downloads), found)
    fits = fitting(proposed, found)
    text = map_text(proposed.pairs)
    here, there = without_common_tail(elsewhere[0].expected, elsewhere[0].seen[0])
    is_whole = not is_seen or len(elsewhere) == len(found)
    is_certain = fits == len(found)
    if not text:
        what, step = "Without any map", "Take the path map away: both sides have the same paths."
    else:
        what = "With this map"
        step = "Set the path map."
    if is_certain and not is_mapped:
        step += " --fix writes it into stash-sync.toml."
    return Finding(
        "problem" if is_whole else "warning",
        "library",
        f"Stash sees {len(elsewhere)} of {len(facts.sightings)} files elsewhere: "
        + ("the path map is wrong." if is_mapped else "a path map is missing."),
        f"{here} is {there} there.{_alike(here, there)} {what} it has {fits} of {len(found)} where they should be; "
        "till then each is looked for by its name, and new ones cannot be scanned.",
        step,
        f"export STASH_SYNC_PATH_MAP={shlex.quote(text)}",
        exit_code=2 if is_whole else 0,
        fix=Fix("path_map", text) if is_certain and not is_mapped else None,
    )


def _alike(here: str, there: str) -> str:
    """Say that two folders look alike and differ. macOS writes an accented letter as two characters, others as one."""
    if here == there or normalize("NFC", here) != normalize("NFC", there):
        return ""
    form = (
        "in one character each here and in two there"
        if here == normalize("NFC", here)
        else ("in two characters each here and in one there")
    )
    return f" The two look alike, but their accented letters are {form} (NFC and NFD)."


def _outside(facts: LibraryFacts, stash: StashFacts) -> Finding:
    folders = ", ".join(folder.path for folder in stash.library.folders) or "no folder at all"
    first = stash.library.folders[0].path if stash.library.folders else "/data"
    what = f"It holds {folders}; no file of the downloads is known under another path either."
    if facts.resolved != str(facts.downloads) and stash.library.folder_of(facts.resolved) is not None:
        first, what = facts.resolved, f"It leads to {facts.resolved}, which the library holds."
    return Finding(
        "problem",
        "library",
        f"Stash's library does not hold {facts.expected}.",
        what,
        "Add the folder in Stash (Settings, Library), or say where in it the downloads are, for example:",
        f"export STASH_SYNC_PATH_MAP={shlex.quote(map_text([(str(facts.downloads), first)]))}",
        exit_code=7,
    )


def _unknown(facts: LibraryFacts, stash: StashFacts, *, is_seen: bool) -> Iterator[Finding]:
    """Report files that Stash does not know by any path, and why."""
    unknown = [one for one in facts.sightings if not one.seen]
    left_out = Counter(why for one in unknown if (why := stash.library.why_left_out(one.expected)))
    for why, count in left_out.most_common(3):
        yield Finding(
            "warning",
            "library",
            f"Stash leaves {count} of {len(facts.sightings)} files out: {why}.",
            "They are never scanned, so they cannot be matched.",
            "Change that in Stash: Settings, Library.",
        )
    private = [one for one in unknown if one.is_private]
    if private:
        yield Finding(
            "warning",
            "library",
            f"Only their owner can read {len(private)} of the files that Stash does not know.",
            f"Such as {private[0].host}. If Stash runs as another user, it cannot scan them.",
            "Let others read them, or run Stash as the same user.",
            f"chmod -R a+rX {shlex.quote(str(facts.downloads))}",
        )
    left = len(unknown) - sum(left_out.values())
    if left and is_seen:
        yield _not_scanned(facts, left, is_busy=bool(stash.jobs))


def _not_scanned(facts: LibraryFacts, left: int, *, is_busy: bool) -> Finding:
    return Finding(
        "warning" if is_busy else "note",
        "library",
        f"Stash has not scanned {left} of {len(facts.sightings)} files.",
        f"They lie in its library, at {facts.expected}.",
        "Wait for its job, then run doctor again."
        if is_busy
        else "Nothing to do: a sync has it scan them first (not with --no-scan).",
    )
