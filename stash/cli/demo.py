"""`stash-sync demo`: a made-up world, synced into the embedded Stash, shown, and synced again."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from stash_graphql_client.types import Gallery, Performer, Studio, Tag
from stash_graphql_client.types.unset import is_set

from stash.cli.gc_tuning import tuned
from stash.cli.progress import ConsoleProgress
from stash.cli.running import finish
from stash.cli.serving import embedded_for_itself
from stash.demo import DemoWorld, write_world
from stash.run import SyncSource, run
from stash.settings import Settings
from stash.store import connect
from stash.sync import SyncOptions

if TYPE_CHECKING:
    from stash.cli.output import Output
    from stash.report import Report
    from stash.store import StashStore

SHOWN = 8
"""Galleries that the demo shows."""


def show(output: Output, keep: Path | None) -> int:
    """Run the demo in a folder that is kept, or in one that is gone afterwards."""
    place = tempfile.TemporaryDirectory(prefix="stash-sync-demo-") if keep is None else nullcontext(str(keep))
    with place as folder:
        with tuned():
            first, second = finish(_demo(output, Path(folder)))
        if keep is not None:
            output.say(f"Its world is in {keep}: payloads, downloads, and the metadata database.")
    output.emit(first.summary() | {"again": second.summary()})
    return first.exit_code or second.exit_code or int(not second.is_silent)


async def _demo(output: Output, folder: Path) -> tuple[Report, Report]:
    world = write_world(folder)
    output.say(
        f"A made-up world: {len(world.usernames)} creators ({', '.join(world.usernames)}), {world.taken} pictures and "
        f"videos on disk, {len(list(world.payloads.iterdir()))} API payloads.\n"
    )
    async with embedded_for_itself(world.downloads, folder / "embedded-stash.sqlite") as reached:
        settings = Settings(database=str(folder / "metadata.sqlite"), downloads=world.downloads, **reached)
        first, second = await _run_twice(output, world, settings)
    output.say("\nWith your own Stash and downloads: `stash-sync doctor` says what they need.")
    return first, second


async def _run_twice(output: Output, world: DemoWorld, settings: Settings) -> tuple[Report, Report]:
    options = SyncOptions()
    source = SyncSource(payloads=(world.payloads,))
    first = await run(settings, options, ConsoleProgress(output), source)
    _shown(output, "First run: everything is new.", first)
    key = settings.api_key.get_secret_value() if settings.api_key is not None else None
    async with connect(settings.url or "", api_key=key) as store:
        await _show_stash(output, store)
    second = await run(settings, options, ConsoleProgress(output), source)
    _shown(output, "\nSecond run, of the same world:", second)
    return first, second


def _shown(output: Output, title: str, report: Report) -> None:
    if not output.is_json:
        output.say(title)
        output.report(report)


async def _show_stash(output: Output, store: StashStore) -> None:
    """Return what stands in Stash now."""
    people = await store.find(Performer)
    output.table(
        "\nPerformers in Stash",
        ("name", "also known as", "url"),
        [(p.name, p.alias_list, p.urls) for p in people],
    )
    studios = await store.find(Studio)
    output.table(
        "\nStudios",
        ("name", "parent"),
        [(s.name, s.parent_studio.name if isinstance(s.parent_studio, Studio) else None) for s in studios],
    )
    tags = await store.find(Tag)
    output.say(f"\nTags: {', '.join(sorted(str(tag.name) for tag in tags))}")
    galleries = await store.find(Gallery)
    output.table(
        f"\nGalleries (the first {SHOWN} of {len(galleries)})",
        ("title", "date", "images", "scenes", "chapters"),
        [
            (
                g.title,
                g.date,
                g.image_count,
                len(g.scenes) if is_set(g.scenes) else 0,
                [f"{c.image_index} {c.title}" for c in g.chapters] if is_set(g.chapters) else [],
            )
            for g in galleries[:SHOWN]
        ],
    )
