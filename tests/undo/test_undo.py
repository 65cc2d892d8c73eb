"""What undo takes back, what it leaves, and what later syncs make of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from stash.embedded import EmbeddedStash
from stash.errors import RefusedError, UsageError
from stash.processing.base import UNDONE
from stash.undo.planner import EDITED, USED

if TYPE_CHECKING:
    from tests.undo.conftest import Circle


async def test_the_whole_circle(circle: Circle) -> None:
    """Sync and undo leave Stash as it was, every chapter, tag, link and stamp gone, in at most 40 requests."""
    first = await circle.sync()
    assert first.entities["chapters"].created > 0
    report = await circle.undo()
    assert report.exit_code == 0
    assert sum(report.header.requests[kind] for kind in ("reads", "writes")) <= 40
    assert not report.kept
    assert await circle.differences(circle.before) == []
    assert report.removed["galleries"] == first.entities["galleries"].created
    with closing(sqlite3.connect(circle.setup.database)) as connection:
        for table in ("accounts", "posts", "messages"):
            assert connection.execute(
                f"SELECT count(*) FROM {table} WHERE stash_id IS NOT NULL"
            ).fetchone() == (0,)


async def test_later_syncs_leave_it_and_say_so(circle: Circle) -> None:
    """What was taken back stays so over any number of syncs, each of which names it; the second decides nothing anew."""
    await circle.sync()
    await circle.undo()
    for _ in range(3):
        report = await circle.sync()
        assert report.header.requests["mutations"] == 0
        assert report.exit_code == 0
        assert not report.kept
        kinds = {one.kind for one in report.skipped if one.reason == UNDONE}
        assert {"media", "post", "account", "studio", "hashtag"} <= kinds
    assert await circle.differences(circle.before) == []


async def test_redo_brings_everything_again(circle: Circle) -> None:
    """`sync --redo` ends as the first sync did; after it nothing is declined any more."""
    await circle.sync()
    synced = await circle.dump()
    await circle.undo()
    await circle.sync()
    await circle.sync(redo=True)
    assert await circle.differences(synced) == []
    again = await circle.sync()
    assert again.header.requests["mutations"] == 0
    assert UNDONE not in {one.reason for one in again.skipped}


async def test_redo_of_one_creator_leaves_the_other_as_it_is(circle: Circle) -> None:
    """`sync CREATOR --redo` brings that creator's items again, and nothing of another's."""
    await circle.sync()
    await circle.undo()
    assert circle.setup.world is not None
    one, other = circle.setup.world.usernames
    await circle.sync(creators=(one,), redo=True)
    async with circle.server.store() as store:
        names = {studio.name for studio in await store.find(Studio)}
        assert f"{one} (Fansly)" in names
        assert f"{other} (Fansly)" not in names
    await circle.sync()
    async with circle.server.store() as store:
        assert f"{other} (Fansly)" not in {studio.name for studio in await store.find(Studio)}


async def test_an_undo_can_be_taken_back(circle: Circle) -> None:
    """Undo of the undo brings the synced state again; a sync finds nothing to do; and then it can be undone again."""
    await circle.sync()
    synced = await circle.dump()
    undone = await circle.undo()
    await circle.undo(undone.header.run)
    assert await circle.differences(synced) == []
    after = await circle.sync()
    assert after.header.requests["mutations"] == 0
    assert not after.kept
    assert not after.skipped
    await circle.undo()
    assert await circle.differences(circle.before) == []
    assert (await circle.sync()).header.requests["mutations"] == 0


async def test_a_dry_run_is_what_undo_then_does(circle: Circle) -> None:
    """The plan names each field and each entity that the undo then writes or takes out, and itself writes nothing."""
    await circle.sync()
    synced = await circle.dump()
    plan = (await circle.undo(dry_run=True)).plan
    assert plan
    assert await circle.differences(synced) == []
    report = await circle.undo()
    done = {
        (one.type, one.stash_id, name)
        for one in await circle.operations(report.header.run)
        for name in (one.after or {"id": None})
    }
    assert {(one.type, one.id, one.field) for one in plan} == done


async def test_what_was_edited_since_stays(circle: Circle) -> None:
    """A user's title, tag and gallery survive the undo and are named; --force takes them back."""
    await circle.sync()
    async with circle.server.store() as store:
        image = (await store.find(Image, code__regex="^7"))[0]
        scene = (await store.find(Scene, code__regex="^7"))[0]
        gallery = (await store.find(Gallery))[0]
        image.title, scene.details, gallery.rating100 = "My own title", "My own words", 80
        mine = await store.create(Tag, name="my own tag")
        await image.add_tag(mine)
        await store.flush()
    report = await circle.undo()
    async with circle.server.store() as store:
        image, scene = await store.get(Image, image.id), await store.get(Scene, scene.id)
        assert image is not None
        assert scene is not None
        assert (image.title, image.code, [tag.name for tag in image.tags]) == (
            "My own title",
            "",
            ["my own tag"],
        )
        assert (scene.details, scene.title) == ("My own words", "")
        (left,) = await store.find(Gallery)
        assert (left.id, left.rating100, bool(left.title)) == (gallery.id, 80, True)
    kept = {(one.type, one.id, one.field) for one in report.kept}
    assert kept == {("Image", image.id, "title"), ("Scene", scene.id, "details")}
    assert [one.id for one in report.skipped if one.reason == EDITED] == [gallery.code]
    await circle.undo(1, is_forced=True)
    async with circle.server.store() as store:
        assert await store.find(Gallery) == []
        assert not any(one.title == "My own title" for one in await store.find(Image))


