"""Entities that an undo makes again whose performers, tags or studio the user deleted since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stash_graphql_client.types import Gallery, GalleryChapter

from stash.report import Skipped
from tests.undo.test_namesakes import undone

if TYPE_CHECKING:
    from tests.mapping.conftest import Case

FIELDS = {"performer": "performers", "tag": "tags", "studio": "studio"}


async def deleted_again(case: Case) -> tuple[int, int | None]:
    """Sync a gallery with a chapter, with links that the user made, force its undo, and return its post and the undo."""
    anna = case.rows.account(username="anna")
    inner = case.post(anna, case.picture(anna), content="The carried post")
    outer = case.rows.post(anna, case.rows.offered(case.picture(anna)), inner, content="A walk")
    await case.save()
    synced = await case.settled()
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(outer.id))
        for name in ("Performer", "Tag", "Studio"):
            mutation = f'mutation {{ made: {name.lower()}Create(input: {{name: "mine"}}) {{ id }} }}'
            made = (await store.connection.mutate(mutation, {}, fields=1)).data["made"]["id"]
            field = {"Performer": "performer_ids", "Tag": "tag_ids", "Studio": "studio_id"}[name]
            value = f'"{made}"' if name == "Studio" else f'["{made}"]'
            update = f"mutation {{ galleryUpdate(input: {{id: {gallery.id}, {field}: {value}}}) {{ id }} }}"
            assert not (await store.connection.mutate(update, {}, fields=1)).errors
    assert synced.header.run is not None
    return outer.id, (await undone(case, synced.header.run, is_forced=True)).header.run


async def delete(case: Case, name: str) -> None:
    """The user deletes the performer, tag or studio of their own."""
    async with case.stash() as store:
        found = f"find{name.title()}s(filter: {{per_page: -1}}) {{ {name}s {{ id name }} }}"
        reply = (await store.connection.query(f"{{ {found} }}", {})).data
        (entity_id,) = [
            one["id"] for one in reply[f"find{name.title()}s"][f"{name}s"] if one["name"] == "mine"
        ]
        mutation = f"mutation {{ {name}Destroy(input: {{id: {entity_id}}}) }}"
        assert not (await store.connection.mutate(mutation, {}, fields=1)).errors


@pytest.mark.parametrize("names", [("performer",), ("tag",), ("studio",), ("performer", "tag", "studio")])
async def test_a_gallery_comes_again_without_what_is_gone(case: Case, names: tuple[str, ...]) -> None:
    """Its other links, images and chapter are made again; what the user deleted is left out and named."""
    post, undo_run = await deleted_again(case)
    for name in names:
        await delete(case, name)
    report = await undone(case, undo_run)
    fields = ", ".join(sorted(FIELDS[name] for name in names))
    reason = f"{fields} deleted in Stash since; it is made again without"
    assert report.skipped == [Skipped("post", str(post), reason, is_failure=False)]
    assert report.exit_code == 0
    async with case.stash() as store:
        gallery = await store.find_one(Gallery, code=str(post))
        left = [one.name for one in (*gallery.performers, *gallery.tags, gallery.studio) if one is not None]
        assert left == ["mine"] * (3 - len(names))
        assert (gallery.image_count, len(gallery.chapters)) == (2, 1)
        assert all(isinstance(one, GalleryChapter) for one in gallery.chapters)


async def test_a_later_sync_agrees(case: Case) -> None:
    """A sync after it writes nothing."""
    _, undo_run = await deleted_again(case)
    await delete(case, "tag")
    await undone(case, undo_run)
    assert (await case.sync()).header.requests["mutations"] == 0
