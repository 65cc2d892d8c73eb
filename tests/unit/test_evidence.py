"""Which Stash answers, and whether it went back in time, by what is found of recorded entities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.identity.evidence import FoundEntity, KnownServer, Recorded, Sighting, lost_from, recognise

HERE = "http://stash:9999"


def at(second: int) -> str:
    """A time of Stash's clock."""
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}+00:00"


def sighting(  # noqa: PLR0917 - a row of a table
    kind: str = "Image",
    number: int = 1,
    made: int = 0,
    wrote: int = 10,
    found: tuple[int, int] | None = (0, 10),
    code: str = "7",
    media: str = "",
) -> Sighting:
    """An entity made and written at these seconds, and how Stash has it: made and written, or not at all."""
    recorded = Recorded(kind, str(number), at(made), at(wrote), "7" if kind != "Tag" else "", media)
    here = None if found is None else FoundEntity(at(found[0]), at(found[1]), code if kind != "Tag" else "")
    return Sighting(recorded, here)


def lost(*sightings: Sighting, newest: int = 100, on_disk: bool = True) -> str | None:
    """From when on writes are lost, in a Stash whose newest entities have this id."""
    highest = dict.fromkeys(("Image", "Scene", "Gallery", "Tag"), newest)
    loss = lost_from(sightings, highest, lambda _: on_disk)
    return None if loss is None else loss.since


ANOTHER = sighting(found=(3, 10))
GONE = sighting(found=None)
UNWRITTEN = sighting(found=(0, 0), code="")


@pytest.mark.parametrize(
    ("seen", "where", "is_known"),
    [
        pytest.param([sighting()], HERE, True, id="ours at its address"),
        pytest.param([sighting()], "http://127.0.0.1:9999", True, id="ours, moved"),
        pytest.param([sighting("Tag")], "https://proxy", True, id="a tag of ours, behind a proxy"),
        pytest.param([UNWRITTEN], HERE, True, id="scanned at the same moment, at its address"),
        pytest.param([UNWRITTEN], "http://other", False, id="scanned at the same moment elsewhere"),
        pytest.param([ANOTHER], "http://other", False, id="another one elsewhere"),
        pytest.param([], HERE, True, id="nothing was ever recorded"),
        pytest.param([], "http://other", False, id="nothing was ever recorded, and elsewhere"),
    ],
)
def test_which_server_answers(seen: list[Sighting], where: str, is_known: bool) -> None:
    """A server is known anywhere by a write of ours, and at its address by any of its entities."""
    server = KnownServer("a", HERE, seen)
    assert recognise([server], where).known == (server if is_known else None)


@pytest.mark.parametrize("seen", [[ANOTHER], [GONE], [ANOTHER, GONE]])
def test_another_stash_at_the_same_address(seen: list[Sighting]) -> None:
    """A Stash that has nothing of what was synced at its address is another one, and says whose place it took."""
    server = KnownServer("a", HERE, seen)
    assert recognise([server], HERE) == (None, server)


def test_two_servers_that_change_places() -> None:
    """Of two servers whose addresses were swapped each is told by its entities."""
    one = KnownServer("a", HERE, [sighting(), sighting(number=2)])
    two = KnownServer("b", "http://two", [ANOTHER])
    assert recognise([one, two], "http://two").known == one


@pytest.mark.parametrize(
    ("seen", "since"),
    [
        pytest.param([sighting(found=(0, 4))], at(4)[:19] + ".000001+00:00", id="older than our write"),
        pytest.param([sighting(found=(0, 10), code="")], at(10), id="of the second of our write, and empty"),
        pytest.param(
            [sighting(found=(0, 10), code="12")], None, id="of the second of our write, and a user's"
        ),
        pytest.param([sighting(made=8, found=(9, 9))], at(8), id="its id was given again"),
        pytest.param([sighting(found=(0, 11))], None, id="edited since"),
        pytest.param([sighting(found=(0, 11), code="")], None, id="its code taken out since"),
        pytest.param([sighting()], None, id="as it was"),
        pytest.param([GONE], None, id="deleted"),
        pytest.param(
            [sighting(found=(0, 4)), sighting(number=2, wrote=12, found=(0, 12))], None, id="a clock"
        ),
    ],
)
def test_whether_it_went_back(seen: list[Sighting], since: str | None) -> None:
    """An entity older than our write tells a restored Stash, unless a later write of ours still stands."""
    assert lost(*seen) == since