async def test_what_was_organized_before_the_run_is_no_edit(circle: Circle) -> None:
    """Images and scenes that a run only links, as they are organized, keep no gallery, performer or studio from going."""
    async with circle.server.store() as store:
        for kind in (Image, Scene):
            (await store.find(kind))[0].organized = True
        await store.flush()
    before = await circle.dump()
    await circle.sync()
    report = await circle.undo()
    assert not report.skipped
    assert await circle.differences(before) == []


@pytest.mark.parametrize("kind", [Tag, Performer, Studio])
async def test_what_is_used_elsewhere_stays(circle: Circle, kind: type[Tag | Performer | Studio]) -> None:
    """A tag, performer or studio that a user put on something of their own stays, with its use, and is named."""
    await circle.sync()
    async with circle.server.store() as store:
        used = (await store.find(kind))[-1]
        own = await store.create(Gallery, title="My own gallery")
        if kind is Tag:
            own.tags = [used]
        elif kind is Performer:
            own.performers = [used]
        else:
            own.studio = used
        await store.flush()
    report = await circle.undo()
    async with circle.server.store() as store:
        assert used.id in {one.id for one in await store.find(kind)}
        (left,) = await store.find(Gallery)
        assert used.id in {one.id for one in (*left.tags, *left.performers, left.studio) if one}
    assert USED in {one.reason for one in report.skipped}


async def test_two_runs_are_taken_back_in_turn(circle: Circle) -> None:
    """`undo last` takes the newest run, then the one before; what both used stays until the second is back too."""
    assert circle.setup.world is not None
    one, other = circle.setup.world.usernames
    await circle.sync(creators=(one,))
    between = await circle.dump()
    await circle.sync(creators=(other,))
    await circle.undo()
    assert await circle.differences(between) == []
    await circle.undo()
    assert await circle.differences(circle.before) == []
    with pytest.raises(UsageError, match="no run left"):
        await circle.undo()


async def test_an_older_run_leaves_what_a_later_one_needs(circle: Circle) -> None:
    """Taken back alone, the first run keeps what the second put on its own; the second's entities stand unchanged."""
    assert circle.setup.world is not None
    one, other = circle.setup.world.usernames
    first = await circle.sync(creators=(one,))
    await circle.sync(creators=(other,))
    async with circle.server.store() as store:
        theirs = {
            g.id: (g.title, len(g.tags)) for g in await store.find(Gallery) if g.studio.name.startswith(other)
        }
    report = await circle.undo(first.header.run)
    async with circle.server.store() as store:
        assert {g.id: (g.title, len(g.tags)) for g in await store.find(Gallery)} == theirs
        assert {s.name for s in await store.find(Studio)} >= {"Fansly (network)", f"{other} (Fansly)"}
        assert f"{one} (Fansly)" not in {s.name for s in await store.find(Studio)}
    assert USED in {one.reason for one in report.skipped}


async def test_fields_of_the_users_own_return(circle: Circle) -> None:
    """What a later run wrote over an earlier one's goes back to the earlier one's text, and stays so."""
    await circle.sync()
    with closing(sqlite3.connect(circle.setup.database)) as connection, connection:
        connection.execute("UPDATE posts SET content = content || ' (edited)'")
    synced = await circle.dump()
    edited = await circle.sync()
    assert edited.header.requests["mutations"] > 0
    await circle.undo()
    assert await circle.differences(synced) == []
    assert (await circle.sync()).header.requests["mutations"] == 0
    await circle.sync(redo=True)
    async with circle.server.store() as store:
        galleries = await store.find(Gallery)
        assert [g for g in galleries if "(edited)" in g.details]


async def test_a_namesake_made_by_hand_takes_no_part(circle: Circle) -> None:
    """A tag of the same name that a user made after the undo is put on nothing until --redo, which takes it."""
    await circle.sync()
    async with circle.server.store() as store:
        name = (await store.find(Tag))[0].name
    await circle.undo()
    async with circle.server.store() as store:
        mine = await store.create(Tag, name=name)
    assert (await circle.sync()).header.requests["mutations"] == 0
    await circle.sync(redo=True)
    async with circle.server.store() as store:
        assert [tag.id for tag in await store.find(Tag, name=name)] == [mine.id]
        assert await store.find(Gallery, tags__in=[mine.id]) or any(
            mine.id in {tag.id for tag in g.tags} for g in await store.find(Gallery)
        )


async def test_what_cannot_be_named_is_refused(circle: Circle) -> None:
    """No run, an unknown one, one whose changes are not kept and one of another Stash end with the next step."""
    for named in ("last", 7, "yesterday"):
        with pytest.raises(UsageError, match="stash-sync runs"):
            await circle.undo(named)
    first = await circle.sync()
    inner, other = circle.server.transport, EmbeddedStash([circle.server.library])
    circle.server.transport = httpx.ASGITransport(app=other.app)
    with pytest.raises(RefusedError, match="has none of the"):
        await circle.undo(first.header.run)
    circle.server.prefix, prefix = "another", circle.server.prefix
    with pytest.raises(RefusedError, match="another Stash"):
        await circle.undo(first.header.run)
    circle.server.prefix, circle.server.transport = prefix, inner
    other.close()
    with closing(sqlite3.connect(circle.setup.database)) as connection, connection:
        connection.execute("DELETE FROM sync_change")
    with pytest.raises(UsageError, match="keep_runs"):
        await circle.undo(first.header.run)


async def test_undone_twice_nothing_happens(circle: Circle) -> None:
    """A run that is taken back already is no work, and no run is noted."""
    first = await circle.sync()
    await circle.undo()
    again = await circle.undo(first.header.run)
    assert again.header.run is None
    assert again.header.requests["mutations"] == 0
