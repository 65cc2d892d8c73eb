"""R22, R24: a dry run writes nothing and plans what the run then does; a check finds what differs, and only that."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from stash.journal import Journal
from stash.source.database import Database
from stash.sync import SyncOptions
from tests.faults.life import HASHTAGS, VALUES, Life
from tests.faults.sizes import SEED, size
from tests.mapping.conftest import little_case
from tests.undo.chains import Chain, some_chain

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from stash.report import Report
    from tests.faults.rig import Outcome

type Facts = dict[tuple[str, str, str], Any]
"""By type, key and field."""

DRY = SyncOptions(dry_run=True, is_full=True)


async def some_history(life: Life, dice: random.Random) -> None:
    """A world with a past: posts, edits on both sides, a run now and then; its files are scanned."""

    def few() -> set[str]:
        return {one for one in HASHTAGS if dice.random() < 0.5}

    def number() -> int:
        return dice.randrange(40)

    await life.download(2, is_video=True, hashtags=few(), text="The first post")
    for _ in range(dice.randint(3, 12)):
        what = dice.choice(
            ("download", "edit", "hashtag", "write", "add", "remove", "organize", "delete", "sync")
        )
        if what == "download":
            text = dice.choice(("One more", "Two more " * 9, ""))
            await life.download(dice.randint(0, 3), is_video=dice.random() < 0.5, hashtags=few(), text=text)
        elif what == "edit":
            life.edit(number(), f"Another text {number()}")
        elif what == "hashtag":
            life.hashtag(number(), few())
        elif what == "sync":
            assert (await life.sync()).exit_code == 0
        elif what in {"organize", "delete"}:
            await {"organize": life.organize, "delete": life.delete}[what](number())
        else:
            await {"write": life.write, "add": life.add, "remove": life.remove}[what](number(), number())
    await life.scan()


def report_of(outcome: Outcome) -> Report:
    """The report of a run that came to its end."""
    assert outcome.report is not None, outcome.error
    return outcome.report


async def done_by(life: Life, report: Report) -> set[tuple[str, str, str]]:
    """What a run did: type, key and field."""
    assert report.header.run is not None
    async with await Database.open(str(life.database)) as database:
        operations = await (await Journal.open(database)).log.entries(report.header.run)
    assert all(one.state == "applied" for one in operations)
    return {(one.type, " ".join(one.key), name) for one in operations for name in one.after}


async def test_r22_a_dry_run_is_the_run(tmp_path: Path) -> None:
    """Over any history: no mutation, the database byte for byte as it was, and the fields that the run then writes."""
    failures, planned = [], 0
    for seed in range(SEED, SEED + size("WORLDS", 4)):
        life = Life(tmp_path / f"{seed}")
        await some_history(life, random.Random(seed))
        before = life.database.read_bytes()
        life.rig.asked.clear()
        dry = report_of(await life.sync(options=DRY))
        is_silent = life.rig.mutations == 0 and life.database.read_bytes() == before
        plan = {(one.type, one.key, one.field) for one in dry.plan or ()}
        planned += len(plan)
        done = await done_by(life, report_of(await life.sync()))
        if not is_silent or plan != done:
            failures.append(f"seed {seed}: planned alone {plan - done}, done alone {done - plan}")
        life.rig.stash.close()
    assert planned
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)


def as_planned(report: Report) -> Facts:
    """What a plan says of each field: how many links join and leave, or the value."""
    facts: Facts = {}
    for one in report.plan or ():
        note(facts, (one.type, one.key, one.field), one.before, one.after)
    return facts


async def as_done(database: Path, run: int) -> Facts:
    """What the operations of a run say, likewise; a removal is one of the id."""
    async with await Database.open(str(database)) as opened:
        operations = await (await Journal.open(opened)).log.entries(run)
    assert all(one.state == "applied" for one in operations)
    facts: Facts = {}
    for one in operations:
        for name, after in one.after.items():
            note(facts, (one.type, " ".join(one.key), name), one.before.get(name), after)
        if one.action == "destroy":
            note(facts, (one.type, " ".join(one.key), "id"), one.before["title"], None)
    return facts


def note(facts: Facts, place: tuple[str, str, str], before: Any, after: Any) -> None:
    """Add one change of a field; links are counted, single ones by whether there is one."""
    if isinstance(before, list) or isinstance(after, list):
        old, new = set(before or ()), set(after or ())
        joined, left = facts.get(place, (0, 0))
        facts[place] = joined + len(new - old), left + len(old - new)
    elif place[2] in {"studio", "cover", "gallery", "parent_studio", "image"}:
        facts[place] = bool(after)
    else:
        facts[place] = after


TWO_PARTS = 2123
"""A world in which two parts of a plan link a scene to the same gallery, under the scene's own id and its media's."""


async def test_r22_chapters_and_links_are_planned() -> None:
    """Chapters at their places, links and all figures of the report are planned as the run then makes them."""
    failures, chapters = [], 0
    for seed in (TWO_PARTS, *range(SEED, SEED + size("WORLDS", 4))):
        with little_case() as case:
            chain = Chain(case, random.Random(seed))
            await some_chain(chain)
            for _ in range(chain.dice.randint(0, 3)):
                await (chain.source.download() if chain.dice.random() < 0.6 else chain.source.change())
            await case.scan()
            dry = await case.run(case.settings(), dry_run=True, is_forced=True)
            assert case.sent == []
            real = await case.run(case.settings(), is_forced=True)
            planned, done = as_planned(dry), await as_done(case.database, real.header.run or 0)
            chapters += sum(place[0] == "GalleryChapter" for place in done)
            failures += [
                f"seed {seed} {place}: planned {planned.get(place)!r}, done {done.get(place)!r}"
                for place in sorted(planned.keys() | done.keys())
                if planned.get(place) != done.get(place)
            ]
            figures = (dry.links_added, dry.entities), (real.links_added, real.entities)
            failures += (
                [f"seed {seed}: planned {figures[0]}, done {figures[1]}"] if figures[0] != figures[1] else []
            )
    assert chapters
    assert not failures, f"{len(failures)}\n" + "\n".join(failures[:40])


async def test_r24_a_check_finds_every_difference(tmp_path: Path) -> None:
    """After a run it finds nothing; one field that is changed in Stash, or one text at the source, it finds, and no other."""
    failures = []
    for seed in range(SEED, SEED + size("WORLDS", 4)):
        dice, life = random.Random(seed), Life(tmp_path / f"{seed}")
        await some_history(life, dice)
        assert (await life.sync()).exit_code == 0
        known = {(one.type, one.id, one.field) for one in report_of(await life.sync(options=DRY)).kept}
        assert not report_of(await life.sync(options=DRY)).plan
        place, entity = await life.pick(dice.randrange(40), *VALUES) or (("", ""), {})
        name = dice.choice(VALUES[place[0]])
        await life.update(place, entity, **{name: "changed by somebody"})
        found = report_of(await life.sync(options=DRY))
        named = {(one.type, one.id, one.field) for one in (*found.kept, *(found.plan or ()))}
        expected = (
            known
            if entity["organized"] and place[0] != "Gallery"
            else known | {(place[0], entity["id"], name)}
        )
        if named != expected:
            failures.append(f"seed {seed}, {place} {name}: {named ^ expected}")
        life.edit(dice.randrange(40), "A text that nobody has seen")
        plan = report_of(await life.sync(options=DRY)).plan or []
        if {one.after for one in plan} - {"A text that nobody has seen"}:
            failures.append(f"seed {seed}: {plan}")
        life.rig.stash.close()
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)
