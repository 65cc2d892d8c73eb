"""The commands: each reads its flags, calls the pipeline and shows what came of it."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.logs import LogFormat, set_up
from stash.cli.output import Output
from stash.cli.pasting import command_line
from stash.cli.progress import Steps
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
    help="Brings what a creator-content downloader saved into Stash, again and again, without losing your edits.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log what is decided.")]
Url = Annotated[str | None, typer.Option("--url", help="Where Stash is; else STASH_URL.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="The metadata database; else STASH_SYNC_DATABASE_URL.")
]
Downloads = Annotated[
    Path | None, typer.Option("--downloads", help="The downloader's folder; else STASH_SYNC_DOWNLOADS.")
]
PathMapping = Annotated[
    str | None, typer.Option("--path-map", help="host=stash, several with ';'; else STASH_SYNC_PATH_MAP.")
]
EmbeddedDir = Annotated[
    Path | None,
    typer.Option(
        "--embedded-dir", help="Use the embedded Stash, with its state in this folder, to try things out."
    ),
]
Creators = Annotated[
    list[str] | None, typer.Argument(help="Usernames, @names or account ids; none means all.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, field by field, and write nothing.")
]
NoScan = Annotated[bool, typer.Option("--no-scan", help="Never ask Stash to scan.")]
Overwrite = Annotated[
    list[str] | None,
    typer.Option("--overwrite", help="Write this field even where you edited it (several times)."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Go on although the world looks wrong (after exit 7 said why).")
]
Redo = Annotated[bool, typer.Option("--redo", help="Bring again what `undo` took back.")]
Recreate = Annotated[
    bool, typer.Option("--recreate", help="Make again what was deleted in Stash since an earlier sync.")
]


Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Only this: @creator, '#tag', an item's id, post, message, story, wall (several times).",
    ),
]
Skip = Annotated[
    list[str] | None, typer.Option("--skip", help="All but this: the same words (several times).")
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write it as a page too: one file that needs nothing else.")
]
Format = Annotated[LogFormat, typer.Option("--log-format", help="How the log on stderr is written.")]


@app.command()
def sync(  # noqa: PLR0913 - each flag is a parameter, as typer has it
    creators: Creators = None,
    *,
    dry_run: DryRun = False,
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
    """Bring the metadata database and the downloads into Stash."""
    output = make_output(json, quiet, verbose, log_format)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )

    async def work() -> Report:
        from stash import pipeline  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = pipeline.SyncOptions(
            tuple(creators or ()),
            dry_run,
            not no_scan,
            frozenset(overwrite or ()),
            server_of(embedded_dir),
            is_forced=force,
            recreate=recreate,
            redo=redo,
        )
        with Steps(output) as steps:
            return await with_stash(settings, embedded_dir, lambda s: pipeline.sync(s, options, steps))

    report = finish(work() if dry_run else alone(settings, work))
    write_html(html, settings, report)
    output.report(report, html)
    return report.exit_code


@app.command()
def check(  # noqa: PLR0913 - likewise
    creators: Creators = None,
    *,
    html: Html = None,
    only: Only = None,
    skip: Skip = None,
    overwrite: Overwrite = None,
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
    """Compare without writing: what matches, differs, is missing in Stash, or has no row."""
    from stash import pipeline  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(json, quiet, verbose, log_format)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )
    options = pipeline.SyncOptions(
        tuple(creators or ()),
        dry_run=True,
        overwrite=frozenset(overwrite or ()),
        server=server_of(embedded_dir),
    )
    with Steps(output) as steps:
        report = finish(with_stash(settings, embedded_dir, lambda s: pipeline.sync(s, options, steps)))
    write_html(html, settings, report)
    return output.comparison(report, html)


@app.command()
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
    html: Html = None,
    only: Only = None,
    skip: Skip = None,
    overwrite: Overwrite = None,
    no_scan: NoScan = False,
    force: Force = False,
    recreate: Recreate = False,
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
    """Download, ingest, scan and sync, each as far as it is asked for."""
    output = make_output(json, quiet, verbose, log_format)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )

    async def work() -> Report:
        from stash import pipeline  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = pipeline.SyncOptions(
            tuple(creators or ()),
            scan=not no_scan,
            overwrite=frozenset(overwrite or ()),
            server=server_of(embedded_dir),
            is_forced=force,
            recreate=recreate,
        )
        source = pipeline.Source(download_command, tuple(payloads or ()))
        with Steps(output) as steps:
            return await with_stash(settings, embedded_dir, lambda s: pipeline.run(s, options, steps, source))

    report = finish(alone(settings, work))
    write_html(html, settings, report)
    output.report(report, html)
    return report.exit_code


def make_output(
    json: bool,  # noqa: FBT001 - the flags of every command
    quiet: bool,  # noqa: FBT001 - likewise
    verbose: bool,  # noqa: FBT001 - likewise
    log_format: LogFormat = LogFormat.TEXT,
) -> Output:
    """Where a command speaks, and how much the log says."""
    set_up(log_format, is_verbose=verbose)
    return Output(is_json=json, is_quiet=quiet or json or log_format is LogFormat.JSON)


def make_settings(
    only: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    **flags: Any,  # noqa: ANN401 - whatever the flags hold
) -> Settings:
    """The settings in force, narrowed by what is to be synced and what is not."""
    from stash.gating import gated  # noqa: PLC0415 - pydantic is slow to import
    from stash.settings import load_settings  # noqa: PLC0415 - likewise

    return gated(load_settings(flags), only or (), skip or ())


def write_html(file: Path | None, settings: Settings, report: Report) -> None:
    """Write the page of a run or a plan, where one is asked for."""
    if file is None:
        return
    from stash.page import write_page  # noqa: PLC0415 - only a page needs it

    finish(write_page(file, settings, report, command_line()))


def existing_folder(path: Path) -> Path:
    """A folder that is there."""
    if not path.is_dir():
        raise UsageError(f"The folder {str(path)!r} does not exist; name the one that holds the downloads.")
    return path


def state_in(folder: Path | None) -> Path | None:
    """Where the embedded Stash keeps its state, if anywhere."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "embedded-stash.sqlite"


def server_of(embedded_dir: Path | None) -> str | None:
    """What the journal calls the Stash; None means by its address."""
    return EMBEDDED if embedded_dir is not None else None


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
    gc.freeze()  # what was imported stays; looking through it again and again costs a tenth of a run
    if embedded_dir is None:
        return await work(settings)
    from stash.embedded import EmbeddedStash, serve  # noqa: PLC0415 - only asked for explicitly

    if settings.downloads is None:
        raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
    library, state = existing_folder(settings.downloads), state_in(embedded_dir)
    with EmbeddedStash([library], state=state) as stash:
        async with serve(stash) as url:
            return await work(settings.model_copy(update={"url": url}))
