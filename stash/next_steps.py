"""Find the next step for an unmatched, skipped or kept object, by its reason. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stash.report import Report

UNSCANNED = "a sync has it scanned"
"""A part of the reason of a file that Stash has not scanned yet."""

_NOT_THERE = "none of its media is in Stash"

_STEPS = (
    ("deleted in Stash", "Nothing to do, unless you want it back.", "--recreate"),
    ("taken back by undo", "Nothing to do, unless you want it back.", "--redo"),
    ("does not take", "Nothing to do: it stays on disk, outside of Stash.", ""),
    ("no row of the metadata database", "Let the downloader fetch its creator again, or leave the file.", ""),
    (UNSCANNED, "Sync: it is scanned first.", " "),
    ("have it scan the folder", "Let the doctor look at paths, permissions and excludes.", "doctor"),
    ("belongs to no item that is synced", "Nothing to do, unless you want it: sync without that choice.", ""),
    ("belongs to no item of these creators", "Sync its creator too, or leave the file.", ""),
    ("not in the downloads folder", "Download it again, or leave it.", ""),
    ("in a file that can be used", "See its files among the unmatched.", ""),
    (
        _NOT_THERE,
        "Sync: its files are scanned first. Download what is not there.",
        " ",
    ),
    ("the downloads folder holds no file", "Let the doctor look whether it is the right folder.", "doctor"),
    ("locked", "Nothing to do: what is locked cannot be downloaded.", ""),
    ("Stash refused", "Read Stash's words; its log (Settings, Logs) says more. Then sync again.", " "),
    ("please report this", "Report it with the log of a run with --verbose.", "--verbose"),
    ("is unknown", "Let the downloader fetch it again, or leave it.", ""),
)


_OF_THE_USER = ("deleted in Stash", "taken back by undo")
"""Parts of the reasons of entities that a user deleted or undid."""

_AFTER_A_SYNC = "Download its files again, or leave it: they are not there, or Stash does not take them."


def is_of_the_user(reason: str) -> bool:
    """Tell whether an object was left out because the user deleted or undid it."""
    return any(words in reason for words in _OF_THE_USER)


def unscanned(report: Report) -> int:
    """Return the number of files that Stash has not scanned yet and that the plan therefore lacks."""
    return sum(UNSCANNED in one.reason for one in report.unmatched)


def step_for(reason: str, base: str, *, is_plan: bool = False, item: str = "") -> tuple[str, str]:
    """Return the next step, and a command line to paste if there is one.

    `base` is the command that flags are added to. `item` is the id of the post or message of the reason.
    """
    for words, step, flag in _STEPS:
        if words in reason:
            if words == _NOT_THERE and not is_plan:
                return _AFTER_A_SYNC, ""
            if flag in {"--recreate", "--redo"} and item:
                return step, f"{base} --only {item} {flag}"
            line = "stash-sync doctor" if flag == "doctor" else f"{base} {flag}".strip() if flag else ""
            return step, line
    _, _, step = reason.rpartition("; ")
    return (f"{step[:1].upper()}{step[1:]}." if step != reason else "Look at the row, then sync again."), ""
