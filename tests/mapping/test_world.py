"""One world with every case at once: what lands in Stash is what every_case.yaml says, on the embedded Stash and a real one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from tests.mapping.afterwards import afterwards
from tests.mapping.every_case import EveryCase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stash.report import Report
    from stash.store import StashStore
    from tests.mapping.conftest import Case

EXPECTED = Path(__file__).with_name("every_case.yaml")
VALUES = {"title", "details", "date", "studio", "performers", "tags", "urls"}
FILE = {"type": "Image", "organized": False}
GALLERY: dict[str, Any] = {"organized": True, "cover": None, "chapters": []}


def expected(world: EveryCase, *later: str) -> dict[str, Any]:
    """The file, with the word and the ids of this world, and with what happened later."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        if not isinstance(value, str):
            return value
        text = re.sub(r"\{(\d+)\*(.)\}", lambda found: int(found[1]) * found[2], value)
        text = re.sub(r"\{id:([^}]+)\}", lambda found: str(world.ids[found[1]]), text)
        return text.replace("{w}", world.word)

    content = yaml.safe_load(EXPECTED.read_text("utf-8"))
    acts = {name: content.pop(name) for name in ("afterwards", "chosen")}
    content = filled(content)
    for name in later:
        act = filled(acts[name])
        content = changed(renamed(content, act.pop("everywhere")), act)
    return content


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A value with these texts in place of others, wherever they stand in it."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
    return value


def changed(value: Any, more: Any) -> Any:
    """A value with what is different later; null takes a part away."""
    if not isinstance(value, dict) or not isinstance(more, dict):
        return more
    return {
        key: changed(value.get(key), more[key]) if key in more else value[key]
        for key in {**value, **more}
        if more.get(key, key) is not None
    }


class Standing:
    """What stands in Stash of a world, in the words of the file."""

    def __init__(self, store: StashStore, world: EveryCase) -> None:
        self.store, self.world = store, world
        self.names = {str(number): name for name, number in world.ids.items()}
        self.files: dict[str, Image | Scene] = {}
        self.people: dict[str, str] = {}

    async def read(self) -> list[str]:
        """Everything below the world's folders, and everybody; answers in which folders the rest is."""
        self.files, self.people = {}, {}
        for one in await self.store.find(Performer):
            self.people[one.id] = (
                f"{one.name} ({one.disambiguation})" if one.disambiguation else str(one.name)
            )
        here = {"path__contains": f"/{self.world.case.server.prefix}_"}
        found = [*await self.store.find(Image, **here), *await self.store.find(Scene, **here)]
        paths = {str(path): name for name, path in self.world.paths.items()}
        for entity in found:
            files = entity.visual_files if isinstance(entity, Image) else entity.files
            names = [paths[file.path] for file in files if file.path in paths]
            self.files |= dict.fromkeys(names, entity)
        others = [one for one in found if one not in self.files.values()]
        paths = [(one.visual_files if isinstance(one, Image) else one.files)[0].path for one in others]
        return sorted(Path(path).parent.name for path in paths)

    def said(self, entity: Any) -> dict[str, Any]:
        """The values and links of an entity."""
        return {
            "title": entity.title or "",
            "details": entity.details or "",
            "date": str(entity.date)[:10] if entity.date else None,
            "studio": entity.studio.name if entity.studio else None,
            "performers": sorted(self.people[one.id] for one in entity.performers),
            "tags": sorted(tag.name for tag in entity.tags),
            "urls": entity.urls,
            "organized": entity.organized,
        }

    def all_files(self) -> dict[str, Any]:
        """Every file of the world."""
        return {
            name: {
                **self.said(one),
                "code": self.names.get(one.code, one.code) or None,
                "type": one.__type_name__,
            }
            for name, one in self.files.items()
        }

    async def galleries(self) -> dict[str, Any]:
        """Every gallery that has one of the files."""
        linked = {gallery.id for one in self.files.values() for gallery in one.galleries}
        galleries = [await self.store.get(Gallery, one) for one in sorted(linked)]
        by_id = {
            (one.__type_name__, one.id): name
            for name in reversed(self.world.paths)
            if (one := self.files.get(name)) is not None
        }
        order = await self.store.images_in_order(galleries)
        coded = await self.store.find(Gallery, code__in=list(self.names))
        assert {one.id for one in coded} <= linked | {str(self.world.ids["zip"])}
        assert len({one.code for one in galleries}) == len(galleries)
        return {
            self.names[str(one.code)]: {
                **self.said(one),
                "members": [
                    *(by_id["Image", i] for i in order[one.id]),
                    *(by_id["Scene", scene.id] for scene in one.scenes),
                ],
                "cover": by_id["Image", one.cover.id] if one.cover else None,
                "chapters": sorted([chapter.image_index, chapter.title] for chapter in one.chapters),
            }
            for one in galleries
        }

    async def people_and_places(self) -> dict[str, Any]:
        """Performers, studios and tags with the world's word in their names."""
        mine = {"name__contains": self.world.word}
        return {
            "performers": {
                self.people[one.id]: {
                    "alias_list": one.alias_list,
                    "urls": one.urls,
                    "details": one.details or "",
                    "has_picture": "default=true" not in one.image_path,
                }
                for one in await self.store.find(Performer, **mine)
            },
            "studios": {
                one.name: {"urls": one.urls, "parent": one.parent_studio and one.parent_studio.name}
                for one in await self.store.find(Studio, **mine)
            },
            "tags": sorted(one.name for one in await self.store.find(Tag, **mine)),
        }


