"""`stash-sync watch`: sync again whenever the database or the downloads have changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import SYNC, alone, command, make_output, settings_of, with_stash
from stash.cli.flags import Creators, Format, Json, NoScan, Only, Overwrite, Skip, Verbose
from stash.cli.groups import ChoiceFlags, OutputFlags, PlaceFlags
from stash.cli.logs import LogFormat
from stash.cli.running import finish
from stash.cli.signals import Signalled
from stash.cli.summaries import headline
from stash.cli.times import local
from stash.report import counted
from stash.source.addresses import without_secrets

if TYPE_CHECKING:
    from typing import NoReturn

    from stash.cli.output import Output
    from stash.errors import SyncError
    from stash.report import Report
    from stash.settings import Settings
    from stash.source.errors import MetadataError
    from stash.sync import SyncOptions


@dataclass(frozen=True, kw_only=True)
class WatchFlags:
    """Flags for a watch and its syncs."""

    interval: Annotated[
        int,
        typer.Option(
            "--interval", min=1, help="Seconds between two looks at the database and the downloads."
        ),
    ] = 60
    no_scan: NoScan = False
    only: Only = None
    skip: Skip = None
    overwrite: Overwrite = None


@dataclass(frozen=True, kw_only=True)
class WatchOutputFlags:
    """Flags for what a watch prints and logs."""

    json: Json = False
    verbose: Verbose = False
    log_format: Format = LogFormat.TEXT


@command(SYNC)
def watch(creators: Creators = None, *, how: WatchFlags, places: PlaceFlags, out: WatchOutputFlags) -> int:
    """Sync, and again whenever the database or the downloads have changed, until it is stopped."""
    output = make_output(
        OutputFlags(json=out.json, quiet=True, verbose=out.verbose, log_format=out.log_format)
    )
    choice = ChoiceFlags(only=how.only, skip=how.skip, overwrite=how.overwrite)
    settings = settings_of(places, choice)

    async def work() -> NoReturn:
        from stash.watch import WatchedSource, WatchSteps, watch  # noqa: PLC0415 - slow to import

        options = replace(choice.options(creators, places), dry_run=False, scan=not how.no_scan)
        teller = WatchTeller(output)

        async def session() -> Report:
            return await _session(settings, options, places)

        async def pause() -> None:
            await asyncio.sleep(how.interval)

        look = WatchedSource(settings).look
        await watch(WatchSteps(look, session, pause, teller.done, teller.failed))

    with suppress(Signalled):
        finish(work())
    return 0


async def _session(settings: Settings, options: SyncOptions, places: PlaceFlags) -> Report:
    """Wait for Stash's jobs, then sync. The embedded Stash has none, because each sync starts it."""
    from stash.sync import sync  # noqa: PLC0415 - slow to import
    from stash.watch import wait_for_jobs  # noqa: PLC0415 - likewise

    if places.embedded_dir is None:
        await wait_for_jobs(settings)
    return await alone(
        settings,
        lambda: with_stash(settings, places.embedded_dir, lambda reached: sync(reached, options, _Unseen())),
    )


class _Unseen:
    """Progress that is not shown."""

    def start(self, step: str, total: int | None = None) -> None:
        """Show nothing."""

    def advance(self, amount: int = 1) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""


class WatchTeller:
    """Tell of a watch: each sync that wrote something or had trouble, and each outage once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._trouble = ""
        self._warned: set[str] = set()

    def done(self, report: Report) -> None:
        """Tell of a sync."""
        self._trouble = ""
        self._output.emit(report.summary())
        for sentence in report.warnings:
            if sentence not in self._warned:
                self._warned.add(sentence)
                self._output.warn(f"{sentence}.")
        if not report.is_silent or report.exit_code:
            self._output.say(f"{local(datetime.now(UTC))} {watch_line(report)}")

    def failed(self, error: SyncError | MetadataError) -> None:
        """Tell of an outage, unless it is the last one that was told."""
        sentence = without_secrets(str(error))
        if sentence != self._trouble:
            self._trouble = sentence
            self._output.warn(f"{sentence} The watch tries again by itself.")


def watch_line(report: Report) -> str:
    """Return a sync in one line."""
    parts = list(headline(report))
    if not parts and not report.is_silent:
        parts = [f"{counted(report.header.requests['mutations'], 'changes')} written."]
    if report.exit_code:
        parts.append(f"Some items could not be synced; `stash-sync report {report.header.run}` lists them.")
    return f"Run {report.header.run}: {' '.join(parts)}"
