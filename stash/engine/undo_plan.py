"""The input and the result of planning an undo: Stash as it is, and the changes to make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stash.engine.effects import Effect, Place
    from stash.journal import Declined


@dataclass
class Standing:
    """Stash as it is: the fields of each entity as plain values, and the uses of what may go.

    `pictures` are those that Stash shows, as data URLs, None for one that it does not give; `sent` are the marks of those
    that a sync sent last. `again` names what stands in place of an entity that was made again since, `condemned` what an
    attempt that was killed was about to take out.
    """

    fields: dict[Place, dict[str, Any]]
    uses: Mapping[Place, Mapping[str, int]] = field(default_factory=dict)
    pictures: Mapping[Place, str | None] = field(default_factory=dict)
    sent: Mapping[Place, str | None] = field(default_factory=dict)
    again: Mapping[Place, Place] = field(default_factory=dict)
    condemned: Collection[Place] = ()


@dataclass
class Plan:
    """What is to be done: fields to be written, entities to be taken out or made again, and what is left alone."""

    writes: dict[Place, dict[str, Any]] = field(default_factory=dict)
    going: list[Effect] = field(default_factory=list)
    making: list[Effect] = field(default_factory=list)
    declined: dict[Place, dict[str, Declined]] = field(default_factory=dict)
    kept: list[tuple[Place, str]] = field(default_factory=list)
    stays: list[tuple[Effect, str]] = field(default_factory=list)
