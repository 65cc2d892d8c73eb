"""Names that a user's own entities carry already: found as widely as Stash refuses, and no wider than it tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Image, Performer, Studio, Tag

from stash.errors import RejectedError
from tests.mapping.conflicts import of_the_picture, posted
from tests.mapping.conftest import little_case

if TYPE_CHECKING:
    from stash.store import StashStore
    from tests.mapping.conftest import Case


TYPES: dict[str, type[Any]] = {"performer": Performer, "studio": Studio, "tag": Tag}


JOURNAL = ("sync_entity", "sync_part", "sync_change", "sync_run")


async def made(store: StashStore, kind: str, **values: Any) -> Any:
    """An entity of the user's; None where Stash takes it for another one's."""
    if kind == "performer":
        values = {{"aliases": "alias_list"}.get(name, name): value for name, value in values.items()}
    elif kind == "tag":
        values.pop("urls", None)
    try:
        entity = await store.create(TYPES[kind], **values)
    except RejectedError:
        return None
    return entity


STUDIOS: list[tuple[str, dict[str, Any], str]] = [
    ("luna_fox", {"name": "Luna Fox", "aliases": ["luna_fox (Fansly)"]}, "adopted"),
    ("luna_fox", {"name": "Luna Fox", "aliases": ["LUNA_FOX (fansly)"]}, "adopted"),
    ("luna_fox", {"name": "LUNA_FOX (fansly)"}, "adopted"),
    ("luna_fox", {"name": "Luna Fox", "urls": ["https://fansly.com/luna_fox"]}, "adopted"),
    ("luna_fox", {"name": "Luna Fox", "urls": ["https://x.example", "https://Fansly.com/Luna_Fox/"]}, "adopted"),
    ("luna_fox", {"name": "Luna Fox", "urls": ["https://fansly.com/luna_fox/posts"]}, "adopted"),
    ("luna_fox", {"name": "Luna Fox", "urls": ["https://fansly.com/luna_fox2"]}, "luna_fox (Fansly)"),
    ("luna_fox", {"name": "Luna Fox", "aliases": ["luna_fox"]}, "luna_fox (Fansly)"),
    ("luna_fox", {"name": "Luna Fox", "aliases": ["lunaxfox (Fansly)"]}, "luna_fox (Fansly) ({id})"),
    ("luna_fox", {"name": "lunaxfox (Fansly)"}, "luna_fox (Fansly) ({id})"),
    ("maße", {"name": "masse (Fansly)"}, "maße (Fansly)"),
    ("élan", {"name": "ÉLAN (Fansly)"}, "élan (Fansly)"),
    ("kim", {"name": "\u212aim (Fansly)"}, "kim (Fansly)"),
    ("luna", {"name": "\uff4c\uff55\uff4e\uff41 (Fansly)"}, "luna (Fansly)"),
]  # fmt: skip


@pytest.mark.parametrize(("username", "standing", "expected"), STUDIOS, ids=str)
async def test_a_studio(everywhere: Case, username: str, standing: dict[str, Any], expected: str) -> None:
    """A user's studio with our url, name or alias is the creator's and keeps its name; any other stays what it is."""
    case, word = everywhere, everywhere.server.prefix
    texts = {
        name: [_with(word, one) for one in value] if isinstance(value, list) else _with(word, value)
        for name, value in standing.items()
    }
    creator = await posted(case, f"{word}{username}")
    async with case.stash() as store:
        studio = await store.create(Studio, **texts)
    report = await case.settled()
    assert (report.exit_code, report.kept) == (0, [])
    names = [one["name"] for one in case.inputs("studioCreate") if one["name"] != "Fansly (network)"]
    if expected == "adopted":
        assert names == []
        async with case.stash() as store:
            found = await store.get(Studio, studio.id)
            image = await store.find_one(Image, path__contains=f"/{word}_downloads/")
        assert found.name == texts["name"]
        assert found.parent_studio.name == "Fansly (network)"
        assert len(found.urls) == max(1, len(texts.get("urls", ())))
        assert image.studio.id == studio.id
    else:
        assert names == [f"{word}{expected.format(id=creator.id)}"]


def _with(word: str, text: str) -> str:
    """A text about a creator whose username begins with a word of the test's own."""
    for place in ("https://fansly.com/", "https://Fansly.com/"):
        if text.startswith(place):
            return f"{place}{word}{text.removeprefix(place)}"
    return text if text.startswith("http") else f"{word}{text}"


