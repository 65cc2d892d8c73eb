"""A Stash of canned replies. It answers by itself what nobody canned."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from graphql import GraphQLList, GraphQLObjectType, get_nullable_type, is_leaf_type

from stash.embedded.schema import APP_SCHEMA
from stash.store.entity_types import ENTITY_TYPES
from stash.testing.canned import CannedReplies, root_fields
from stash.testing.execution import executed

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

_GREETING = {
    "version": {"version": "v0.30.0"},
    "systemStatus": {"appSchema": APP_SCHEMA, "status": "OK"},
    "configuration": {"general": {"databasePath": "/stash.sqlite"}},
}
_PLURALS = {kind.find_many: kind.plural for kind in ENTITY_TYPES.values()}


class StashCall(NamedTuple):
    """One root field that Stash was asked for."""

    operation: str
    name: str
    arguments: dict[str, Any]


class StashReplies:
    """Answers requests as a side effect of a respx route.

    A root field without a canned reply is answered thus. Every id that is asked for exists. A find by a filter finds
    nothing. A creation gets the next id and echoes its input. Every other mutation succeeds.

    Attributes:
        calls: the root fields that were asked for, in their order. Those of the connection are left out.
    """

    def __init__(self) -> None:
        self.calls: list[StashCall] = []
        self._canned = CannedReplies({})
        self._ids = count(1001)

    def set(self, **replies: Any) -> None:
        """Give replies to root fields: a value, a list of values in turn, a `Refusal`, or a function of the arguments.

        Raises:
            AssertionError: Stash has no such root field.
        """
        for name, reply in replies.items():
            if name not in root_fields():
                raise AssertionError(f"Stash has no root field {name}; see its schema for the name.")
            self._canned.put(name, reply)

    def named(self, *names: str) -> list[StashCall]:
        """Return the calls of these root fields."""
        return [call for call in self.calls if call.name in names]

    @property
    def mutations(self) -> list[StashCall]:
        """Return the calls that write."""
        return [call for call in self.calls if call.operation == "mutation"]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request under its aliases."""
        return httpx.Response(200, json=executed(json.loads(request.content), self._root_field))

    def _root_field(self, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        name = info.field_name
        if name not in _GREETING:
            self.calls.append(StashCall(info.operation.operation.value, name, arguments))
        if name in self._canned:
            return self._canned.take(name, arguments)
        try:
            return self._canned.take_ids(name, arguments)
        except KeyError:
            return _GREETING.get(name) or self._likely(info, arguments)

    def _likely(self, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        given, type_ = arguments.get("input", arguments), get_nullable_type(info.return_type)
        if info.field_name in _PLURALS:
            return {_PLURALS[info.field_name]: [{"id": one} for one in arguments.get("ids") or ()]}
        if isinstance(type_, GraphQLList):
            return [self._row(one) for one in _inputs(given)]
        if isinstance(type_, GraphQLObjectType):
            return self._row(given)
        return type_.name == "Boolean" or "1" if is_leaf_type(type_) else None

    def _row(self, given: dict[str, Any]) -> dict[str, Any]:
        own = {"id": str(next(self._ids))} if "id" not in given else {}
        return {**own, **given}


def _inputs(given: Any) -> list[dict[str, Any]]:
    """Return one input an entity, for a list of them and for one input of many ids."""
    if isinstance(given, list):
        return given
    return [{**given, "id": one} for one in given.get("ids", ())]
