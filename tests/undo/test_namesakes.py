"""A user's gallery that has the code of one that a run made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, Image

from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.undo.states import differences, state_of

if TYPE_CHECKING:
    from stash.report import Report
    from tests.mapping.conftest import Case
    from tests.undo.states import State


async def state(case: Case) -> State:
    """How Stash stands."""
    assert case.server.transport is not None
    return await state_of(case.server.url, case.server.transport)


async def undone(case: Case, run: object, **options: Any) -> Report:
    """The report of an undo."""
    chosen = SyncOptions(server=case.server.prefix, **options)
    return (await undo(case.settings(), str(run), chosen, transport=case.server.transport))[1]


async def test_a_gallery_comes_again_beside_one_of_the_same_code(case: Case) -> None:
    """The undo of an undo makes the run's gallery again, and leaves a user's gallery of the same code as it stands."""
    anna = case.rows.account(username="anna")
    post = case.post(anna, case.picture(anna), case.picture(anna), content="A walk")
    case.post(anna, case.picture(anna, local_filename="elsewhere.jpeg"))
    await case.save()
    await case.scan()
    async with case.stash() as store:
        other = await store.create(Gallery, title="of another program", code=str(post.id))
        await (await store.find_one(Image, path__contains="/elsewhere")).add_to_gallery(other)
        await store.flush()
    before = await state(case)
    synced = await case.sync()
    after = await state(case)
    undo_run = (await undone(case, synced.header.run)).header.run
    assert differences(before, await state(case)) == []
    assert (await undone(case, undo_run)).entities["galleries"].created == 2
    assert differences(after, await state(case)) == []
