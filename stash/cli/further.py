"""The commands beside the sync: ingest, demo, embedded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stash.cli.commands import BESIDE, LOOK, alone, app, make_output, make_settings
from stash.cli.flags import DatabaseUrl, Json, Quiet
from stash.cli.places import existing_folder, existing_paths, made_folder, state_in
from stash.cli.progress import Steps
from stash.cli.running import finish


@app.command(rich_help_panel=BESIDE)
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
    with Steps(output) as steps:
        result = finish(alone(settings, lambda: pipeline.ingest(settings, existing_paths(paths), steps)))
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


@app.command(rich_help_panel=LOOK)
def settings(*, json: Json = False) -> int:
    """Each setting, its value, and where it comes from."""
    from stash.settings import explain, load_settings, loose_permissions  # noqa: PLC0415 - likewise

    output = make_output(json, quiet=True, verbose=False)
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


@app.command(rich_help_panel=BESIDE)
def demo(
    *,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the demo's world in this folder.")] = None,
    json: Json = False,
) -> int:
    """Make a small world, sync it into the embedded Stash, and show what came of it; then sync again."""
    from stash.cli.demo import show  # noqa: PLC0415 - only this command needs it

    output = make_output(json, quiet=True, verbose=False)
    return show(output, None if keep is None else made_folder(keep))


@app.command(rich_help_panel=BESIDE)
def embedded(
    *,
    library: Annotated[Path, typer.Option("--library", help="The folder to be its library.")],
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where it listens, on this machine alone.")
    ] = 9999,
    embedded_dir: Annotated[
        Path | None, typer.Option("--embedded-dir", help="Where its state is kept.")
    ] = None,
    json: Json = False,
) -> int:
    """Serve the embedded Stash until stopped; it scans the library when a client asks for it."""
    from stash.embedded import EmbeddedStash  # noqa: PLC0415 - only this command needs it
    from stash.embedded import run as serve_forever  # noqa: PLC0415

    output = make_output(json, quiet=True, verbose=False)
    output.say(f"The embedded Stash is at http://127.0.0.1:{port}; stop it with Ctrl-C.")
    with EmbeddedStash([existing_folder(library)], state=state_in(embedded_dir)) as stash:
        serve_forever(stash, port)
    output.emit({"outcome": "stopped", "exit_code": 0})
    return 0
