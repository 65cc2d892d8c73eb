"""Groups of flags that several commands share: each is a dataclass, which a command takes as one parameter."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from stash.cli.flags import (
    DatabaseUrl,
    DownloadCommand,
    Downloads,
    DryRun,
    EmbeddedDir,
    Force,
    Format,
    Full,
    Html,
    Json,
    NoScan,
    Only,
    Overwrite,
    PathMapping,
    Payloads,
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
from stash.cli.logs import LogFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stash.sync import SyncOptions

EMBEDDED = "embedded"
"""Name of the embedded Stash in the journal: its port is another one each time."""


def server_of(embedded_dir: Path | None) -> str | None:
    """Return what the journal calls the Stash: the embedded one by its folder. None means by its address."""
    return None if embedded_dir is None else f"{EMBEDDED} {embedded_dir.expanduser().absolute()}"


@dataclass(frozen=True, kw_only=True)
class OutputFlags:
    """Flags for what a command prints and logs."""

    json: Json = False
    quiet: Quiet = False
    verbose: Verbose = False
    log_format: Format = LogFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class SourceFlags:
    """Flags for the places that every sync joins: Stash, the metadata database, the downloads."""

    url: Url = None
    database: DatabaseUrl = None
    downloads: Downloads = None


@dataclass(frozen=True, kw_only=True)
class PlaceFlags(SourceFlags):
    """Flags for the places of a sync, and for the way from one to the other."""

    path_map: PathMapping = None
    embedded_dir: EmbeddedDir = None


@dataclass(frozen=True, kw_only=True)
class ChoiceFlags:
    """Flags for the items and fields that a command looks at, and for the page that it writes."""

    html: Html = None
    only: Only = None
    skip: Skip = None
    overwrite: Overwrite = None

    def options(self, creators: Sequence[str] | None, places: PlaceFlags) -> SyncOptions:
        """Return the options of a plan.

        Raises:
            UsageError: a flag has no effect.
        """
        from stash.sync import SyncOptions  # noqa: PLC0415 - slow to import

        return SyncOptions(
            tuple(creators or ()),
            dry_run=True,
            words=(*(self.only or ()), *(self.skip or ())),
            overwrite=overwritable(self.overwrite),
            server=server_of(places.embedded_dir),
        )


@dataclass(frozen=True, kw_only=True)
class RunFlags:
    """Flags for the way a sync works."""

    dry_run: DryRun = False
    scan: ScanFirst = False
    choice: ChoiceFlags
    no_scan: NoScan = False
    force: Force = False
    recreate: Recreate = False
    redo: Redo = False
    full: Full = False

    def options(self, creators: Sequence[str] | None, places: PlaceFlags) -> SyncOptions:
        """Return the options of a sync.

        Raises:
            UsageError: flags contradict each other, or one has no effect.
        """
        return replace(
            self.choice.options(creators, places),
            dry_run=self.dry_run,
            scan=not self.no_scan,
            scan_first=scan_first(self.scan, no_scan=self.no_scan),
            is_forced=self.force,
            recreate=self.recreate,
            redo=self.redo,
            is_full=self.full,
        )


@dataclass(frozen=True, kw_only=True)
class SyncFlags(RunFlags):
    """Flags for a sync by itself, without a step before it."""

    restored: Restored = False

    def options(self, creators: Sequence[str] | None, places: PlaceFlags) -> SyncOptions:
        """Return the options of a sync, perhaps of a Stash that was restored."""
        return replace(super().options(creators, places), is_restored=self.restored)


@dataclass(frozen=True, kw_only=True)
class BeforeFlags:
    """Flags for the steps before a sync."""

    download_command: DownloadCommand = None
    payloads: Payloads = None


def spelt_out(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command its groups' flags as parameters of its own, as typer reads them from its signature."""
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    flags = [flag for one in parameters for flag in _flags(one)]

    @wraps(command)
    def called(**values: Any) -> int:  # noqa: ANN401 - whatever the flags hold
        return command(**{one.name: _value(one.name, one.annotation, values) for one in parameters})

    called.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]  # read by inspect
    called.__annotations__ = {one.name: one.annotation for one in flags}
    return called


def _flags(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    if not is_dataclass(parameter.annotation):
        yield parameter
        return
    types = get_type_hints(parameter.annotation, include_extras=True)
    for one in fields(parameter.annotation):
        yield from _flags(
            inspect.Parameter(
                one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=types[one.name]
            )
        )


def _value(name: str, wanted: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the flags hold
    if not is_dataclass(wanted) or not isinstance(wanted, type):
        return values[name]
    types = get_type_hints(wanted)
    return wanted(**{one.name: _value(one.name, types[one.name], values) for one in fields(wanted)})
