"""Collect the fields of a selection for an object type, by its fragments, @skip and @include."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
)

from .variables import arguments

if TYPE_CHECKING:
    from graphql import GraphQLObjectType, GraphQLSchema, SelectionSetNode

    from .documents import Document
    from .variables import Variables

type Fields = dict[str, list[FieldNode]]


class Selections:
    """The selections of one operation, with its variables."""

    def __init__(self, schema: GraphQLSchema, document: Document, variables: Variables) -> None:
        self._schema = schema
        self._fragments = document.fragments
        self._variables = variables

    def collect(self, object_type: GraphQLObjectType, selections: SelectionSetNode, fields: Fields) -> None:
        """Add the fields that a selection has for objects of a type, by response key."""
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                fields.setdefault(key, []).append(node)
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                condition, inner = fragment.type_condition.name.value, fragment.selection_set
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else object_type.name
                inner = node.selection_set
            if self._applies(condition, object_type):
                self.collect(object_type, inner, fields)

    def _applies(self, condition: str, object_type: GraphQLObjectType) -> bool:
        if condition == object_type.name:
            return True
        named = self._schema.type_map[condition]
        abstract = isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
        return abstract and self._schema.is_sub_type(named, object_type)  # type: ignore[arg-type]

    def _included(self, node: Any) -> bool:  # noqa: ANN401
        for directive in node.directives or ():
            for known, wanted in ((GraphQLSkipDirective, False), (GraphQLIncludeDirective, True)):
                if directive.name.value == known.name:
                    condition = arguments(known.args, directive.arguments or (), self._variables)["if"]
                    if condition is not wanted:
                        return False
        return True
