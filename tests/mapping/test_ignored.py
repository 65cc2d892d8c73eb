"""What Stash answers counts, not what it was sent: fields that it ignores are sent once more, and never for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stash_graphql_client.types import Gallery, Performer, Studio

from tests.faults.dials import Fault, Faults, FaultyTransport
from tests.faults.ignoring import ignoring
from tests.mapping.conftest import Case, little_case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPTIONAL = {
    "galleryCreate": ("code", "details", "date", "urls", "organized"),
    "performerCreate": ("alias_list", "urls", "details"),
    "studioCreate": ("urls",),
}
"""The values, no links, that a creation sets and a sync compares, and that Stash does not demand."""

UPDATES = {"galleryCreate": ("galleriesUpdate", "galleryUpdate"), "performerCreate": ("performerUpdate",)}


def ignore(case: Case, fields: Mapping[str, Sequence[str]]) -> None:
    """Have the embedded Stash of a case ignore these."""
    assert case.server.embedded is not None
    case.server.embedded.middleware.append(ignoring(case.server.embedded, fields))


async def two_posts(case: Case) -> None:
    """A creator with two posts, one of which carries the other."""
    anna = case.rows.account(username="anna_x", displayName="Anna", about="About Anna")
    inner = case.post(anna, case.picture(anna), content="A text with enough words")
    case.rows.post(anna, inner, content="It carries the other one")
    await case.save()


async def stands(case: Case) -> dict[str, Any]:
    """What was made, as it stands."""
    found: dict[str, Any] = {}
    async with case.stash() as store:
        for gallery in await store.find(Gallery):
            found[f"gallery {gallery.title}"] = {
                name: str(getattr(gallery, name)) for name in ("code", "details", "date", "urls", "organized")
            } | {"chapters": [(one.title, one.image_index) for one in gallery.chapters]}
        performer = await store.find_one(Performer, url="https://fansly.com/anna_x")
        found["performer"] = performer and (
            performer.alias_list, performer.urls, performer.details
        )  # fmt: skip
        found["studios"] = sorted((one.name, str(one.urls)) for one in await store.find(Studio))
    return found


async def expected() -> dict[str, Any]:
    """What stands where nothing is ignored."""
    with little_case() as case:
        await two_posts(case)
        await case.sync()
        return without_ids(await stands(case))


def without_ids(found: dict[str, Any]) -> dict[str, Any]:
    """The same without the ids of the source, which are others each time."""
    return {
        key: {name: one for name, one in value.items() if name not in {"code", "urls"}}
        if isinstance(value, dict)
        else value
        for key, value in found.items()
    }


async def test_a_gallery_create_that_ignores_organized(case: Case) -> None:
    """As v0.30.0 does: organized after the first run, nothing kept and nothing sent in the second."""
    ignore(case, {"galleryCreate": ["organized"]})
    await two_posts(case)
    first = await case.sync()
    assert (first.exit_code, first.kept, first.skipped) == (0, [], [])
    assert [one["organized"] for one in case.inputs("galleriesUpdate")] == [True, True]
    second = await case.sync()
    assert (second.header.requests["mutations"], second.kept) == (0, [])
    async with case.stash() as store:
        assert {one.organized for one in await store.find(Gallery)} == {True}


@settings(max_examples=6, deadline=None)
@given(st.data())
async def test_creates_that_ignore_any_field(data: st.DataObject) -> None:
    """Whatever creations ignore, all stands as without after the first run, and the second one is silent."""
    drawn = {
        mutation: data.draw(st.lists(st.sampled_from(names), unique=True), mutation)
        for mutation, names in OPTIONAL.items()
    }
    with little_case() as case:
        ignore(case, drawn)
        await two_posts(case)
        first = await case.settled()
        assert (first.exit_code, first.kept) == (0, [])
        found = await stands(case)
        codes = [one["code"] for name, one in found.items() if name.startswith("gallery")]
        urls = [one["urls"] for name, one in found.items() if name.startswith("gallery")]
        assert all(code.isdigit() and code in url for code, url in zip(codes, urls, strict=True))
    assert without_ids(found) == await expected()


async def test_nothing_more_is_asked_where_nothing_is_ignored(case: Case) -> None:
    """A Stash that keeps what it is told gets one creation of each, and no update of what was created."""
    await two_posts(case)
    await case.sync()
    assert len(case.inputs("galleryCreate")) == 2
    assert case.inputs("galleriesUpdate") == case.inputs("galleryUpdate") == []
    assert case.inputs("performerUpdate") == case.inputs("studioUpdate") == []


@pytest.mark.parametrize(
    ("mutation", "field"),
    [("galleryCreate", "organized"), ("galleryCreate", "details"), ("performerCreate", "details")],
)
async def test_what_an_update_ignores_too_is_named(case: Case, mutation: str, field: str) -> None:
    """A value that Stash never keeps is sent twice in the first run, named, and not sent again."""
    ignore(case, {key: [field] for key in (mutation, *UPDATES[mutation])})
    await two_posts(case)
    first = await case.sync()
    assert first.exit_code == 0
    named = [one.reason for one in first.skipped]
    assert named
    assert all(f"wrote {field}" in reason for reason in named)
    assert (await case.sync()).header.requests["mutations"] == 0
    assert (await case.sync()).header.requests["mutations"] == 0


async def test_a_lost_reply_and_an_ignored_field(case: Case) -> None:
    """What was made although its reply was lost is completed in the same run, as where the reply came."""
    ignore(case, {"galleryCreate": ["organized"]})
    await two_posts(case)
    assert case.server.transport is not None
    faults = Faults([Fault(1, "reset", "after", matching=lambda text: "galleryCreate" in text)])
    inner, case.server.transport = case.server.transport, FaultyTransport(case.server.transport, faults)
    await case.sync()
    case.server.transport = inner
    assert (await case.sync()).header.requests["mutations"] == 0
    async with case.stash() as store:
        galleries = await store.find(Gallery)
    assert [one.organized for one in galleries] == [True, True]
