"""The commands: each reads its flags, calls the pipeline and shows what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stash.cli.flags import Creators
from stash.cli.gc_tuning import tuned
from stash.cli.groups import (
    BeforeFlags,
    ChoiceFlags,
    OutputFlags,
    PlaceFlags,
    RunFlags,
    SyncFlags,
    spelt_out,
)
from stash.cli.helping import Command, PanelGroup
from stash.cli.logs import LogFormat, set_up
from stash.cli.output import Output
from stash.cli.pasting import command_line
from stash.cli.places import existing_folder, existing_paths, state_in, writable_page
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.errors import UsageError
from stash.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stash.report import Report
    from stash.settings import Settings

app = typer.Typer(
    name="stash-sync",
    epilog="The first time: `stash-sync demo` shows what it does, `stash-sync doctor` what yours still needs.",
    cls=PanelGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

SYNC, LOOK, OTHER = "Sync", "See what will happen, what happened, and why not", "Other commands"
"""Under which the help lists the commands."""


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"stash-sync {__version__}")
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


def command(panel: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Make a function a command, which the help lists in this panel."""

    def register(function: Callable[..., int]) -> Callable[..., int]:
        app.command(cls=Command, rich_help_panel=panel)(spelt_out(function))
        return function

    return register


@command(SYNC)
def sync(creators: Creators = None, *, how: SyncFlags, places: PlaceFlags, out: OutputFlags) -> int:
    """Bring the metadata database and the downloads into Stash."""
    return _bring(creators, BeforeFlags(), how, places, out)


@command(SYNC)
def run(
    creators: Creators = None, *, before: BeforeFlags, how: RunFlags, places: PlaceFlags, out: OutputFlags
) -> int:
    """Download, ingest, scan and sync, each as far as it is asked for. A dry run neither downloads nor ingests."""
    return _bring(creators, before, how, places, out)


def _bring(
    creators: Sequence[str] | None, before: BeforeFlags, how: RunFlags, places: PlaceFlags, out: OutputFlags
) -> int:
    output = make_output(out)
    html = how.choice.html
    writable_page(html)
    settings = settings_of(places, how.choice)

    async def work() -> Report:
        from stash.run import SyncSource, run  # noqa: PLC0415 - slow to import, so the lock is taken before

        options = how.options(creators, places)
        source = SyncSource(before.download_command, existing_paths(before.payloads or ()))
        with ConsoleProgress(output) as steps:
            return await with_stash(settings, places.embedded_dir, lambda s: run(s, options, steps, source))

    report = finish(work() if how.dry_run else alone(settings, work))
    write_html(html, settings, report)
    output.report(report, html)
    return report.exit_code


def make_output(flags: OutputFlags) -> Output:
    """Tell where a command speaks, and how much the log says."""
    set_up(flags.log_format, is_verbose=flags.verbose)
    has_events = flags.log_format is LogFormat.JSON
    is_quiet = flags.quiet or flags.json or has_events
    return Output(is_json=flags.json, is_quiet=is_quiet, has_events=has_events, is_verbose=flags.verbose)


def settings_of(places: PlaceFlags, choice: ChoiceFlags) -> Settings:
    """The settings in force for a sync, a plan or a comparison."""
    return make_settings(
        url=places.url,
        database=places.database,
        downloads=places.downloads,
        path_map=places.path_map,
        only=choice.only,
        skip=choice.skip,
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
