"""The commands: each reads its flags, calls the pipeline and shows what came of it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.flags import (
    Creators,
    DatabaseUrl,
    Downloads,
    DryRun,
    EmbeddedDir,
    Force,
    Format,
    Html,
    Json,
    NoScan,
    Only,
    Overwrite,
    PathMapping,
    Quiet,
    Recreate,
    Redo,
    Restored,
    ScanFirst,
    Skip,
    Url,
    Verbose,
    overwritable,
    scan_first,
)
from stash.cli.gc_tuning import tuned
from stash.cli.helping import Command, Group
from stash.cli.logs import LogFormat, set_up
from stash.cli.output import Output
from stash.cli.pasting import command_line
from stash.cli.places import existing_folder, existing_paths, state_in, writable_page
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stash.report import Report
    from stash.settings import Settings

EMBEDDED = "embedded"
"""What the journal calls the embedded Stash, whose port is another one each time."""

app = typer.Typer(
    name="stash-sync",
    epilog="The first time: `stash-sync demo` shows what it does, `stash-sync doctor` what yours still needs.",
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

SYNC, LOOK, OTHER = "Sync", "See what will happen, what happened, and why not", "Other commands"
"""Under which the help lists the commands."""


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"stash-sync {version('stash-sync')}")
        raise typer.Exit


@app.callback()
def _app(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the version, and end."),
    ] = False,
) -> None:
    """Brings what a creator-content downloader saved into Stash, again and again, without losing your edits."""


@app.command(cls=Command, rich_help_panel=SYNC)
def sync(  # noqa: PLR0913 - each flag is a parameter, as typer has it
    creators: Creators = None,
    *,
    dry_run: DryRun = False,
    scan: ScanFirst = False,
    html: Html = None,
    only: Only = None,
    skip: Skip = None,
    overwrite: Overwrite = None,
    no_scan: NoScan = False,
    force: Force = False,
    recreate: Recreate = False,
    redo: Redo = False,
    restored: Restored = False,
    url: Url = None,
    database: DatabaseUrl = None,
    downloads: Downloads = None,
    path_map: PathMapping = None,
    embedded_dir: EmbeddedDir = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: Format = LogFormat.TEXT,
) -> int:
    """Bring the metadata database and the downloads into Stash."""
    output = make_output(json, quiet, verbose, log_format)
    writable_page(html)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )

    async def work() -> Report:
        from stash.sync import SyncOptions, sync  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = SyncOptions(
            tuple(creators or ()),
            dry_run=dry_run,
            scan=not no_scan,
            scan_first=scan_first(scan, no_scan=no_scan),
            words=(*(only or ()), *(skip or ())),
            overwrite=overwritable(overwrite),
            server=server_of(embedded_dir),
            is_forced=force,
            recreate=recreate,
            redo=redo,
            is_restored=restored,
        )
        with ConsoleProgress(output) as steps:
            return await with_stash(settings, embedded_dir, lambda s: sync(s, options, steps))

    report = finish(work() if dry_run else alone(settings, work))
    write_html(html, settings, report)
    output.report(report, html)
    return report.exit_code


@app.command(cls=Command, rich_help_panel=SYNC)
def run(  # noqa: PLR0913 - likewise
    creators: Creators = None,
    *,
    download_command: Annotated[
        str | None, typer.Option("--download-command", help="Run this first; it downloads.")
    ] = None,
    payloads: Annotated[
        list[Path] | None,
        typer.Option("--payloads", help="API payloads to ingest: files or folders (several times)."),
    ] = None,
    dry_run: DryRun = False,
    scan: ScanFirst = False,
    html: Html = None,
    only: Only = None,
    skip: Skip = None,
    overwrite: Overwrite = None,
    no_scan: NoScan = False,
    force: Force = False,
    recreate: Recreate = False,
    redo: Redo = False,
    url: Url = None,
    database: DatabaseUrl = None,
    downloads: Downloads = None,
    path_map: PathMapping = None,
    embedded_dir: EmbeddedDir = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_format: Format = LogFormat.TEXT,
) -> int:
    """Download, ingest, scan and sync, each as far as it is asked for. A dry run neither downloads nor ingests."""
    output = make_output(json, quiet, verbose, log_format)
    writable_page(html)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )

    async def work() -> Report:
        from stash.run import SyncSource, run  # noqa: PLC0415 - slow to import, so the lock is taken before
        from stash.sync import SyncOptions  # noqa: PLC0415 - likewise

        options = SyncOptions(
            tuple(creators or ()),
            dry_run=dry_run,
            scan=not no_scan,
            scan_first=scan_first(scan, no_scan=no_scan),
            words=(*(only or ()), *(skip or ())),
            overwrite=overwritable(overwrite),
            server=server_of(embedded_dir),
            is_forced=force,
            recreate=recreate,
            redo=redo,
        )
        source = SyncSource(download_command, existing_paths(payloads or ()))
        with ConsoleProgress(output) as steps:
            return await with_stash(settings, embedded_dir, lambda s: run(s, options, steps, source))

    report = finish(work() if dry_run else alone(settings, work))
    write_html(html, settings, report)
    output.report(report, html)
    return report.exit_code


def make_output(
    json: bool,  # noqa: FBT001 - the flags of every command
    quiet: bool,  # noqa: FBT001 - likewise
    verbose: bool,  # noqa: FBT001 - likewise
    log_format: LogFormat = LogFormat.TEXT,
) -> Output:
    """Tell where a command speaks, and how much the log says."""
    set_up(log_format, is_verbose=verbose)
    has_events = log_format is LogFormat.JSON
    return Output(
        is_json=json, is_quiet=quiet or json or has_events, has_events=has_events, is_verbose=verbose
    )


def make_settings(
    only: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    **flags: Any,  # noqa: ANN401 - whatever the flags hold
) -> Settings:
    """The settings in force, narrowed by what is to be synced and what is not."""
    from stash.selectors import narrow_settings  # noqa: PLC0415 - pydantic is slow to import
    from stash.settings import load_settings  # noqa: PLC0415 - likewise

    return narrow_settings(load_settings(flags), only or (), skip or ())


def write_html(file: Path | None, settings: Settings, report: Report) -> None:
    """Write the page of a run or a plan, where one is asked for."""
    if file is None:
        return
    from stash.page import write_page  # noqa: PLC0415 - only a page needs it

    finish(write_page(file, settings, report, command_line()))


def server_of(embedded_dir: Path | None) -> str | None:
    """Return what the journal calls the Stash: the embedded one by its folder. None means by its address."""
    return None if embedded_dir is None else f"{EMBEDDED} {embedded_dir.expanduser().absolute()}"


async def alone[T](settings: Settings, work: Callable[[], Awaitable[T]]) -> T:
    """Do the work while no other run is at work on the same database."""
    from stash.lock import held  # noqa: PLC0415 - only what writes needs it

    if settings.database is None:
        return await work()
    async with held(settings.database, settings.state):
        return await work()


async def with_stash[T](
    settings: Settings, embedded_dir: Path | None, work: Callable[[Settings], Awaitable[T]]
) -> T:
    """Do the work with the user's Stash, or with the embedded one where a folder for it is named."""
    with tuned():
        if embedded_dir is None:
            return await work(settings)
        if settings.downloads is None:
            raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
        library, state = existing_folder(settings.downloads), state_in(embedded_dir)
        from stash.cli.serving import embedded_for_itself  # noqa: PLC0415 - only asked for explicitly

        async with embedded_for_itself(library, state) as reached:
            return await work(settings.model_copy(update=reached))