async def test_two_accounts_of_one_studio(case: Case) -> None:
    """A studio to which a user gave the aliases of two accounts is both's, and both are remembered at once."""
    await posted(case, "luna")
    await posted(case, "luna_vip")
    async with case.stash() as store:
        await store.create(Studio, name="Luna", aliases=["luna (Fansly)", "luna_vip (Fansly)"])
    await case.settled()
    assert [one["name"] for one in case.inputs("studioCreate")] == ["Fansly (network)"]
    async with case.stash() as store:
        studio = await store.find_one(Studio, name="Luna")
        assert sorted(studio.urls) == ["https://fansly.com/luna", "https://fansly.com/luna_vip"]
        document = "mutation($id: ID!) { studioDestroy(input: {id: $id}) }"
        await store.connection.mutate(document, {"id": studio.id}, fields=1)
    await case.settled()
    assert case.inputs("studioCreate") == []


async def test_the_network_by_an_alias(case: Case) -> None:
    """A user's studio that has the network's name as an alias is the network, and no creator's."""
    await posted(case, "luna")
    async with case.stash() as store:
        urls = ["https://fansly.com/luna"]
        await store.create(Studio, name="Fansly", aliases=["FANSLY (network)"])
        await store.create(Studio, name="Other", urls=urls)
        await store.create(Studio, name="Another", urls=urls)
    assert (await case.settled()).exit_code == 0
    assert [one["name"] for one in case.inputs("studioCreate")] == ["luna (Fansly)"]
    async with case.stash() as store:
        studio = await store.find_one(Studio, name="luna (Fansly)")
        assert studio.parent_studio.name == "Fansly"


async def test_a_studio_above_the_network_gets_no_parent(case: Case) -> None:
    """Where the creator's studio stands above the network, Stash would refuse the network as its parent."""
    await posted(case, "luna")
    async with case.stash() as store:
        above = await store.create(Studio, name="All", aliases=["luna (Fansly)"])
        await store.create(Studio, name="Fansly (network)", parent_studio=above)
    report = await case.settled()
    assert (report.exit_code, report.skipped) == (0, [])
    assert case.inputs("studioCreate") == []


@pytest.mark.parametrize(
    ("username", "name"),
    [
        ("İnci", "inci"),
        ("οδοσ", "ΟΔΟΣ"),
        ("οδος", "ΟΔΟΣ"),
        ("masse", "maße"),
        ("\u212aim", "kim"),
        ("änna", "ÄNNA"),
        ("a", "  A "),
    ],
)
async def test_an_alias_that_stash_takes_for_the_name(case: Case, username: str, name: str) -> None:
    """A username that Go lowers to the display name is no alias, and any other is: Stash refuses none of them."""
    await posted(case, username, name)
    report = await case.settled()
    assert (report.exit_code, report.skipped) == (0, [])
    aliases = case.inputs("performerCreate")[0]["alias_list"]
    assert aliases == ([username] if username in {"masse", "οδος"} else [])


async def test_aliases_that_stash_would_refuse_are_named(case: Case) -> None:
    """A performer whose aliases an older Stash took keeps them; the rest of it is synced, and nothing is sent for ever."""
    await posted(case, "anna", "Anna B.")
    assert case.server.embedded is not None
    async with case.stash() as store:
        performer = await store.create(Performer, name="Anna B.", alias_list=["Bob"])
    case.server.embedded.database.run(
        "INSERT INTO performer_alias (performer_id, position, alias) VALUES (?, 1, 'BOB')", (performer.id,)
    )
    for number in range(3):
        report = await case.sync()
        assert report.exit_code == 3
        assert ["Anna B." in one.reason for one in report.skipped] == [True]
        assert (report.header.requests["mutations"] == 0) is (number > 0)
    async with case.stash() as store:
        found = await store.get(Performer, performer.id)
    assert (sorted(found.alias_list), found.urls) == (["BOB", "Bob"], ["https://fansly.com/anna"])


