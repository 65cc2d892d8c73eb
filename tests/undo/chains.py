"""Chains of runs over a source that changes, with a user at work in Stash before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stash.sync import SyncOptions
from stash.undo.session import undo
from tests.undo.source import Source
from tests.undo.states import State, state_of
from tests.undo.user import User

if TYPE_CHECKING:
    import random

    from stash.report import Report
    from tests.mapping.conftest import Case

OVERWRITES = ("title", "details", "date", "code", "cover", "studio", "name", "organized")


@dataclass
class Link:
    """A run of a chain: its number, how Stash stood before it, and whether a user edited between it and the one before."""

    run: int
    before: dict[str, Any]
    is_after_edits: bool


@dataclass
class Chain:
    """A source, a user, and the runs so far; `undone` is the newest undo."""

    case: Case
    dice: random.Random
    links: list[Link] = field(default_factory=list)
    is_edited: bool = False
    undone: int | None = None

    def __post_init__(self) -> None:
        self.source = Source(self.case, self.dice)
        self.user = User(self.source, self.dice)

    async def edit(self) -> None:
        """The user does something in Stash."""
        self.is_edited = True
        await self.user.edit()

    async def state(self) -> State:
        """How Stash stands."""
        transport = self.case.server.transport
        assert transport is not None
        return await state_of(self.case.server.url, transport)

    async def sync(self, **options: Any) -> Report:
        """A run, remembered with what stood before it."""
        known = await self.state()
        await self.case.scan()
        before = await self.state()
        for link in self.links:  # an undo takes no scanned file out of Stash
            link.before |= {name: one for name, one in before.items() if name not in known}
        extras = frozenset({"account_id"})
        report = await self.case.run(self.case.settings(extras=extras), is_forced=True, **options)
        assert report.header.run is not None
        self.links.append(Link(report.header.run, dict(before), self.is_edited))
        self.is_edited = False
        return report

    async def undo(self, run: object) -> Report:
        """An undo."""
        chosen, transport = SyncOptions(server="x"), self.case.server.transport
        return (await undo(self.case.settings(), str(run), chosen, transport=transport))[1]


async def some_chain(chain: Chain) -> None:
    """Draw a past of the source and of the user, and runs between which the source changes."""
    dice = chain.dice
    for _ in range(dice.randint(2, 5)):
        await chain.source.download()
    await chain.case.scan()
    for _ in range(dice.randint(0, 4)):
        await chain.edit()
    for number in range(dice.randint(1, 4)):
        for _ in range(dice.randint(1, 4) if number else 0):
            await (chain.source.download() if dice.random() < 0.4 else chain.source.change())
        if number and dice.random() < 0.15:
            await chain.edit()
        fields = frozenset(name for name in OVERWRITES if dice.random() < 0.3)
        await chain.sync(
            overwrite=fields if dice.random() < 0.3 else frozenset(), recreate=dice.random() < 0.15
        )
