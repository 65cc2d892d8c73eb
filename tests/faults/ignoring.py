"""A Stash that ignores what it is told, as genuine v0.30.0 does with `organized` of a new gallery."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, VariableNode

from tests.faults.trimming import root_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.responses import Response

    from stash.embedded import Call, EmbeddedStash, Reply
    from stash.embedded.app import Middleware, Proceed


def ignoring(stash: EmbeddedStash, fields: Mapping[str, Collection[str]]) -> Middleware:
    """Middleware by which mutations leave fields of their inputs aside and say nothing of it.

    Args:
        stash: whose requests they are.
        fields: of each mutation, the fields of its input.
    """

    async def around(call: Call, proceed: Proceed) -> Reply | Response:
        variables = dict(call.variables)
        for node in root_fields(call.document) if call.operation == "mutation" else ():
            for name in _variables(node) if node.name.value in fields else ():
                variables[name] = _without(variables.get(name), fields[node.name.value])
        if variables == call.variables:
            return await proceed()
        return await stash.service.execute(replace(call, variables=variables), stash.context())

    return around


def _variables(node: FieldNode) -> list[str]:
    values = [argument.value for argument in node.arguments or ()]
    return [value.name.value for value in values if isinstance(value, VariableNode)]


def _without(given: Any, names: Collection[str]) -> Any:
    if isinstance(given, list):
        return [_without(one, names) for one in given]
    if isinstance(given, dict):
        return {name: value for name, value in given.items() if name not in names}
    return given