async def test_names_that_are_too_long(case: Case) -> None:
    """SQLite compares with no pattern of more than 50,000 bytes: longer names are cut, with their second names."""
    name = "é" * 60_000
    await posted(case, "anna", name, "x" * 60_000, "_" * 60_000)
    async with case.stash() as store:
        await store.create(Tag, name="y" * 49_000)
        await store.create(Performer, name="é" * 24_500, urls=["https://fansly.com/somebody"])
    assert (await case.settled()).exit_code == 0
    assert len((await of_the_picture(case)).tags) == 2


async def test_a_lost_reply_is_never_another_performer(case: Case) -> None:
    """A new performer of a taken name whose creation was not answered is found by what stands behind the name."""
    from tests.faults.dials import Fault, Faults, FaultyTransport  # noqa: PLC0415 - of this test alone

    await posted(case, "anna", "Anna")
    async with case.stash() as store:
        other = await store.create(Performer, name="Anna", urls=["https://fansly.com/other"])
    assert case.server.transport is not None
    faults = Faults([Fault(1, "reset", "after", matching=lambda text: "performerCreate" in text)])
    inner, case.server.transport = case.server.transport, FaultyTransport(case.server.transport, faults)
    await case.sync()
    case.server.transport = inner
    assert (await case.sync()).header.requests["mutations"] == 0
    (performer,) = (await of_the_picture(case)).performers
    assert performer.id != other.id


_CREATOR, _NAME, _TAG = "lu_x", "Luna ß", "re_d"


_USERS_NAMES = {
    "studio": ["lu_x (Fansly)", "LU_X (FANSLY)", "luax (Fansly)", "Luna", "Fansly (network)", "fansly (Network)"],
    "performer": ["Luna ß", "LUNA ß", "Luna SS", "lu_x", "Lu_X", "luax", "Luna"],
    "tag": ["re_d", "RE_D", "reed", "re d", "trailer", "re_d (hashtag)", "rot"],
}  # fmt: skip


_URLS = [
    "https://fansly.com/lu_x",
    "https://Fansly.com/LU_X/",
    "https://fansly.com/luax",
    "https://x.example/lu_x",
]


def _entities() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    def of(kind: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        names = st.sampled_from(_USERS_NAMES[kind])
        values = {
            "name": names,
            "aliases": st.lists(names, max_size=2, unique=True),
            "urls": st.lists(st.sampled_from(_URLS), max_size=2, unique=True),
        }
        if kind == "performer":
            values["disambiguation"] = st.sampled_from(["", "", "lu_x", "luax", "of x"])
        return st.tuples(st.just(kind), st.fixed_dictionaries(values))

    return st.sampled_from(sorted(TYPES)).flatmap(of)


@settings(max_examples=12, deadline=None)
@given(st.lists(_entities(), min_size=1, max_size=6))
async def test_whatever_a_user_has(standing: list[tuple[str, dict[str, Any]]]) -> None:
    """Stash refuses nothing, the user's names stay, the second run is silent, and nothing is made again without a journal."""
    with little_case() as case:
        await posted(case, _CREATOR, _NAME, _TAG)
        async with case.stash() as store:
            found = [await made(store, kind, **values) for kind, values in standing]
            before = [(type(one).__type_name__, one.id, one.name) for one in found if one is not None]
        report = await case.settled()
        assert (report.exit_code, report.skipped) == (0, [])
        image = await of_the_picture(case)
        assert (len(image.performers), len(image.tags), image.studio is not None) == (1, 1, True)
        async with case.stash() as store:
            for name, entity_id, was in before:
                assert (await store.get(TYPES[name.lower()], entity_id)).name == was
        await case.execute(*(f"DELETE FROM {table}" for table in JOURNAL))
        await case.sync()
        creations = [name for name in ("studioCreate", "performerCreate", "tagCreate") if case.inputs(name)]
        assert creations == []
        again = await of_the_picture(case)
        assert (again.performers[0].id, again.tags[0].id, again.studio.id) == (
            image.performers[0].id, image.tags[0].id, image.studio.id,
        )  # fmt: skip
