"""The flags that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.logs import LogFormat
from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERWRITABLE = frozenset(
    {
        "code",
        "cover",
        "date",
        "details",
        "image_index",
        "name",
        "organized",
        "parent_studio",
        "studio",
        "title",
    }
)
"""The fields that hold one value. Lists are only added to, and what a user took from them stays away."""

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for scripts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is decided, and tell the requests.")]
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
ScanFirst = Annotated[
    bool,
    typer.Option(
        "--scan", help="With --dry-run: have Stash scan new files first (that writes no metadata), then plan."
    ),
]
NoScan = Annotated[bool, typer.Option("--no-scan", help="Never ask Stash to scan.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 4 also where nothing but your own edits differs.")
]
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
Full = Annotated[
    bool, typer.Option("--full", help="Look at everything, not only at what may have changed since.")
]
Restored = Annotated[
    bool,
    typer.Option(
        "--restored",
        help="Stash was put back from a backup (after exit 7 said so): write again what that lost.",
    ),
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
DownloadCommand = Annotated[
    str | None, typer.Option("--download-command", help="Run this first; it downloads.")
]
Payloads = Annotated[
    list[Path] | None,
    typer.Option("--payloads", help="API payloads to ingest: files or folders (several times)."),
]
Format = Annotated[LogFormat, typer.Option("--log-format", help="How the log on stderr is written.")]


def overwritable(names: Sequence[str] | None) -> frozenset[str]:
    """The fields that a user wants written over.

    Raises:
        UsageError: one is none that is ever written over: without this it would silently do nothing.
    """
    for name in names or ():
        if name not in OVERWRITABLE:
            raise UsageError(
                f"--overwrite {name} would do nothing: it is for fields with one value; name one of "
                f"{', '.join(sorted(OVERWRITABLE))}."
            )
    return frozenset(names or ())


def scan_first(scan: bool, *, no_scan: bool) -> bool:  # noqa: FBT001 - a flag
    """Tell whether a dry run has Stash scan first.

    Raises:
        UsageError: both flags about scans were given.
    """
    if scan and no_scan:
        raise UsageError("--scan and --no-scan say the opposite; give one of them.")
    return scan
