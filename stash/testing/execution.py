"""Executing a document on canned replies, by Stash's own schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute_sync,
    get_nullable_type,
    is_composite_type,
    parse,
)
from stash_graphql_client.types.base import StashObject
from stash_graphql_client.types.unset import UNSET

from stash.embedded.schema import load_schema
from stash.testing.canned import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    type RootField = Callable[[GraphQLResolveInfo[Any], dict[str, Any]], Any]

LONG_AGO = "2026-01-01T00:00:00Z"
_LEAVES: dict[str, Any] = {"Boolean": False, "Int": 0, "Int64": 0, "Float": 0.0, "Time": LONG_AGO}


def root_nodes(text: str) -> list[FieldNode]:
    """Return the root fields of a document's operations, with their aliases."""
    operations = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
    return [
        node for one in operations for node in one.selection_set.selections if isinstance(node, FieldNode)
    ]


def executed(body: Mapping[str, Any], root_field: RootField) -> dict[str, Any]:
    """Return the reply to a request: its data under the aliases, and the refusals.

    Args:
        body: the request: `query`, and `variables` if there are any.
        root_field: returns the value of a root field. What it leaves out is null, empty, or zero.

    Raises:
        AssertionError: a value or a variable does not fit the schema.
    """
    result = execute_sync(
        load_schema(),
        parse(body["query"]),
        variable_values=body.get("variables") or {},
        field_resolver=partial(_resolve, root_field),
        type_resolver=_type_of,
    )
    errors = result.errors or []
    for error in errors:
        if isinstance(error.original_error, AssertionError):
            raise error.original_error
        if not isinstance(error.original_error, Refusal):
            raise AssertionError(  # noqa: TRY004 - it fails the test
                f"The canned reply or the request does not fit Stash's schema: {error}"
            )
    reply: dict[str, Any] = {"data": result.data}
    return {**reply, "errors": [error.formatted for error in errors]} if errors else reply


def _resolve(root_field: RootField, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    if info.path.prev is None:
        return _plain(root_field(info, arguments))
    value = _plain(_read(source, info.field_name))
    if value is UNSET or (value is None and isinstance(info.return_type, GraphQLNonNull)):
        return _count(source) if info.field_name == "count" else _smallest(info.return_type)
    return value


def _read(source: Any, name: str) -> Any:
    return source.get(name, UNSET) if isinstance(source, Mapping) else getattr(source, name, UNSET)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _count(source: Any) -> int:
    return next((len(value) for value in source.values() if isinstance(value, list)), 0)


def _smallest(type_: GraphQLOutputType) -> Any:
    """Return the smallest value that Stash gives for a type. An id has none."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        return []  # where the schema allows null too
    if bare is type_ or str(bare) == "ID":
        return None
    if is_composite_type(bare):
        return {}
    return next(iter(bare.values)) if isinstance(bare, GraphQLEnumType) else _LEAVES.get(str(bare), "")


def _type_of(value: Any, info: GraphQLResolveInfo[Any], abstract: GraphQLAbstractType) -> str:
    if isinstance(value, StashObject):
        return value.__type_name__
    named = value.get("__typename") if isinstance(value, Mapping) else None
    return str(named or info.schema.get_possible_types(abstract)[0].name)


def repeated(nodes: list[FieldNode]) -> set[str]:
    """Return the names of the root fields that a document holds more than once."""
    return {name for name, times in Counter(node.name.value for node in nodes).items() if times > 1}
