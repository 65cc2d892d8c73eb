"""`stash-sync check`: compares Stash with the source, and writes nothing."""

from __future__ import annotations

from dataclasses import replace

from stash.cli.commands import LOOK, command, make_output, settings_of, with_stash, write_html
from stash.cli.flags import Creators, Strict
from stash.cli.groups import ChoiceFlags, OutputFlags, PlaceFlags
from stash.cli.places import writable_page
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish


@command(LOOK)
def check(
    creators: Creators = None,
    *,
    strict: Strict = False,
    choice: ChoiceFlags,
    places: PlaceFlags,
    out: OutputFlags,
) -> int:
    """Compare without writing: what matches, differs, is missing in Stash, or has no row."""
    from stash.sync import sync  # noqa: PLC0415 - the library behind it is slow to import

    output = make_output(out)
    writable_page(choice.html)
    settings = settings_of(places, choice)
    options = replace(choice.options(creators, places), is_full=True)
    with ConsoleProgress(output) as steps:
        report = finish(with_stash(settings, places.embedded_dir, lambda s: sync(s, options, steps)))
    write_html(choice.html, settings, report)
    return output.comparison(report, choice.html, is_strict=strict)
