"""Variables and arguments: JSON or literals in, plain Python values out. Errors are those of the real server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from graphql import (
    FloatValueNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    type_from_ast,
)

from .errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphql import ArgumentNode

type Path = tuple[str | int, ...]
type Variables = dict[str, Any]

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def coerce_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> Variables:
    """Check the given variables against their definitions. Extra ones are ignored.

    Raises:
        RequestError: one of them does not fit; nothing of the request may run.
    """
    coerced: Variables = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        path: Path = ("variable", name)
        kind = type_from_ast(schema, definition.type)
        if name in given:
            if given[name] is None and isinstance(kind, GraphQLNonNull):
                _refuse("cannot be null", path)
            coerced[name] = _coerce(kind, given[name], path)
        elif definition.default_value is not None:
            coerced[name] = literal(kind, definition.default_value, {})
        elif isinstance(kind, GraphQLNonNull):
            _refuse("must be defined", path)
    return coerced


def arguments(
    definitions: Mapping[str, GraphQLArgument], nodes: Sequence[ArgumentNode], variables: Variables
) -> dict[str, Any]:
    """Return the arguments that were given or have a default. One that was left out has no entry."""
    given = {node.name.value: node.value for node in nodes}
    values: dict[str, Any] = {}
    for name, definition in definitions.items():
        node = given.get(name)
        if node is None or (isinstance(node, VariableNode) and node.name.value not in variables):
            if definition.default_value is not Undefined:
                values[name] = definition.default_value
            continue
        values[name] = literal(definition.type, node, variables)
    return values


def literal(kind: Any, node: ValueNode, variables: Variables) -> Any:  # noqa: ANN401
    """Return the value of a validated literal of an input type, with its variables filled in."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(node, VariableNode | NullValueNode):
        return _untyped(node, variables)
    if isinstance(kind, GraphQLList):
        items = node.values if isinstance(node, ListValueNode) else (node,)
        return [literal(kind.of_type, item, variables) for item in items]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        return _literal_object(kind, node, variables)
    value = _untyped(node, variables)
    if kind.name in ("ID", "String"):
        return str(value)
    return float(value) if kind.name == "Float" else value


def _literal_object(
    kind: GraphQLInputObjectType, node: ObjectValueNode, variables: Variables
) -> dict[str, Any]:
    given = {field.name.value: field.value for field in node.fields}
    values: dict[str, Any] = {}
    for name, definition in kind.fields.items():
        if name in given:
            value = given[name]
            if isinstance(value, VariableNode) and value.name.value not in variables:
                continue
            values[name] = literal(definition.type, value, variables)
        elif definition.default_value is not Undefined:
            values[name] = definition.default_value
    return values


def _untyped(node: Any, variables: Variables) -> Any:  # noqa: ANN401
    match node:
        case VariableNode():
            return variables.get(node.name.value)
        case ListValueNode():
            return [_untyped(item, variables) for item in node.values]
        case ObjectValueNode():
            return {field.name.value: _untyped(field.value, variables) for field in node.fields}
        case NullValueNode():
            return None
    numbers = {IntValueNode: int, FloatValueNode: float}
    return numbers.get(type(node), lambda value: value)(node.value)


def _coerce(kind: Any, value: Any, path: Path) -> Any:  # noqa: ANN401
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            _refuse("cannot be null", path)
        kind = kind.of_type
    if value is None:
        return None
    if isinstance(kind, GraphQLList):
        items = value if isinstance(value, list) else [value]
        return [_coerce(kind.of_type, item, (*path, index)) for index, item in enumerate(items)]
    if isinstance(kind, GraphQLInputObjectType):
        return _coerce_object(kind, value, path)
    if isinstance(kind, GraphQLEnumType):
        if not isinstance(value, str):
            _refuse("enums must be ints or strings", path)
        if value not in kind.values:
            _refuse(f"{value} is not a valid {kind.name}", path)
        return value
    return _coerce_scalar(kind.name, value, path)


def _coerce_object(kind: GraphQLInputObjectType, value: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        _refuse(f"must be a {kind.name}, not a {_go_kind(value)}", path)
    fields = kind.fields
    for name in value:
        if name not in fields and name != "__typename":
            _refuse("unknown field", (*path, name))
    coerced: dict[str, Any] = {}
    for name, definition in fields.items():
        if name in value:
            coerced[name] = _coerce(definition.type, value[name], (*path, name))
        elif definition.default_value is not Undefined:
            coerced[name] = definition.default_value
        elif isinstance(definition.type, GraphQLNonNull):
            _refuse("must be defined", (*path, name))
    return coerced


def _coerce_scalar(name: str, value: Any, path: Path) -> Any:  # noqa: ANN401
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "Boolean" and isinstance(value, bool):
        return value
    if name in ("String", "ID") and (isinstance(value, str) or number):
        return str(value)
    if name == "Int" and (number or isinstance(value, str)) and _INTEGER.fullmatch(str(value)):
        return int(value)
    if name == "Float" and (number or isinstance(value, str)) and _NUMBER.fullmatch(str(value)):
        return float(value)
    if name in ("Boolean", "String", "ID", "Int", "Float"):
        _refuse(f"cannot use {_go_kind(value)} as {name}", path)
    return value


def _go_kind(value: object) -> str:
    kinds = {bool: "bool", dict: "map", list: "slice"}
    return kinds.get(type(value), "string")


def _refuse(message: str, path: Path) -> NoReturn:
    error = {"message": message, "path": list(path), "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}
    raise RequestError([error])
