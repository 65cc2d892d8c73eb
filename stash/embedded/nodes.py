"""Nodes of a GraphQL document, which are dataclasses in graphql-core 3.3 and are none in 3.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphql import Node


def changed[T: Node](node: T, **changes: Any) -> T:  # noqa: ANN401 - whatever a node holds
    """Return a copy of a node with other values."""
    return type(node)(**{name: getattr(node, name) for name in node.keys} | changes)
