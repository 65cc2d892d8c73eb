"""`stash-sync check`: compares Stash with the source, and writes nothing."""

from __future__ import annotations

from stash.cli.commands import LOOK, app, make_output, make_settings, server_of, with_stash, write_html
from stash.cli.flags import (
    Creators,
    DatabaseUrl,
    Downloads,
    EmbeddedDir,
    Format,
    Html,
    Json,
    Only,
    Overwrite,
    PathMapping,
    Quiet,
    Skip,
    Strict,
    Url,
    Verbose,
    overwritable,
)
from stash.cli.helping import Command
from stash.cli.logs import LogFormat
from stash.cli.places import writable_page
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish


@app.command(cls=Command, rich_help_panel=LOOK)
def check(  # noqa: PLR0913 - each flag is a parameter, as typer has it
    creators: Creators = None,
    *,
    strict: Strict = False,
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
    from stash.sync import SyncOptions, sync  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(json, quiet, verbose, log_format)
    writable_page(html)
    settings = make_settings(
        url=url, database=database, downloads=downloads, path_map=path_map, only=only, skip=skip
    )
    options = SyncOptions(
        tuple(creators or ()),
        dry_run=True,
        words=(*(only or ()), *(skip or ())),
        overwrite=overwritable(overwrite),
        server=server_of(embedded_dir),
    )
    with ConsoleProgress(output) as steps:
        report = finish(with_stash(settings, embedded_dir, lambda s: sync(s, options, steps)))
    write_html(html, settings, report)
    return output.comparison(report, html, is_strict=strict)
