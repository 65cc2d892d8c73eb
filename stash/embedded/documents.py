"""Documents: parsed, validated and kept by their text, for clients send the same few again and again."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import MaxIntrospectionDepthRule

from .errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RULES = tuple(rule for rule in specified_rules if rule is not MaxIntrospectionDepthRule)
_SYNTAX = "Syntax Error: "
_WORDINGS = (
    (
        re.compile(r'^Expected value of type "(\w+)" not to include unknown field "(\w+)".*', re.DOTALL),
        r'Field "\2" is not defined by type "\1".',
    ),
    (
        re.compile(r'^Expected value of type "(\w+)" to include required field "(\w+)".*', re.DOTALL),
        r'Field "\1.\2" of required type was not provided.',
    ),
    (re.compile(r'^Argument "\w+\.(\w+)\((\w+):\)"'), r'Field "\1" argument "\2"'),
)
_KEPT_TEXT = 4_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document with its parts at hand."""

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to execute.

        Raises:
            RequestError: there is none of that name, or a name is needed.
        """
        if not name and len(self.operations) == 1:
            return self.operations[0]
        for operation in self.operations:
            if operation.name and operation.name.value == name:
                return operation
        error = {
            "message": f"operation {name or ''} not found",
            "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
        }
        raise RequestError([error])


class Documents:
    """Valid documents by text, the least recently used ones dropped beyond some megabytes of text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._size = 0

    def get(self, text: str) -> Document:
        """Parse and validate a document, or find it among those kept.

        Raises:
            RequestError: it is no GraphQL, or the schema has no such thing.
        """
        document = self._kept.get(text)
        if document is None:
            document = self._read(text)
            self._kept[text] = document
            self._size += len(text)
            while self._size > _KEPT_TEXT and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[0])
        else:
            self._kept.move_to_end(text)
        return document

    def _read(self, text: str) -> Document:
        try:
            node = parse(text)
        except GraphQLSyntaxError as error:
            raise RequestError([_formatted(error, "GRAPHQL_PARSE_FAILED")]) from error
        errors = validate(self._schema, node, _RULES)
        if errors:
            raise RequestError([_formatted(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        definitions = node.definitions
        return Document(
            node,
            tuple(part for part in definitions if isinstance(part, OperationDefinitionNode)),
            {part.name.value: part for part in definitions if isinstance(part, FragmentDefinitionNode)},
        )


def root_fields(operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Return the names of the fields that an operation selects at its root, in order."""
    return tuple(
        node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)
    )


def _formatted(error: GraphQLError, code: str) -> dict[str, Any]:
    """Word an error as the real server does: names in double quotes, no full stop after a syntax error."""
    message = error.message.replace("'", '"')
    if message.startswith(_SYNTAX):
        message = message.removeprefix(_SYNTAX).removesuffix(".")
    for pattern, wording in _WORDINGS:
        message = pattern.sub(wording, message)
    return {**error.formatted, "message": message, "extensions": {"code": code}}
