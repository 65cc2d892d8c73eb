"""The commands: each reads its flags, calls the pipeline and shows what came of it."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.output import Output, Steps
from stash.cli.running import finish
from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
Recreate = Annotated[
    bool, typer.Option("--recreate", help="Make again what was deleted in Stash since an earlier sync.")
]


@app.command()
def sync(  # noqa: PLR0913 - each flag is a parameter, as typer has it
    creators: Creators = None,
    *,
    dry_run: DryRun = False,
    no_scan: NoScan = False,
    overwrite: Overwrite = None,
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
) -> int:
    """Bring the metadata database and the downloads into Stash."""
    output = make_output(json, quiet, verbose)
    settings = make_settings(url=url, database=database, downloads=downloads, path_map=path_map)

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
        )
        steps = Steps(output)
        return await with_stash(settings, embedded_dir, lambda s: pipeline.sync(s, options, steps))

    report = finish(work() if dry_run else alone(settings, work))
    output.report(report)
    return report.exit_code


@app.command()
def check(  # noqa: PLR0913 - likewise
    creators: Creators = None,
    *,
    url: Url = None,
    database: DatabaseUrl = None,
    downloads: Downloads = None,
    path_map: PathMapping = None,
    embedded_dir: EmbeddedDir = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Compare without writing: what matches, differs, is missing in Stash, or has no row."""
    from stash import pipeline  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(json, quiet, verbose=False)
    settings = make_settings(url=url, database=database, downloads=downloads, path_map=path_map)
    options = pipeline.SyncOptions(tuple(creators or ()), dry_run=True, server=server_of(embedded_dir))
    report = finish(with_stash(settings, embedded_dir, lambda s: pipeline.sync(s, options, Steps(output))))
    return output.comparison(report)


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
    no_scan: NoScan = False,
    overwrite: Overwrite = None,
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
) -> int:
    """Download, ingest, scan and sync, each as far as it is asked for."""
    output = make_output(json, quiet, verbose)
    settings = make_settings(url=url, database=database, downloads=downloads, path_map=path_map)

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
        source, steps = pipeline.Source(download_command, tuple(payloads or ())), Steps(output)
        return await with_stash(settings, embedded_dir, lambda s: pipeline.run(s, options, steps, source))

    report = finish(alone(settings, work))
    output.report(report)
    return report.exit_code


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Payload files, or folders of them.")],
    *,
    database: DatabaseUrl = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Load API payloads into a metadata database of stash-sync's own."""
    from stash import pipeline  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(json, quiet, verbose=False)
    settings = make_settings(database=database)
    result = finish(alone(settings, lambda: pipeline.ingest(settings, paths, Steps(output))))
    code = 3 if result.failures else 0
    output.emit(
        {
            "outcome": "done",
            "exit_code": code,
            "files": [str(path) for path in result.files],
            "rows": dict(result.rows),
            "skipped": [str(failure) for failure in result.failures],
            "problems": [asdict(problem) for problem in result.problems],
        }
    )
    output.say(f"{len(result.files)} payloads are in the database.")
    for failure in result.failures:
        output.warn(str(failure))
    return code


@app.command()
def settings(*, json: Json = False) -> int:
    """Each setting, its value, and where it comes from."""
    from stash.settings import explain, load_settings, loose_permissions  # noqa: PLC0415 - likewise

    output = make_output(json, quiet=True, verbose=False)
    rows = explain(load_settings({}), {})
    output.emit({"exit_code": 0, "settings": {n: {"value": v, "source": s} for n, v, s in rows}})
    output.table("Settings", ("setting", "value", "from"), rows)
    warning = loose_permissions()
    if warning is not None:
        output.warn(warning)
    return 0


@app.command()
def demo(
    *,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the demo's world in this folder.")] = None,
    json: Json = False,
) -> int:
    """Make a small world, sync it into the embedded Stash, and show what came of it; then sync again."""
    from stash.cli.demo import show  # noqa: PLC0415 - only this command needs it

    return show(make_output(json, quiet=True, verbose=False), keep)


@app.command()
def embedded(
    *,
    library: Annotated[Path, typer.Option("--library", help="The folder to be its library.")],
    port: Annotated[int, typer.Option("--port", help="Where it listens, on this machine alone.")] = 9999,
    embedded_dir: Annotated[
        Path | None, typer.Option("--embedded-dir", help="Where its state is kept.")
    ] = None,
) -> int:
    """Serve the embedded Stash until stopped; it scans the library when a client asks for it."""
    from stash.embedded import EmbeddedStash  # noqa: PLC0415 - only this command needs it
    from stash.embedded import run as serve_forever  # noqa: PLC0415

    output = Output()
    output.say(f"The embedded Stash is at http://127.0.0.1:{port}; stop it with Ctrl-C.")
    with EmbeddedStash([_folder(library)], state=_state_in(embedded_dir)) as stash:
        serve_forever(stash, port)
    return 0


def make_output(json: bool, quiet: bool, verbose: bool) -> Output:  # noqa: FBT001 - the three flags of every command
    """Where a command speaks, and how much the log says."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("stash_graphql_client").setLevel(logging.WARNING)
    return Output(is_json=json, is_quiet=quiet or json)


def make_settings(**flags: Any) -> Settings:  # noqa: ANN401 - whatever the flags hold
    """The settings in force."""
    from stash.settings import load_settings  # noqa: PLC0415 - pydantic is slow to import

    return load_settings(flags)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"The folder {str(path)!r} does not exist; name the one that holds the downloads.")
    return path


def _state_in(folder: Path | None) -> Path | None:
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
    if embedded_dir is None:
        return await work(settings)
    from stash.embedded import EmbeddedStash, serve  # noqa: PLC0415 - only asked for explicitly

    if settings.downloads is None:
        raise UsageError("No downloads folder is named; set STASH_SYNC_DOWNLOADS or give --downloads.")
    library, state = _folder(settings.downloads), _state_in(embedded_dir)
    with EmbeddedStash([library], state=state) as stash:
        async with serve(stash) as url:
            return await work(settings.model_copy(update={"url": url}))
