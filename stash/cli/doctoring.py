"""`stash-sync doctor`: what a sync would meet, and what to do about it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from stash.cli.commands import LOOK, command, make_output, settings_of, with_stash
from stash.cli.flags import Json
from stash.cli.groups import ChoiceFlags, OutputFlags, PlaceFlags, server_of
from stash.cli.running import finish
from stash.report import counted

if TYPE_CHECKING:
    from collections.abc import Collection

    from stash.cli.output import Output
    from stash.doctor import Diagnosis, Finding
    from stash.settings import Settings

_MARKS = {
    "ok": ("ok", "green"),
    "note": ("note", "cyan"),
    "warning": ("warning", "yellow"),
    "problem": ("problem", "bold red"),
}


@command(LOOK)
def doctor(
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Do what is safe: to stash-sync.toml, and to nothing else.")
    ] = False,
    places: PlaceFlags,
    json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but warnings and problems.")
    ] = False,
) -> int:
    """Look at everything that a sync stands on, and say what to do. Nothing is written to Stash or a database."""
    output = make_output(OutputFlags(json=json, quiet=True))
    settings = settings_of(places, ChoiceFlags())

    async def work(settings: Settings) -> Diagnosis:
        from stash.doctor import examine  # noqa: PLC0415 - slow to import

        return await examine(settings, server=server_of(places.embedded_dir), may_fix=fix)

    diagnosis = finish(with_stash(settings, places.embedded_dir, work))
    output.emit(diagnosis.summary())
    _show(output, diagnosis, {"warning", "problem"} if quiet else set(_MARKS))
    return diagnosis.exit_code


def _show(output: Output, diagnosis: Diagnosis, levels: Collection[str]) -> None:
    shown = [one for one in diagnosis.findings if one.level in levels]
    if not shown and len(levels) < len(_MARKS):
        return
    for area, findings in groupby(shown, lambda one: one.area):
        output.say(area[:1].upper() + area[1:], style="bold")
        for finding in findings:
            _show_finding(output, finding)
    for sentence in diagnosis.fixed:
        output.say(f"Fixed: {sentence}")
    left = [one for one in diagnosis.findings if one not in diagnosis.mended]
    counts = {level: sum(one.level == level for one in left) for level in _MARKS if level != "ok"}
    found = ", ".join(counted(count, f"{word}s") for word, count in counts.items())
    mended = f", {len(diagnosis.mended)} fixed" if diagnosis.mended else ""
    output.say(f"\n{found}{mended}; {counted(diagnosis.requests, 'requests')} to Stash.")
    for first in diagnosis.problems[:1]:
        output.hang(f"{first.title} {first.next_step}", "Begin with: ", mark_style="bold")
    if diagnosis.mended and not diagnosis.problems:
        output.say("Run doctor again to see what it finds now.")


def _show_finding(output: Output, finding: Finding) -> None:
    word, style = _MARKS[finding.level]
    output.hang(finding.title, f"  {word:<8}", mark_style=style)
    is_amiss = finding.level in {"warning", "problem"}
    if finding.what and (is_amiss or finding.line):
        output.hang(finding.what, " " * 10, style="dim")
    if is_amiss or (finding.level == "note" and not finding.next_step.startswith("Nothing to do")):
        output.hang(f"Next: {finding.next_step}", " " * 10)
    if finding.line:
        output.paste(finding.line)
