"""Requests cut down: some root fields left out, with the variables that only they use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, OperationDefinitionNode, Visitor, parse, print_ast, visit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphql import VariableNode


def without(
    document: str, variables: dict[str, Any], numbers: Sequence[int]
) -> tuple[str, dict[str, Any]] | None:
    """A request without some of its root fields, counted from 1; None where nothing is left."""
    operation = _operation(document)
    left = [node for place, node in enumerate(operation.selection_set.selections, 1) if place not in numbers]
    if not left:
        return None
    names = _Variables()
    for node in left:
        visit(node, names)
    definitions = [d for d in operation.variable_definitions or () if d.variable.name.value in names.found]
    rest = replace(
        operation,
        selection_set=replace(operation.selection_set, selections=tuple(left)),
        variable_definitions=tuple(definitions),
    )
    others = [node for node in parse(document).definitions if not isinstance(node, OperationDefinitionNode)]
    text = "\n".join(map(print_ast, (rest, *others)))
    return text, {name: value for name, value in variables.items() if name in names.found}


class _Variables(Visitor):
    """Gathers the names of the variables in a part of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """Note one."""
        self.found.add(node.name.value)


def _operation(document: str) -> OperationDefinitionNode:
    return next(n for n in parse(document).definitions if isinstance(n, OperationDefinitionNode))


def root_fields(document: str) -> list[FieldNode]:
    """The root fields of a request, in order."""
    nodes = _operation(document).selection_set.selections
    return [node for node in nodes if isinstance(node, FieldNode)]


def aliases(document: str) -> list[str]:
    """The root fields of a request as its reply calls them, in order."""
    return [(node.alias or node.name).value for node in root_fields(document)]
