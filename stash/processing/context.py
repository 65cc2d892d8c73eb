"""A run: the user's options, and the services that every part of it uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stash.mapping.rules import Rules
from stash.scan_options import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stash.files.stash_index import StashFileIndex
    from stash.journal import Journal
    from stash.report import Report
    from stash.store import StashStore

RUN_SCOPED_TYPES = frozenset({"Performer", "Studio", "Tag"})
"""Types whose entities stay in memory for the run. All others leave it with their chunk."""


class HasStore(Protocol):
    """Anything that leads to the store of a Stash: the library's context is one."""

    @property
    def store(self) -> StashStore:
        """The store."""
        ...


@dataclass(frozen=True)
class RunOptions:
    """The choices of the user for a run.

    Args:
        is_dry: write nothing, fill the plan of the report.
        overwrite: fields that are written over a user's edits.
        rules: which items are synced, and under which names.
        is_forced: go on where the source or Stash look wrong.
        recreate: make again what was deleted in Stash.
        redo: bring again what an undo took back.
        is_partial: leave chunks alone whose source is unchanged, without asking Stash for them.
        may_scan: have Stash scan folders with files that it does not know.
        scan_generate: what such a scan generates.
        patience: seconds for which an outage or a scan is waited for.
        on_items: told how many items are done.
        on_scan: told how much of a scan is done, from 0 to 1.
    """

    is_dry: bool = False
    overwrite: frozenset[str] = frozenset()
    rules: Rules = field(default_factory=Rules)
    is_forced: bool = False
    recreate: bool = False
    redo: bool = False
    is_partial: bool = False
    may_scan: bool = True
    scan_generate: Collection[str] = DEFAULTS
    patience: float = 300.0
    on_items: Callable[[int], None] = lambda _: None
    on_scan: Callable[[float], None] = lambda _: None


@dataclass(frozen=True)
class RunContext:
    """The services of a run. A run without a journal remembers nothing."""

    report: Report
    files: StashFileIndex
    journal: Journal | None = None
    options: RunOptions = field(default_factory=RunOptions)
