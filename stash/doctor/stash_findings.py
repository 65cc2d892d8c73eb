"""Findings about the Stash itself and the user's settings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.doctor.findings import Finding, Fix
from stash.mapping.rules import STUDIO
from stash.mapping.titles import NETWORK_STUDIO, is_taken_by, studio_names
from stash.report import counted
from stash.texts import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stash.doctor.facts import SettingFacts, StashFacts
    from stash.mapping.rules import Rules
    from stash.source.items import Creator


def setting_findings(facts: SettingFacts) -> Iterator[Finding]:
    """Report unsafe places of the API key."""
    if facts.loose_file is not None:
        yield Finding(
            "warning",
            "settings",
            f"Others can read the API key in {facts.loose_file}.",
            "Whoever has it can do everything in Stash.",
            "Take the file from their eyes; --fix does it.",
            f"chmod 600 {facts.loose_file}",
            fix=Fix("private", facts.loose_file),
        )
    if facts.sends_key_in_the_open:
        yield Finding(
            "warning",
            "settings",
            "The API key goes over the network unencrypted.",
            "STASH_URL begins with http:// and names another machine.",
            "Serve Stash with TLS and name it with https://, or keep the way to it private.",
        )


def stash_findings(facts: StashFacts, settings: SettingFacts) -> Iterator[Finding]:
    """Report the version and the settings of Stash."""
    key = "with the API key" if facts.has_key else "without an API key"
    tls = " over TLS, its certificate verified," if facts.url.startswith("https:") else ""
    yield Finding(
        "ok",
        "Stash",
        f"Stash {facts.version or '(a build of no version)'} answers at {facts.url}{tls} {key}.",
        f"It has {facts.images} images and {facts.scenes} scenes.",
    )
    if facts.jobs:
        yield Finding(
            "warning",
            "Stash",
            f"Stash is at work: {facts.jobs[0]}.",
            "What it has not scanned yet, it does not know; a sync waits for its jobs before it writes.",
            "Wait until its task queue is empty, then run doctor again.",
        )
    if not facts.has_ffmpeg:
        yield Finding(
            "warning",
            "Stash",
            "Stash has no ffmpeg.",
            "Without it no video is scanned, so that no scene can be matched.",
            "Name it in Stash: Settings, System, ffmpeg path, or have Stash download it there.",
        )
    elif not facts.library.makes_galleries_of_folders and not facts.library.makes_clips_of_images:
        yield Finding("ok", "Stash", "It has ffmpeg, and no setting of its scan stands in the way.")
    yield from _scan_findings(facts)
    yield from _studio_findings(facts, settings)


def _scan_findings(facts: StashFacts) -> Iterator[Finding]:
    if facts.library.makes_galleries_of_folders:
        yield Finding(
            "note",
            "Stash",
            "Stash makes a gallery of each folder with images.",
            "They stand beside the galleries of posts and messages, and are left alone.",
            "To have the latter alone, turn off in Stash: Settings, Library, galleries from folders.",
        )
    if facts.library.makes_clips_of_images:
        yield Finding(
            "note",
            "Stash",
            "Stash takes videos in folders without scenes as image clips.",
            "Such a video is synced as an image.",
            "To have scenes, turn off in Stash: Settings, Library, image clips from videos.",
        )


def _studio_findings(facts: StashFacts, settings: SettingFacts) -> Iterator[Finding]:
    networks = [name for name, aliases in facts.studios.items() if _has_name(NETWORK_STUDIO, name, aliases)]
    creators = [name for name in facts.studios if name not in networks]
    if networks:
        yield Finding(
            "ok",
            "names",
            f"The studio {networks[0]!r} is there, and {counted(len(creators), 'studios')} of creators.",
        )
    else:
        yield Finding(
            "note",
            "names",
            f"There is no studio {NETWORK_STUDIO!r} yet.",
            "It is the parent of every creator's studio.",
            "Nothing to do: the next sync makes it, and what belongs below it.",
        )
    if settings.rules.studio != STUDIO and creators:
        yield Finding(
            "warning",
            "names",
            f"Creators' studios are to be called {settings.rules.studio!r}; {len(creators)} are called otherwise.",
            f"One of them is {creators[0]!r}.",
            "Those that a sync made are found again by what is remembered; rename others in Stash, or leave "
            "the setting `studio` as it is by default.",
        )


def conflict_findings(facts: StashFacts, rules: Rules, creators: Iterable[Creator]) -> Iterator[Finding]:
    """Report names of creators' studios that the user's studios have already, and what a sync does about it."""
    for creator in creators:
        name, second = studio_names(rules.studio_of(creator), creator.id)
        if any(fold(one) in {fold(name), fold(second)} for one in facts.studios):
            continue
        for other, aliases in facts.studios.items():
            if _has_name(name, other, aliases):
                yield Finding(
                    "note",
                    "names",
                    f"The studio {name!r} is your {other!r}, which has that name as an alias.",
                    "It keeps its name; a sync completes it, unless it was synced as another one.",
                )
            elif any(is_taken_by(name, text) for text in (other, *aliases)):
                yield Finding(
                    "note",
                    "names",
                    f"Stash takes the name {name!r} for {other!r}, as `_` stands for any character there.",
                    f"A sync makes the studio {second!r}, unless it knows another one as {creator.username}'s.",
                )


def _has_name(name: str, other: str, aliases: Iterable[str]) -> bool:
    return fold(name) in {fold(text) for text in (other, *aliases)}
