"""What an undo gives back of a run that split a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Scene

from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.mapping.test_foreign_entities import copied
from tests.mapping.test_gating import chosen
from tests.undo.states import differences, state_of

if TYPE_CHECKING:
    from tests.mapping.conftest import Case
    from tests.undo.states import State


async def state(case: Case) -> State:
    """How Stash stands."""
    assert case.server.transport is not None
    return await state_of(case.server.url, case.server.transport)


async def files_of_scenes(case: Case) -> list[list[str]]:
    """The names of the files of each scene, the first one first."""
    async with case.stash() as store:
        found: list[Any] = await store.find(Scene)
        return sorted([file.basename for file in scene.files] for scene in found)


async def test_a_split_scene_stays_one_of_its_own(case: Case) -> None:
    """All is given back, field by field, but the split: the video keeps its scene, empty, until a user merges the two."""
    _, copy = await copied(case, "mp4", ours_first=False)
    before, ((theirs, ours),) = await state(case), await files_of_scenes(case)
    assert theirs == copy.name
    await chosen(case, split_scenes=True)
    assert await files_of_scenes(case) == sorted([[theirs], [ours]])
    options = SyncOptions(server=case.server.prefix)
    _, report = await undo(case.settings(), "last", options, transport=case.server.transport)
    assert (report.exit_code, report.kept, report.skipped) == (0, [], [])
    after = await state(case)
    assert differences(before, after) == [f"too many: Scene {ours}"]
    assert not any(after[f"Scene {ours}"].values())
    await merge(case, ours, theirs)
    assert differences(before, await state(case)) == []
    assert await files_of_scenes(case) == [[theirs, ours]]


async def merge(case: Case, one: str, other: str) -> None:
    """The user merges one scene into another one, by the names of their files."""
    document = (
        "mutation($from: [ID!]!, $to: ID!) { sceneMerge(input: {source: $from, destination: $to}) { id } }"
    )
    async with case.stash() as store:
        ids = {scene.files[0].basename: scene.id for scene in await store.find(Scene)}
        reply = await store.connection.mutate(document, {"from": [ids[one]], "to": ids[other]}, fields=1)
        assert not reply.errors
