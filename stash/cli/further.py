"""The commands beside the sync: ingest, demo, embedded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stash.cli.commands import LOOK, OTHER, alone, command, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Json, Quiet
from stash.cli.groups import OutputFlags
from stash.cli.places import existing_folder, existing_paths, new_folder
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.cli.signals import Signalled, hold
from stash.report import counted

EMBEDDED_PORT = 9998
"""Default port of the embedded Stash. A real Stash beside it has 9999."""

_TOLD = {
    "accounts": "accounts",
    "posts": "posts",
    "messages": "messages",
    "media_stories": "stories",
    "media": "media",
}
"""Nouns for the rows of a payload, by table."""


@command(OTHER)
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Payload files, or folders of them.")],
    *,
    database: DatabaseUrl = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Load API payloads into a metadata database of stash-sync's own."""
    from stash.run import ingest  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(OutputFlags(json=json, quiet=quiet))
    settings = make_settings(database=database)
    with ConsoleProgress(output) as steps:
        result = finish(alone(settings, lambda: ingest(settings, existing_paths(paths), steps)))
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
    read = [counted(result.rows[table], name) for table, name in _TOLD.items() if result.rows.get(table)]
    output.say(f"{counted(len(result.files), 'payloads')} read: {', '.join(read) or 'nothing in them'}.")
    for failure in result.failures:
        output.warn(str(failure))
    return code


@command(LOOK)
def settings(*, json: Json = False) -> int:
    """Each setting, its value, and where it comes from."""
    from stash.explaining import explain, loose_permissions  # noqa: PLC0415 - likewise
    from stash.settings import load_settings  # noqa: PLC0415 - likewise

    output = make_output(OutputFlags(json=json, quiet=True))
    rows = explain(load_settings({}), {})
    output.emit({"exit_code": 0, "settings": {n: {"value": v, "source": s} for n, v, s in rows}})
    shown = [row for row in rows if row[2] != "default" or row[1] != "-"]
    output.table(
        "Settings", ("setting", "value", "from"), [*sorted(shown, key=lambda row: row[2] == "default")]
    )
    unset = [name for name, value, source in rows if source == "default" and value == "-"]
    output.hang(f"{', '.join(unset)}." if unset else "none.", "Not set: ")
    warning = loose_permissions()
    if warning is not None:
        output.warn(warning)
    return 0


@command(OTHER)
def demo(
    *,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Keep the demo's world in this new folder.")
    ] = None,
    json: Json = False,
) -> int:
    """Make a small world, sync it into the embedded Stash, and show what came of it. Then sync again."""
    from stash.cli.demo import show  # noqa: PLC0415 - only this command needs it

    output = make_output(OutputFlags(json=json, quiet=True))
    return show(output, None if keep is None else new_folder(keep))


@command(OTHER)
def embedded(
    *,
    library: Annotated[Path, typer.Option("--library", help="The folder to be its library.")],
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, help="Where it listens, on this machine alone; 0: a free one."
        ),
    ] = EMBEDDED_PORT,
    embedded_dir: Annotated[
        Path | None, typer.Option("--embedded-dir", help="Where its state is kept.")
    ] = None,
    json: Json = False,
) -> int:
    """Serve the embedded Stash until stopped. It scans the library when a client asks for it."""
    output = make_output(OutputFlags(json=json, quiet=True))
    try:
        from stash.cli.serving import serve_until_stopped  # noqa: PLC0415 - only this command needs it

        serve_until_stopped(output, existing_folder(library), port, embedded_dir)
    except Signalled:  # how it is meant to end
        hold()
    output.emit({"outcome": "stopped", "exit_code": 0})
    return 0
