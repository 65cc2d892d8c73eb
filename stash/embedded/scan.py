"""Scan: the library's files become rows, and images, scenes and galleries of them. Clean takes lost ones out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stash.files.paths import is_text

from .library import Candidate, Library
from .media import kind_of, read_media
from .values import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .context import Context
    from .execution import Args
    from .jobs import Job
    from .media import Media

_BATCH = 16


def _scan(context: Context, args: Args) -> str:
    given = args["input"]
    context.scans.append(given)
    paths = [Path(path) for path in given.get("paths") or ()]
    oldest = to_text((given.get("filter") or {}).get("minModTime"))

    async def work(job: Job) -> None:
        await scan(context, job, paths, oldest=oldest, rescan=bool(given.get("rescan")))

    return str(context.jobs.add("Scanning...", work))


async def scan(
    context: Context, job: Job, paths: Sequence[Path], *, oldest: str | None = None, rescan: bool = False
) -> None:
    """Scan folders and files. What lies outside the library is passed over, as is a file in an unknown folder.

    Args:
        context: the server's state.
        job: shows the progress.
        paths: what to scan; nothing means the whole library.
        oldest: leave out what was changed before this time.
        rescan: read files again that did not change.
    """
    library = Library(context.database)
    wanted = [path for path in paths if _inside(path, context.library)] if paths else list(context.library)
    candidates = [
        candidate
        for candidate in _candidates(library, wanted)
        if (rescan or not library.knows(candidate)) and (oldest is None or candidate.mod_time >= oldest)
    ]
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        job.advance(start / len(candidates), [f"Scanning {candidate.path}" for candidate in batch])
        found = await asyncio.to_thread(_read, batch)
        with context.database.transaction():
            for candidate, media in found:
                library.take(candidate, media)
        await asyncio.sleep(0)
    if candidates:
        job.advance(1.0)


def _inside(path: Path, library: Sequence[Path]) -> bool:
    climbs = ".." in path.parts
    return path.is_absolute() and not climbs and any(path.is_relative_to(folder) for folder in library)


def _candidates(library: Library, paths: Sequence[Path]) -> Iterator[Candidate]:
    for path in paths:
        if path.is_file():
            if library.folder_id(path.parent) is not None and kind_of(path):
                yield library.candidate(path)
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            library.add_folder(Path(folder))
            for name in sorted(names):
                if kind_of(file := Path(folder, name)) and is_text(str(file)) and file.is_file():
                    yield library.candidate(file)


def _read(batch: list[Candidate]) -> list[tuple[Candidate, Media]]:
    found = []
    for candidate in batch:
        try:
            media = read_media(candidate.path)
        except OSError:  # it went away, or may not be read: the next scan will see
            continue
        if media is not None:
            found.append((candidate, media))
    return found


def _clean(context: Context, args: Args) -> str:
    given = args["input"]
    paths = [Path(path) for path in given.get("paths") or ()]

    async def work(_job: Job) -> None:
        if not given["dryRun"]:
            with context.database.transaction():
                Library(context.database).clean(paths or context.library)

    return str(context.jobs.add("Cleaning...", work))


def _nothing_to_generate(context: Context, _args: Args) -> str:
    async def work(_job: Job) -> None:
        """Finish at once: the embedded Stash makes no previews."""

    return str(context.jobs.add("Generating...", work))


MUTATIONS: dict[str, Any] = {
    "metadataScan": _scan,
    "metadataClean": _clean,
    "metadataGenerate": _nothing_to_generate,
}
