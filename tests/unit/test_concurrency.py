"""Work that overlaps keeps its order, and loses no error."""

from __future__ import annotations

import asyncio

import pytest

from stash.concurrency import EntityLocks, FifoLock, TaskPipeline, gather_or_cancel, in_background


class Journal:
    """Pieces of work that note when they begin and end."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def piece(self, name: str, error: Exception | None = None) -> None:
        """Begin, wait for the gate of this name if there is one, end."""
        self.said.append(f"{name} begins")
        if name in self.gates:
            await self.gates[name].wait()
        if error is not None:
            raise error
        self.said.append(f"{name} ends")


@pytest.fixture
def journal() -> Journal:
    """An empty one."""
    return Journal()


async def test_one_piece_at_a_time(journal: Journal) -> None:
    """The next piece begins when the one before has ended, and all are done at the end."""
    async with TaskPipeline() as line:
        for name in "abc":
            await line.start(journal.piece(name))
            journal.said.append(f"{name} is under way")
    assert journal.said[-1] == "c ends"
    assert [said for said in journal.said if "under" not in said] == [
        f"{name} {what}" for name in "abc" for what in ("begins", "ends")
    ]
    assert journal.said.index("a is under way") < journal.said.index("a ends")


async def test_two_pieces_at_a_time(journal: Journal) -> None:
    """Of depth two, the second does not wait for the first, the third does."""
    journal.gates["a"] = asyncio.Event()
    async with TaskPipeline(depth=2) as line:
        await line.start(journal.piece("a"))
        await line.start(journal.piece("b"))
        third = asyncio.create_task(line.start(journal.piece("c")))
        for _ in range(10):
            await asyncio.sleep(0)
        assert journal.said == ["a begins", "b begins", "b ends"]
        journal.gates["a"].set()
        await third
    assert journal.said[-1] == "c ends"


async def test_an_error_stops_the_line(journal: Journal) -> None:
    """The error of a piece is raised where the next one would begin, which never does."""
    with pytest.raises(ValueError, match="broken"):  # noqa: PT012 - the block is what is tried
        async with TaskPipeline() as line:
            await line.start(journal.piece("a", ValueError("broken")))
            await line.start(journal.piece("b"))
    assert journal.said == ["a begins"]


async def test_the_last_error_is_not_lost(journal: Journal) -> None:
    """The error of the last piece is raised at the end."""
    with pytest.raises(ValueError, match="broken"):
        async with TaskPipeline() as line:
            await line.start(journal.piece("a", ValueError("broken")))


async def test_an_error_of_the_block_lets_the_piece_end(journal: Journal) -> None:
    """What is under way when the block fails is ended, and the block's error is the one to tell."""
    journal.gates["a"] = asyncio.Event()
    with pytest.raises(KeyError):  # noqa: PT012 - the block is what is tried
        async with TaskPipeline() as line:
            await line.start(journal.piece("a"))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(journal.gates["a"].set)
            raise KeyError
    assert journal.said == ["a begins", "a ends"]


async def test_cancelled(journal: Journal) -> None:
    """What is under way when the block is cancelled is cancelled too."""
    journal.gates["a"] = asyncio.Event()

    async def block() -> None:
        async with TaskPipeline() as line:
            await line.start(journal.piece("a"))
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal.said == ["a begins"]


async def test_an_error_of_a_piece_lets_the_others_end(journal: Journal) -> None:
    """Where the first of two pieces fails at the end of the block, the other is not left behind."""
    journal.gates["a"], journal.gates["b"] = asyncio.Event(), asyncio.Event()
    journal.gates["a"].set()
    with pytest.raises(ValueError, match="broken"):  # noqa: PT012 - the block is what is tried
        async with TaskPipeline(depth=2) as line:
            await line.start(journal.piece("a", ValueError("broken")))
            await line.start(journal.piece("b"))
            asyncio.get_running_loop().call_later(0.01, journal.gates["b"].set)
    assert journal.said[-1] == "b ends"


async def test_until_an_event_or_the_end(journal: Journal) -> None:
    """What is under way goes on until the event, or to its end; where nothing is, nothing is waited for."""
    event = asyncio.Event()
    journal.gates["a"] = asyncio.Event()
    async with TaskPipeline(depth=2) as line:
        await line.run_until(event)
        await line.start(journal.piece("a"))
        asyncio.get_running_loop().call_later(0.01, event.set)
        await line.run_until(event)
        assert journal.said == ["a begins"]
        event.clear()
        asyncio.get_running_loop().call_later(0.01, journal.gates["a"].set)
        await line.run_until(event)
        assert journal.said == ["a begins", "a ends"]


async def test_turns(journal: Journal) -> None:
    """One at a time is let in, in the order of asking."""
    turns = FifoLock()
    journal.gates["a"] = asyncio.Event()

    async def one(name: str) -> None:
        async with turns.ticket():
            await journal.piece(name)

    tasks = [asyncio.create_task(one(name)) for name in "abc"]
    for _ in range(5):
        await asyncio.sleep(0)
    assert journal.said == ["a begins"]
    journal.gates["a"].set()
    await asyncio.gather(*tasks)
    assert journal.said == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


