"""Findings about the metadata database and the rows of the files. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.doctor.findings import NOTHING, Finding, obstacle
from stash.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stash.doctor.facts import DatabaseFacts, LibraryFacts

MANY = 0.5
"""The share of files from which on a fault is a warning."""

_VERSIONS = {
    "v0_15": "downloader version 0.15 or newer",
    "orm_era": "a downloader version from October 2025 on, before 0.15",
    "sqlite_era": "a downloader version before October 2025",
}


def database_findings(facts: DatabaseFacts, library: LibraryFacts | None) -> Iterator[Finding]:
    """Report the contents of the database, its losses, and how it fits the downloads."""
    version = _VERSIONS.get(facts.version, facts.version)
    rows = ", ".join(f"{name} {count}" for name, count in facts.rows.items() if count)
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(facts.kind, facts.kind)
    yield Finding("ok", "database", f"{facts.name}: {kind}, {version}; rows: {rows or 'none'}.")
    for loss in facts.losses:
        what, _, step = loss.reason.rpartition("; ")
        is_mendable = loss.key == "attachments"
        yield Finding(
            "warning" if is_mendable else "note",
            "database",
            f"There is nothing in {loss.key}.",
            _sentence(what if is_mendable else loss.reason),
            _sentence(step) if is_mendable else NOTHING,
        )
    if facts.earlier.refusal:
        yield obstacle("database", RefusedError(facts.earlier.refusal), RefusedError.exit_code)
    if facts.earlier.moved_from:
        yield Finding(
            "note",
            "database",
            f"This is the Stash that was synced at {facts.earlier.moved_from}.",
            "It is known by its entities, so that what was synced and edited there counts here, too.",
            NOTHING,
        )
    yield from _unknown_findings(facts)
    if not facts.creators and not facts.missing_creator:
        yield Finding(
            "problem",
            "database",
            "There is no creator to sync.",
            "No account has media with a file, or the settings leave all of them out.",
            "Look whether it is the right database, then at only_creators and skip_creators.",
            "stash-sync settings",
            exit_code=2,
        )
    if library is not None and library.taken:
        yield from _file_findings(facts, library)


def _unknown_findings(facts: DatabaseFacts) -> Iterator[Finding]:
    """Report names in the settings that the database does not have."""
    if facts.missing_creator:
        what, _, hint = facts.missing_creator.partition("; ")
        yield Finding(
            "problem",
            "settings",
            f"{what}.",
            _sentence(hint),
            "Write the name as the database has it, or take it out of only_creators.",
            "stash-sync settings",
            exit_code=2,
        )
    for sentence in facts.unknown:
        step = "If it is no typing mistake leave it so: it counts once the downloader has it."
        yield Finding("note", "settings", f"The setting {sentence}.", next_step=step)


def _file_findings(facts: DatabaseFacts, library: LibraryFacts) -> Iterator[Finding]:
    """Report files without a row, and media without a file."""
    if facts.files.foreign:
        is_problem = len(facts.files.foreign) == library.taken
        is_many = len(facts.files.foreign) > library.taken * MANY or facts.files.named > 0
        yield Finding(
            "problem" if is_problem else "warning" if is_many else "note",
            "database",
            f"{len(facts.files.foreign)} of {library.taken} files {'has' if len(facts.files.foreign) == 1 else 'have'} no row, such as {facts.files.foreign[0]!r}.",
            "A file belongs to a row by the name that the row has for it, or by the media id in its own name "
            "(…_id_123.jpg).",
            "Name the database that goes with this folder; with file names of your own, let the downloader "
            "keep the media id in them.",
            exit_code=2 if is_problem else 0,
        )
    missing = facts.with_file - facts.files.on_disk
    if missing > 0:
        is_many = missing > facts.with_file * MANY
        yield Finding(
            "warning" if is_many else "note",
            "database",
            f"{missing} of {facts.with_file} downloaded media do not lie in {library.downloads}.",
            "They were moved, deleted, or left there under another name; what lies elsewhere is not synced.",
            "Set STASH_SYNC_DOWNLOADS to the folder that holds all of them, or leave it so.",
        )


def forecast(facts: DatabaseFacts, library: LibraryFacts) -> Finding:
    """Forecast how many files the next sync would match."""
    files = facts.files.owned
    known = sum(one.is_known for one in library.sightings)
    found = sum(bool(one.seen) for one in library.sightings)
    asked = len(library.sightings)
    scaled = round(files * found / asked) if asked else 0
    about = "" if asked == library.taken else "about "
    names = ", ".join(creator.username for creator in facts.creators[:5])
    more = "" if len(facts.creators) <= 5 else f" and {len(facts.creators) - 5} more"  # noqa: PLR2004 - that are named
    return Finding(
        "ok" if found else "note",
        "next sync",
        f"{len(facts.creators)} creator{'' if len(facts.creators) == 1 else 's'} ({names}{more}), {files} files with a row: Stash has {about}{scaled}.",
        (
            "All lie where they should. "
            if known == asked
            else f"Of {asked} asked for, {known} lie where they should, {found - known} elsewhere, {asked - found} are "
            "not scanned. "
        )
        + f"{facts.earlier.synced} were synced before.",
        "See every field before it is written.",
        "stash-sync sync --dry-run" + (" --scan" if found < asked else ""),
    )


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