def test_what_survived_bounds_what_is_lost() -> None:
    """Writes of a run that still stand are not lost, however old the lost entity is now."""
    old = sighting(number=2, wrote=30, found=(0, 30))
    assert lost(old, sighting(wrote=60, found=(0, 4))) == at(30)[:19] + ".000001+00:00"


GALLERY = sighting("Gallery", 9, made=20, wrote=20, found=None)
FILE = sighting("Image", 9, made=20, wrote=20, found=None, media="7")


@pytest.mark.parametrize(
    ("seen", "newest", "on_disk", "since"),
    [
        pytest.param([GALLERY, FILE], 8, True, at(20), id="the newest pair, and none newer"),
        pytest.param([GALLERY, FILE], 9, True, None, id="newer ones were given"),
        pytest.param([GALLERY, FILE], 8, False, None, id="its file is gone as well"),
        pytest.param([GALLERY], 8, True, None, id="the gallery alone"),
        pytest.param([FILE], 8, True, None, id="the file's entity alone"),
        pytest.param(
            [GALLERY, FILE, sighting("Tag", made=21, wrote=21, found=(21, 21))],
            8,
            True,
            None,
            id="made since",
        ),
        pytest.param(
            [GALLERY, FILE, sighting(found=(0, 11))],
            8,
            True,
            at(10)[:19] + ".000001+00:00",
            id="others stand",
        ),
    ],
)
def test_the_newest_are_gone(seen: list[Sighting], newest: int, on_disk: bool, since: str | None) -> None:
    """A gallery and a file's entity that Stash forgot tell a restored one; a user who deletes them leaves a trace."""
    assert lost(*seen, newest=newest, on_disk=on_disk) == since


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=12), st.integers(0, 70)
)
def test_any_restore_is_told_and_no_edit_is(writes: list[tuple[int, int]], moment: int) -> None:
    """Of entities made, then written, a backup of any moment loses the writes since; edits and deletions lose none."""
    entities = [(n, made, made + 1 + wrote) for n, (made, wrote) in enumerate(writes, 1)]
    edited = [
        sighting(number=n, made=m, wrote=w, found=None if n % 5 == 0 else (m, w + n % 3))
        for n, m, w in entities
    ]
    assert lost(*edited) is None
    there = [(n, m, w) for n, m, w in entities if m <= moment]
    restored = [
        sighting(
            number=n, made=m, wrote=w, found=(m, w if w <= moment else m), code="7" if w <= moment else ""
        )
        for n, m, w in there
    ]
    since = lost(*restored)
    is_any_lost = any(w > moment for _, _, w in there)
    assert (since is not None) == is_any_lost
    if since is not None:
        assert all((w >= since_second(since)) == (w > moment) for _, _, w in there)


def since_second(moment: str) -> float:
    """The second of a time."""
    minute, second = moment[14:16], moment[17:].removesuffix("+00:00")
    return int(minute) * 60 + float(second)


@pytest.mark.parametrize(
    ("one", "is_lost"),
    [
        pytest.param(sighting(found=(0, 4)), True, id="older than our write"),
        pytest.param(sighting(made=10, found=None), True, id="made then, and gone"),
        pytest.param(sighting(found=None), False, id="made before, and deleted by a user"),
        pytest.param(sighting(), False, id="as it was"),
    ],
)
def test_the_second_of_a_restore(one: Sighting, *, is_lost: bool) -> None:
    """What was written in the last second is told by itself. An entity of before is gone by a user, not by the restore."""
    assert one.is_lost(at(10)) is is_lost