def told(report: Report, world: EveryCase, standing: Standing) -> dict[str, Any]:
    """What the report says beyond counts."""
    paths = {str(path): name for name, path in world.paths.items()}
    names = dict(standing.names)
    for name, one in standing.files.items():
        names[f"{one.__type_name__} {one.id}"] = name
    return {
        "unattached": report.unattached,
        "skipped": sorted([one.kind, names.get(one.id, one.id), one.reason] for one in report.skipped),
        "unmatched": {paths[one.file]: one.reason for one in report.unmatched},
        "kept": sorted(
            [one.type, names.get(f"{one.type} {one.id}", one.id), one.field] for one in report.kept
        ),
    }


def with_defaults(parts: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What the file leaves out is as usual; sets are compared sorted."""
    sets = ("performers", "tags")
    return {name: {**more, **one, **{key: sorted(one[key]) for key in sets}} for name, one in parts.items()}


async def compare(
    world: EveryCase, report: Report, wanted: dict[str, Any], others: Sequence[str] = ("mine.zip",)
) -> None:
    """Everything in Stash is what the file says, and so is the report; `others` are folders of the user's files."""
    assert report.exit_code == 0, (report.unmatched, report.skipped)
    async with world.case.stash() as store:
        standing = Standing(store, world)
        assert await standing.read() == list(others)
        assert standing.all_files() == with_defaults(wanted["files"], FILE)
        galleries = await standing.galleries()
        assert galleries == with_defaults(wanted["galleries"], GALLERY)
        people = await standing.people_and_places()
        assert people == {**{key: wanted[key] for key in people}, "tags": sorted(wanted["tags"])}
        for one in await store.find(Gallery, title="Called by the user"):
            standing.names[f"Gallery {one.id}"] = standing.names.get(str(one.code), "")
        assert told(report, world, standing) == wanted["report"]


async def test_every_case_at_once(everywhere: Case) -> None:
    """All of it and nothing else: people, studios, tags, files, galleries, chapters, report; the second run is silent.

    Then what the source and the user changed, and then what the user chooses: each time likewise.
    """
    world = EveryCase(everywhere)
    await world.make()
    await compare(world, await everywhere.settled(), expected(world))
    await afterwards(world)
    await compare(world, await everywhere.settled(), expected(world, "afterwards"))
    chosen = everywhere.settings(
        split_scenes=True,
        rename_tags={f"{world.word}élan": f"{world.word} Elan"},
        ignore_tags=[f"{world.word}two_words"],
        extras="state",
    )
    report = await everywhere.run(chosen, server=everywhere.server.prefix)
    await compare(world, report, expected(world, "afterwards", "chosen"), ("mine.zip", world.mine.name))
    assert (await everywhere.run(chosen, server=everywhere.server.prefix)).header.requests["mutations"] == 0


async def test_every_case_from_postgresql(case: Case, postgres_database: Callable[[str], str]) -> None:
    """From PostgreSQL the same comes of it."""
    case.address = postgres_database("")
    await test_every_case_at_once(case)


async def test_the_expected_state_is_whole(case: Case) -> None:
    """The file says something of every file and every item of the world, and of nothing else."""
    world = EveryCase(case)
    await world.make()
    wanted = expected(world)
    assert wanted["files"].keys() | wanted["report"]["unmatched"].keys() == world.paths.keys()
    named = wanted["galleries"].keys() | {name for _, name, _ in wanted["report"]["skipped"]}
    assert named <= world.ids.keys()
    assert all(one.keys() >= VALUES for part in ("files", "galleries") for one in wanted[part].values())