async def test_who_waits_for_a_turn_meets_the_error(journal: Journal) -> None:
    """Who waits while another fails meets its error and does not begin; who asks later does."""
    turns = FifoLock()
    journal.gates["a"] = asyncio.Event()

    async def one(name: str, error: Exception | None = None) -> None:
        async with turns.ticket():
            await journal.piece(name, error)

    tasks = [
        asyncio.create_task(one("a", ValueError("broken"))),
        *(asyncio.create_task(one(n)) for n in "bc"),
    ]
    await asyncio.sleep(0)
    journal.gates["a"].set()
    met = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in met] == ["broken"] * 3
    await one("d")
    assert journal.said == ["a begins", "d begins", "d ends"]


async def test_a_turn_that_is_given_up_is_nobody_elses_end(journal: Journal) -> None:
    """Who is cancelled while it waits, or while it has its turn, costs no other one; and nobody comes in meanwhile."""
    turns = FifoLock()
    journal.gates["a"], journal.gates["c"] = asyncio.Event(), asyncio.Event()

    async def one(name: str) -> None:
        async with turns.ticket():
            await journal.piece(name)

    first, second, third, fourth = (asyncio.create_task(one(name)) for name in "abcd")
    await asyncio.sleep(0)
    second.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert journal.said == ["a begins"]
    journal.gates["a"].set()
    await first
    for _ in range(5):
        await asyncio.sleep(0)
    third.cancel()
    await fourth
    assert journal.said == ["a begins", "a ends", "c begins", "d begins", "d ends"]


async def test_a_turn_is_passed_on(journal: Journal) -> None:
    """Who passes its turn on lets the next one in while its own work goes on; an error of that is still met by who waits."""
    turns = FifoLock()
    journal.gates["a"], journal.gates["b"] = asyncio.Event(), asyncio.Event()

    async def one(name: str, error: Exception | None = None, *, is_passed_on: bool = False) -> None:
        async with turns.ticket() as turn, TaskPipeline() as line:
            await line.start(journal.piece(name, error))
            if is_passed_on:
                turn.release()

    tasks = [
        asyncio.create_task(one("a", ValueError("broken"), is_passed_on=True)),
        asyncio.create_task(one("b")),
        asyncio.create_task(one("c")),
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    assert journal.said == ["a begins", "b begins"]
    journal.gates["a"].set()
    for _ in range(5):
        await asyncio.sleep(0)
    journal.gates["b"].set()
    met = await asyncio.gather(*tasks, return_exceptions=True)
    assert [error and str(error) for error in met] == ["broken", None, "broken"]
    assert journal.said == ["a begins", "b begins", "b ends"]


async def test_lines_never_work_on_the_same_at_once(journal: Journal) -> None:
    """A line that claims what another works on waits for it; one that claims something else does not."""
    lines = EntityLocks()
    journal.gates["a"] = asyncio.Event()

    async def one(name: str, *things: int) -> None:
        async with lines.pipeline() as line:
            await lines.lock(line, things)
            await line.start(journal.piece(name))

    tasks = [asyncio.create_task(one(*claimed)) for claimed in (("a", 1, 2), ("b", 2, 3), ("c", 4))]
    for _ in range(5):
        await asyncio.sleep(0)
    assert journal.said == ["a begins", "c begins", "c ends"]
    journal.gates["a"].set()
    await asyncio.gather(*tasks)
    assert journal.said[-3:] == ["a ends", "b begins", "b ends"]


async def test_an_error_ends_what_was_begun_together(journal: Journal) -> None:
    """Where one of a few things fails, the others do not go on."""
    journal.gates["a"] = asyncio.Event()
    with pytest.raises(ValueError, match="broken"):
        await gather_or_cancel(journal.piece("a"), journal.piece("b", ValueError("broken")))
    assert journal.said == ["a begins", "b begins"]


async def test_what_is_done_meanwhile_ends_with_its_block(journal: Journal) -> None:
    """The block runs beside it, and waits for it at its end."""
    journal.gates["a"] = asyncio.Event()
    async with in_background(journal.piece("a")):
        await asyncio.sleep(0)
        journal.said.append("beside")
        journal.gates["a"].set()
    assert journal.said == ["a begins", "beside", "a ends"]


async def test_its_error_is_told_after_the_block(journal: Journal) -> None:
    """What fails meanwhile does not cut the block short; the error is raised at its end."""

    async def beside() -> None:
        async with in_background(journal.piece("a", ValueError("a"))):
            await asyncio.sleep(0)
            journal.said.append("beside")

    with pytest.raises(ValueError, match="a"):
        await beside()
    assert journal.said == ["a begins", "beside"]


async def test_an_error_of_the_block_ends_what_is_done_meanwhile(journal: Journal) -> None:
    """It is cancelled, and the block's error is the one that is told."""
    journal.gates["a"] = asyncio.Event()

    async def beside() -> None:
        async with in_background(journal.piece("a")):
            await asyncio.sleep(0)
            raise KeyError

    with pytest.raises(KeyError):
        await beside()
    assert journal.said == ["a begins"]
    assert len(asyncio.all_tasks()) == 1
