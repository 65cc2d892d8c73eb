"""R7 to R9: what fails in a batch is that alone; what a broken batch had done is not done again; no link is lost."""

from __future__ import annotations

import random
import re
from itertools import combinations, count, product
from typing import TYPE_CHECKING

import pytest

from stash.processing import schedule
from stash.store import unit_of_work
from tests.faults.dials import Fault, Faults
from tests.faults.sizes import SEED, size
from tests.faults.test_transient import asks_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.rig import Dumped, Rig

    type MakeRig = Callable[..., Rig]

BATCH = 8


def subsets() -> Iterator[tuple[int, ...]]:
    """Each of eight alone, then some or all of the subsets of eight: 263 cases at most."""
    yield from ((number,) for number in range(1, BATCH + 1))
    every = [some for length in range(1, BATCH + 1) for some in combinations(range(1, BATCH + 1), length)]
    yield from random.Random(SEED).sample(every, min(len(every), size("SUBSETS", 1)))


def refused(numbers: tuple[int, ...], what: str) -> Faults:
    """Some of a batch are refused: of a create the aliases, of an update the list and then the aliases."""
    spelt = ",".join(map(str, numbers))
    if what == "create":
        return Faults([Fault(1, f"partial({spelt})", "before", asks_for("galleryCreate"))])
    return Faults(
        [
            Fault(1, "partial(1)", "before", asks_for("imagesUpdate")),
            Fault(1, f"partial({spelt})", "before", asks_for("imageUpdate")),
        ]
    )


@pytest.mark.parametrize("what", ["create", "update"])
async def test_r7_some_of_a_batch_are_refused(
    make_rig: MakeRig, clean: Dumped, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The others are done, exactly the refused are named, and the next run does those, once."""
    scenes = {"create": 0, "update": 2}[what]  # they are in a list of their own
    monkeypatch.setattr(unit_of_work, "BATCH", BATCH + scenes)
    monkeypatch.setattr(schedule, "FIRST_BATCH", 40)
    failures = []
    for numbers in subsets():
        rig = make_rig()
        dial = refused(numbers, what)
        first = await rig.run(dial)
        assert dial.met, "the batch was never sent"
        assert first.report is not None, first.error
        named = [one for one in first.report.skipped if one.is_failure]
        name = "galleryCreate" if what == "create" else "imageUpdate"
        rig.asked.clear()
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        again = rig.asked_for(name) + (0 if what == "create" else rig.asked_for("imagesUpdate"))
        is_once = again == (len(numbers) if what == "create" else 1)  # a list of updates is one
        if (
            first.exit_code != 3
            or len(named) != len(numbers)
            or not is_once
            or second.exit_code
            or differences
        ):
            failures.append(
                f"{what} {numbers}: exit {first.exit_code}, {len(named)} named, {again} sent again, "
                f"then {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("name", ["studioCreate", "performerCreate", "tagCreate"])
async def test_r7_what_others_need_is_refused(make_rig: MakeRig, clean: Dumped, name: str) -> None:
    """A studio, person or tag that Stash refuses is named alone; what needs it is written without it, then with it."""

    def refusing(document: str) -> Fault | None:
        asked = re.findall(r"f\d+: (\w+)", document)
        places = [str(place) for place, field in enumerate(asked, 1) if field == name]
        return Fault(1, f"partial({','.join(places)})") if places else None

    rig = make_rig()
    first = await rig.run(refusing)
    assert first.report is not None, first.error
    named = [one for one in first.report.skipped if one.is_failure]
    kind = name.removesuffix("Create").capitalize()
    assert first.exit_code == 3
    assert named
    assert all(f"refused {kind}" in one.reason for one in named), named
    assert (await rig.run()).exit_code == 0
    assert not clean.differences(await rig.dumped())


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_r8_a_chunk_dies(
    make_rig: MakeRig, clean: Dumped, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The connection dies at each chunk of creates in turn: nothing is made twice, nothing is lost."""
    monkeypatch.setattr(unit_of_work, "BATCH", 2)
    failures, chunks = [], 0
    galleries = clean.server.count('"chapters"')
    for number in count(1, size("CHUNK_STEP", 3)):
        rig = make_rig()
        dial = Faults([Fault(number, "reset", moment, asks_for("galleryCreate"))])
        first = await rig.run(dial)
        if not dial.met:
            break
        chunks += 1
        second = await rig.run()
        made = rig.asked_for("galleryCreate")
        differences = clean.differences(await rig.dumped())
        if first.exit_code not in {0, 5} or second.exit_code != 0 or made != galleries or differences:
            failures.append(
                f"chunk {number}: exit {first.exit_code}, then {second.exit_code}, "
                f"{made} creates of {galleries}\n{differences}"
            )
        rig.stash.close()
    assert chunks >= 2
    assert not failures, "\n".join(failures)


LINKS = ("addGalleryImages", "setGalleryCover", "galleryChapterCreate", "scenesUpdate|sceneUpdate")


@pytest.mark.parametrize(
    ("link", "kind", "moment"),
    list(product(LINKS, ("partial(1)", "null", "500", "reset"), ("before", "after")))[
        :: size("LINK_STEP", 3)
    ],
)
async def test_r9_a_link_fails(make_rig: MakeRig, clean: Dumped, link: str, kind: str, moment: str) -> None:
    """Each request for links fails in turn: after the next run every link is there."""
    failures, met = [], 0
    for number in count(1):
        rig = make_rig()
        dial = Faults([Fault(number, kind, moment, asks_for(f"({link})"))])
        first = await rig.run(dial)
        if not dial.met:
            break
        met += 1
        second = await rig.run()
        differences = clean.differences(await rig.dumped())
        if first.exit_code not in {0, 3, 5} or second.exit_code != 0 or differences:
            failures.append(
                f"{link} {number}: exit {first.exit_code} ({first.error}), then {second.exit_code}\n{differences}"
            )
        rig.stash.close()
    assert met, f"no {link} was sent"
    assert not failures, f"{len(failures)} of {met}\n" + "\n".join(failures)
