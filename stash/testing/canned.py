"""Canned replies by root field, given out one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLList, get_nullable_type

from stash.embedded.schema import load_schema
from stash.store.entity_types import ENTITY_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from graphql import GraphQLField

    from stash.store.entity_types import EntityType


_KINDS = {kind.find_many: kind for kind in ENTITY_TYPES.values()}


class Refusal(Exception):  # noqa: N818 - it is what Stash says, and no fault
    """A canned reply: Stash refuses, with this message. GraphQL takes an exception for an error of the field."""


class CannedReplies:
    """Replies by the name of the root field: a value, a list of values in turn, or a function of the arguments."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        self._next: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.single: set[str] = set()
        for name, reply in replies.items():
            self.put(name, reply)

    def __contains__(self, name: object) -> bool:
        return name in self._next

    def __iter__(self) -> Iterator[str]:
        return iter(self._next)

    def put(self, name: str, reply: Any) -> None:
        """Give this reply to a root field from now on."""
        self.single.discard(name)
        if callable(reply):
            self._next[name] = reply
        elif isinstance(reply, list) and not _is_list(root_fields().get(name)):
            self._next[name] = _in_turn(name, reply)
        else:
            self.single.add(name)
            self._next[name] = lambda _: reply

    def take(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return the next reply of a root field.

        Raises:
            AssertionError: all are given out.
            Refusal: it lacks an id that was asked for, as Stash refuses a field then.
        """
        reply, kind = self._next[name](arguments), _KINDS.get(name)
        if kind is not None and arguments.get("ids") and isinstance(reply, dict):
            given = {_id_of(row) for row in reply.get(kind.plural, ())}
            if not given.issuperset(arguments["ids"]):
                raise _not_found(kind, arguments["ids"])
        return reply

    def take_ids(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return the reply to a find by ids from the canned replies of its sibling.

        `findTag` answers `findTags(ids: …)`, and `findTags` answers `findTag`.

        Raises:
            Refusal: Stash lacks an id, for which it refuses the whole field.
            KeyError: there are no such replies.
        """
        one = next((kind for kind in _KINDS.values() if kind.find_one == name), None)
        if one is not None and one.find_many in self:
            rows = self.take(one.find_many, {})[one.plural]
            return next((row for row in rows if _id_of(row) == str(arguments.get("id"))), None)
        kind = _KINDS.get(name)
        if kind is None or kind.find_one not in self or not arguments.get("ids"):
            raise KeyError(name)
        rows = [self.take(kind.find_one, {"id": one}) for one in arguments["ids"]]
        if None in rows:
            raise _not_found(kind, arguments["ids"])
        return {kind.plural: rows}


def _not_found(kind: EntityType, ids: list[str]) -> Refusal:
    return Refusal(f"{kind.name.lower()} with ids {ids} not found")


def _id_of(row: Any) -> str:
    return str(row["id"] if isinstance(row, dict) else row.id)


def root_fields() -> dict[str, GraphQLField]:
    """Return the queries and mutations of Stash."""
    schema = load_schema()
    return {
        name: field
        for root in (schema.query_type, schema.mutation_type)
        if root is not None
        for name, field in root.fields.items()
    }


def _is_list(field: GraphQLField | None) -> bool:
    return field is not None and isinstance(get_nullable_type(field.type), GraphQLList)


def _in_turn(name: str, replies: list[Any]) -> Callable[[dict[str, Any]], Any]:
    left = iter(list(replies))

    def take(_: dict[str, Any]) -> Any:
        for reply in left:
            return reply
        raise AssertionError(f"All {len(replies)} canned replies of {name} are given out; add one more.")

    return take
