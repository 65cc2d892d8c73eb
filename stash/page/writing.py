"""Write a page, from the journal, the files, the pictures and the template."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from stash.errors import StateError, UsageError
from stash.files.local import list_downloads
from stash.files.paths import kind_of
from stash.files.whole import write_whole
from stash.journal import Journal, open_state
from stash.page.of_plan import page_of_plan
from stash.page.of_run import EntityNames, page_of_run, wanted_ids
from stash.page.pictures import Thumbnailer, pictures
from stash.page.rendering import render
from stash.report import report_of
from stash.source.database import Database
from stash.source.disk import reason_of
from stash.source.reader import Reader

if TYPE_CHECKING:
    from stash.journal import RunRow
    from stash.page.model import Page
    from stash.report import Report
    from stash.settings import Settings

CANDIDATES = 400
"""Files that are tried as pictures. Videos are left out."""


async def write_page(file: Path, settings: Settings, report: Report, base: str) -> None:
    """Write the page of a run or of a dry run. `base` is the command that flags are added to.

    Raises:
        StateError: the file cannot be written.
    """
    if report.plan is None and report.header.run is not None:
        await write_page_of_run(file, settings, report.header.run, base)
        return
    page = page_of_plan(report, base)
    page.stash_url = settings.url or ""
    async with await Database.open(settings.database or "", read_only=True) as database:
        await _finish(file, page, settings, Reader(database))


async def write_page_of_run(file: Path, settings: Settings, number: int | None, base: str) -> int:
    """Write the page of a recorded run, the newest without a number. Return its number.

    Raises:
        UsageError: the run does not exist.
        StateError: the file cannot be written.
    """
    async with await Database.open(settings.database or "", read_only=True) as database:
        state = None if settings.state is None else await open_state(settings.state, read_only=True)
        try:
            journal = await Journal.open(database, state=state, is_read_only=True)
            run = await find_run(journal, number)
            operations = await journal.log.entries(run.id)
            wanted = wanted_ids(operations, report_of(run.counts).kept)
            recorded = await journal.history.baselines(run.id, wanted)
            covers = {
                str(one.last_applied["cover"]) for one in recorded.values() if one.last_applied.get("cover")
            }
            recorded |= await journal.history.baselines(run.id, {"Image": covers})
            url = await journal.history.server_url(run.id)
        finally:
            if state is not None:
                await state.close()
        reader = Reader(database)
        accounts = {
            int(m.key.id) for m in recorded.values() if m.key.kind == "account" and m.key.id.isdigit()
        }
        names = EntityNames(operations, recorded, await reader.usernames(accounts))
        page = page_of_run(run, operations, names, base, url)
        await _finish(file, page, settings, reader)
    return run.id


async def find_run(journal: Journal, number: int | None) -> RunRow:
    """Return a recorded run, the newest without a number.

    Raises:
        UsageError: no run has that number, or there is no run at all.
    """
    found = (
        await journal.runs.find(number)
        if number is not None
        else next(iter(await journal.runs.newest(1)), None)
    )
    if found is None:
        if number is None:
            raise UsageError("There was no run yet; `stash-sync sync` is the first.")
        raise UsageError(f"There is no run {number}; `stash-sync runs` lists those that there are.")
    return found


async def _finish(file: Path, page: Page, settings: Settings, reader: Reader) -> None:
    page.pictures = await _pictures(page, settings, reader)
    text = await asyncio.to_thread(render, page)
    try:
        await asyncio.to_thread(write_whole, file, text.encode("utf-8", "replace"))
    except OSError as error:
        raise StateError(
            f"The page {str(file)!r} cannot be written ({reason_of(error)}); name another file."
        ) from error


async def _pictures(page: Page, settings: Settings, reader: Reader) -> dict[str, str]:
    """Return pictures of entities, galleries first, then of the files themselves."""
    if settings.downloads is None or not settings.downloads.is_dir():
        return {}
    shown = sorted((one for one in page.entries if one.media), key=lambda one: one.type != "Gallery")
    wanted = dict.fromkeys(one.media for one in shown)
    downloads = await asyncio.to_thread(list_downloads, settings.downloads)
    files = [file for file in downloads.files if kind_of(file.name) == "image"]
    owners = await reader.find_media((file.name, file.media_id) for file in files)
    found: dict[str, Path] = {}
    for file in files:
        owner = owners.get(file.name)
        if owner is not None and str(owner.media) in wanted:
            found.setdefault(str(owner.media), Path(file.path))
    chosen = [(media, found[media]) for media in wanted if media in found][:CANDIDATES]
    thumbnailer = Thumbnailer()
    try:
        return await asyncio.to_thread(pictures, chosen, thumbnailer)
    finally:
        thumbnailer.stop()
