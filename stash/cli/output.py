"""Output of a command: lines and tables for a person, or one JSON object for a script."""

from __future__ import annotations

import logging
import sys
import textwrap
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash.cli.signals import hold
from stash.cli.summaries import MOST, comparison_lines, comparison_of, entity_rows, headline, report_lines
from stash.cli.texts import as_json, harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from stash.report import Report

DIFFERENT = 4
"""The exit code of a check that found differences."""

LEVELS = {"error: ": logging.ERROR, "warning: ": logging.WARNING}
"""The levels of what is said on stderr where that is a log of events."""

log = logging.getLogger(__name__)

AROUND = 4
"""Lines of a screen that are not a report's own: the command, the head of its table, the page's name, the prompt."""

NARROW = 72
"""Columns of a terminal on which sentences are broken, not cut."""

LEAST = 8
"""Fewest characters of a table's widest column. A narrower terminal shows the rows stacked."""

PIPE = 10_000
"""The width of a pipe: a line is never broken there."""


@dataclass
class Output:
    """Print results on stdout and progress on stderr. With `is_json`, print one object on stdout.

    With `has_events` whatever is said on stderr is an event of the log.
    """

    is_json: bool = False
    is_quiet: bool = False
    has_events: bool = False
    is_verbose: bool = False

    def __post_init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)
        if not self.out.is_terminal:
            self.out.width = PIPE
        self.width = self.out.width

    def emit(self, content: Mapping[str, Any]) -> None:
        """The JSON object of `--json`, the last word of a command."""
        if self.is_json:
            hold()
            sys.stdout.write(f"{as_json(content)}\n")
            sys.stdout.flush()

    def say(self, text: str, *, style: str = "", mark: tuple[str, str] = ("", "")) -> None:
        """A line for a person. `mark` is how the line begins, and the style of that."""
        if not self.is_json:
            line = Text(harmless(text), style)
            line.stylize(mark[1], 0, len(mark[0]))
            self.out.print(line, soft_wrap=self.width == PIPE)

    def paste(self, line: str) -> None:
        """A line to paste: never broken, whatever the terminal's width."""
        if not self.is_json:
            self.out.print(Text(f"          $ {harmless(line)}"), soft_wrap=True)

    def hang(self, text: str, lead: str, *, style: str = "", mark_style: str = "") -> None:
        """A text behind its lead, its further lines below the first. In a pipe it is one line."""
        text = one_line(text)
        if self.width == PIPE:
            self.say(lead + text, style=style)
            return
        filled = textwrap.fill(
            text,
            self.width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.say(filled, style=style, mark=(lead, mark_style))

    def error(self, text: str) -> None:
        """One sentence on stderr."""
        self._complain("error: ", "bold red", text)

    def warn(self, text: str) -> None:
        """One sentence on stderr that stops nothing."""
        self._complain("warning: ", "yellow", text)

    def _complain(self, word: str, style: str, text: str) -> None:
        if self.has_events:
            log.log(LEVELS[word], "command.complains", extra={"reason": text})
            return
        self.err.print(Text.assemble((word, style), one_line(text)), soft_wrap=not self.err.is_terminal)

    def report(self, report: Report, page: Path | None = None, *, is_new: bool = True) -> None:
        """A run, on one screen. `is_new` where it has ended just now."""
        self.emit(report.summary())
        self._warn_of(report)
        for line in headline(report):
            self.line(line)
        lines = partial(report_lines, report, is_verbose=self.is_verbose, is_new=is_new)
        self.screen(
            ("", "created", "updated", "unchanged", "of it kept"), entity_rows(report), lines, taken=1
        )
        self._name(page)

    def comparison(self, report: Report, page: Path | None = None, *, is_strict: bool = False) -> int:
        """Show what a check found, and return the exit code. What is kept for the user counts where `is_strict` says so."""
        found = comparison_of(report)
        is_kept = bool(found["kept"] or found["deleted"])
        code = DIFFERENT if report.plan or (is_strict and is_kept) else report.exit_code
        self.emit({**report.summary(), **found, "outcome": "compared", "exit_code": code})
        self._warn_of(report)
        self.screen((), (), partial(comparison_lines, report, found))
        self._name(page)
        return code

    def _warn_of(self, report: Report) -> None:
        for sentence in report.warnings:
            self.warn(f"{sentence}.")

    def screen(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        lines: Callable[[int], Iterable[str]],
        *,
        taken: int = 0,
    ) -> None:
        """A table, and the lines below it, of which there are the fewer the smaller their number is: all that fit.

        `taken` lines of the screen are taken already.
        """
        found: list[str] = []
        for most in range(MOST, -1, -1):
            found = list(lines(most))
            if self.width == PIPE or len(rows) + len(found) + taken <= self.out.height - AROUND:
                break
        if columns:
            self.table("", columns, rows)
        for line in found:
            self.line(line)

    def listing(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table of as many rows as fit a screen, and how many there are more. All of them in a pipe."""
        most = len(rows) if self.width == PIPE else max(5, self.out.height - 8)
        self.table(title, columns, rows[:most])
        if len(rows) > most:
            self.say(f"… and {len(rows) - most} more; in a pipe, and with --json, there are all.")

    def line(self, text: str) -> None:
        """One line, cut where the terminal ends. On a narrow one it goes on below."""
        text = one_line(text)
        if self.width < NARROW:
            indent = len(text) - len(text.lstrip())
            self.hang(text.lstrip(), " " * indent)
            return
        self.say(text if cell_len(text) <= self.width else f"{set_cell_size(text, self.width - 1)}…")

    def _name(self, page: Path | None) -> None:
        if page is not None:
            self.say(f"The page is in {page}.")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows for a person: cut where the terminal ends, whole in a pipe."""
        if self.is_json:
            return
        cells = [[_cell(value) for value in row] for row in rows]
        widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
        widest = widths.index(max(widths))
        if title:
            self.say(title, style="bold")
        if sum(widths) - widths[widest] + min(widths[widest], LEAST) + len(widths) > self.width:
            self._stack(columns, cells)
            return
        table = Table(box=None, pad_edge=False)
        for number, (column, width) in enumerate(zip(columns, widths, strict=True)):
            is_widest = number == widest
            table.add_column(column, no_wrap=not is_widest, min_width=None if is_widest else width)
        for row in cells:
            table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row))
        self.out.print(table, width=self.width, soft_wrap=False, crop=False)

    def _stack(self, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        """Rows that are wider than the terminal, each below its first cell."""
        for first, *rest in cells:
            self.say(first)
            told = zip(columns[1:], map(str.strip, rest), strict=True)
            text = ", ".join(f"{column} {cell}" for column, cell in told if cell not in {"", "·", "-"})
            self.hang(text, "  ")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return one_line(text)
