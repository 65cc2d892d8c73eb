"""What a person sees: tables, lists and progress; and the one JSON object that a script gets."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stash.report import Planned, Report

SHOWN = 10
"""Entries of a list that the terminal shows; `--json` has them all."""

DIFFERENT = 4
"""The exit code of a check that found differences."""

STEPS = {
    "download": "Downloading",
    "ingest": "Reading payloads",
    "files": "Looking through the downloads",
    "scan": "Asking Stash for its files",
    "sync": "Syncing creators",
}


@dataclass
class Output:
    """Where a command speaks: results on stdout, progress on stderr; with `is_json`, one object on stdout."""

    is_json: bool = False
    is_quiet: bool = False

    def __post_init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def emit(self, content: Mapping[str, Any]) -> None:
        """The JSON object of `--json`."""
        if self.is_json:
            sys.stdout.write(json.dumps(content, default=str) + "\n")
            sys.stdout.flush()

    def say(self, text: str, *, style: str = "", mark: tuple[str, str] = ("", "")) -> None:
        """A line for a person; `mark` is how the line begins, and the style of that."""
        if not self.is_json:
            line = Text(text, style)
            line.stylize(mark[1], 0, len(mark[0]))
            self.out.print(line)

    def error(self, text: str) -> None:
        """One sentence on stderr."""
        self.err.print(Text.assemble(("error: ", "bold red"), text))

    def warn(self, text: str) -> None:
        """One sentence on stderr that stops nothing."""
        self.err.print(Text.assemble(("warning: ", "yellow"), text))

    def report(self, report: Report) -> None:
        """A run, on one screen."""
        if self.is_json:
            self.emit(report.summary())
            return
        if report.plan is not None:
            self._plan(report.plan)
        self.out.print(_entities(report))
        requests = report.requests
        self.say(
            f"{report.links_added} links added, {report.unattached} files without a known item. "
            f"{requests['reads']} reads, {requests['writes']} writes ({requests['mutations']} mutations), "
            f"{requests['scan']} for scans, {report.seconds:.1f} s."
        )
        self._list("Unmatched", [f"{_short(u.file) or u.id}: {u.reason}" for u in report.unmatched])
        self._list("Left out", [f"{s.kind} {s.id}: {s.reason}" for s in report.skipped])
        self._list("Kept for you", [f"{k.type} {k.id}: {k.field}" for k in report.kept])
        self.say(_closing(report))

    def comparison(self, report: Report) -> int:
        """What a check found; answers the exit code."""
        plan = report.plan or []
        code = DIFFERENT if plan or report.kept else report.exit_code
        found = {
            "match": {name: counts.unchanged for name, counts in report.entities.items()},
            "differ": [asdict(one) for one in plan if one.reason != "new"],
            "missing": [asdict(one) for one in plan if one.reason == "new"],
            "foreign": [asdict(one) for one in report.unmatched],
            "kept": [asdict(one) for one in report.kept],
        }
        self.emit({**report.summary(), **found, "outcome": "compared", "exit_code": code})
        if not self.is_json:
            self._plan(plan)
            self._list(
                "Foreign or unmatched", [f"{_short(u.file) or u.id}: {u.reason}" for u in report.unmatched]
            )
            self._list("Kept for you", [f"{k.type} {k.id}: {k.field}" for k in report.kept])
            same = sum(counts.unchanged for counts in report.entities.values())
            self.say(
                f"{same} match, {len(found['differ'])} fields differ, {len(found['missing'])} fields are missing."
            )
        return code

    def _plan(self, plan: Sequence[Planned]) -> None:
        table = Table(
            "type",
            "which",
            "field",
            "stands",
            "would be",
            "why",
            box=None,
            title="Plan",
            title_justify="left",
        )
        for one in plan[: 4 * SHOWN]:
            table.add_row(
                *(Text(_cell(v)) for v in (one.type, one.id, one.field, one.before, one.after, one.reason))
            )
        self.out.print(table)
        if len(plan) > 4 * SHOWN:
            self.say(f"… and {len(plan) - 4 * SHOWN} more; --json has them all.")

    def _list(self, title: str, lines: Sequence[str]) -> None:
        if lines:
            self.say(f"{title} ({len(lines)}):")
            for line in lines[:SHOWN]:
                self.say(f"  {line}")
            if len(lines) > SHOWN:
                self.say(f"  … and {len(lines) - SHOWN} more; --json has them all.")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows for a person."""
        if not self.is_json:
            table = Table(*columns, title=title, title_justify="left", box=None)
            for row in rows:
                table.add_row(*(Text(_cell(value)) for value in row))
            self.out.print(table)


def _entities(report: Report) -> Table:
    table = Table("", "created", "updated", "unchanged", "kept", box=None)
    for name, counts in report.entities.items():
        figures = (counts.created, counts.updated, counts.unchanged, counts.kept)
        table.add_row(name, *(str(figure) if figure else "·" for figure in figures))
    return table


def _closing(report: Report) -> str:
    if report.plan is not None:
        return (
            f"Nothing was written: {len(report.plan)} changes are planned."
            if report.plan
            else "Nothing to do."
        )
    if report.exit_code:
        return "Done, but some items could not be synced; see above."
    return "Nothing to do." if report.is_silent else "Done."


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - what fits a column


def _short(path: str) -> str:
    return path if len(path) <= 70 else f"…{path[-69:]}"  # noqa: PLR2004 - what fits a line


class Steps:
    """Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, output: Output) -> None:
        self._console = output.err
        self._is_quiet = output.is_quiet
        self._bar: Progress | None = None
        self._began = 0.0
        self._step = ""
        self._count = 0

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins."""
        self._step, self._began, self._count = STEPS.get(step, step), time.monotonic(), 0
        if self._is_quiet:
            return
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._bar.add_task(self._step, total=total)

    def advance(self, amount: int = 1) -> None:
        """So many parts more are done."""
        self._count += amount
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], amount)

    def finish(self) -> None:
        """The step is done."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if not self._is_quiet:
            count = f"{self._count} items, " if self._count else ""
            self._console.print(Text(f"{self._step}: {count}{time.monotonic() - self._began:.1f} s"))
