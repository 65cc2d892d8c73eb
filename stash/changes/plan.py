"""Show the pending changes of a store as rows of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag
from stash_graphql_client.types.unset import UNSET

from stash.reconcile.merge_result import names_of
from stash.report import Planned
from stash.store.library_internals import is_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stash.reconcile.merge_result import MergeResult
    from stash.store import Change
    from stash.store.entity_types import Entity

_LINKS = frozenset({"performers", "tags", "galleries", "images", "scenes"})
_LINKABLE = (Tag, Performer, Gallery, Scene, Image)


def planned(change: Change, name: str, applied: MergeResult | None) -> Planned:
    """One field of a change that is to be shown in a plan."""
    entity = change.entity
    reason = "new" if change.action == "create" else applied.reasons.get(name, "") if applied else ""
    before, after = _shown(change.before.get(name)), _shown(_wished(change, name))
    key = " ".join(applied.key if applied else (entity.__type_name__, entity.id))
    return Planned(entity.__type_name__, _label(entity), name, before, after, reason, key)


def _wished(change: Change, name: str) -> Any:
    """Return what a field is to hold, with the links to what Stash has not got yet: a change holds none."""
    wished = change.entity.__dict__.get(name)
    return wished if isinstance(wished, list) and change.action != "link" else change.after[name]


def new_links(change: Change, name: str, members: Sequence[Entity] | None) -> int:
    """Count the links of a field that it did not have before. Other fields have none."""
    if name not in _LINKS:
        return 0
    before = set(change.before.get(name) or ())
    return len([one for one in members or () if one not in before])


def joining_and_leaving(change: Change, name: str) -> tuple[list[str], list[str]]:
    """Name the members that a field of links is to gain, and those that it is to lose. Other fields have none."""
    if name not in _LINKS:
        return [], []
    before, wished = change.before.get(name) or [], _wished(change, name) or []
    joining, leaving = (
        [one for one in some if one not in others]
        for some, others in ((wished, set(before)), (before, set(wished)))
    )
    return names_of(joining), names_of(leaving)


def _label(entity: Entity) -> str:
    return names_of([entity])[0] if is_new(entity) else entity.id


def _shown(value: Any) -> Any:
    if value is UNSET or value is None or isinstance(value, str | int | float):
        return None if value is UNSET else value
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, (Studio, *_LINKABLE)):
        return names_of([value])[0]
    return str(value)
