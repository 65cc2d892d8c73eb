"""One GraphQL request: parse, check, execute, in the shape of the real server's replies."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FieldNode,
    OperationType,
    SelectionSetNode,
    execute_sync,
    parse,
    print_ast,
)

from .documents import Document, Documents, root_fields
from .errors import RequestError
from .execution import Execution
from .nodes import changed
from .registry import REGISTRY
from .schema import load_schema
from .variables import coerce_variables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql import OperationDefinitionNode

    from .context import Context

_FIELDS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Call:
    """One GraphQL request as it came in.

    Attributes:
        operation: "query" or "mutation"; empty where the document was refused.
        fields: names of the root fields, in order; each alias is one.
    """

    document: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    operation: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply of one request. `refused` means that nothing of it was executed."""

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False

    def body(self) -> dict[str, Any]:
        """Return the JSON object that is sent."""
        return {"errors": self.errors, "data": self.data} if self.errors else {"data": self.data}


class Service:
    """Executes requests one field at a time, in order."""

    def __init__(self) -> None:
        self._schema = load_schema()
        self._documents = _documents()

    def read(self, document: str, variables: dict[str, Any], operation_name: str | None) -> Call:
        """Describe a request without executing it."""
        try:
            operation = self._documents.get(document).operation(operation_name)
        except RequestError:
            return Call(document, variables, operation_name)
        return Call(document, variables, operation_name, operation.operation.value, root_fields(operation))

    async def execute(
        self, call: Call, context: Context, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> Reply:
        """Execute a request. Each mutation is committed before the next begins.

        Args:
            call: the request.
            context: the server's state, and how this client reaches it.
            gone: tells whether the client hung up; what was not begun by then is left undone.
        """
        try:
            document = self._documents.get(call.document)
            operation = document.operation(call.operation_name)
            variables = coerce_variables(self._schema, operation, call.variables)
        except RequestError as error:
            return Reply(errors=error.errors, refused=True)
        execution = Execution(self._schema, REGISTRY, document, variables, context)
        data: dict[str, Any] = {}
        whole = True
        introspected = self._introspect(document, operation, call.variables)
        for number, (key, nodes) in enumerate(execution.root(operation).items(), start=1):
            if key in introspected:
                data[key] = introspected[key]
                continue
            intact, data[key] = execution.run(operation.operation, key, nodes)
            whole = whole and intact
            if number % _FIELDS_AT_ONCE == 0:
                await asyncio.sleep(0)
                if operation.operation is OperationType.MUTATION and gone and await gone():
                    break
        return Reply(data if whole else None, execution.errors)

    def event(self, call: Call, context: Context, value: object) -> Reply:
        """Answer a subscription, whose document is valid, with something that happened."""
        document = self._documents.get(call.document)
        operation = document.operation(call.operation_name)
        variables = coerce_variables(self._schema, operation, call.variables)
        execution = Execution(self._schema, REGISTRY, document, variables, context)
        [(key, nodes)] = execution.root(operation).items()
        intact, shown = execution.event(key, nodes, value)
        return Reply({key: shown} if intact else None, execution.errors)

    def _introspect(
        self, document: Document, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer the root fields about the schema itself."""
        nodes = tuple(
            node
            for node in operation.selection_set.selections
            if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type")
        )
        if not nodes:
            return {}
        alone = changed(operation, selection_set=SelectionSetNode(selections=nodes))
        node = changed(document.node, definitions=(alone, *document.fragments.values()))
        return _about_schema(print_ast(node), json.dumps(variables, sort_keys=True))


@cache
def _documents() -> Documents:
    """The documents that any server of this process has checked: the schema is the same for all."""
    return Documents(load_schema())


@lru_cache(maxsize=8)
def _about_schema(document: str, variables: str) -> dict[str, Any]:
    """Return what the schema, which never changes, says of itself: every client asks the same, and it takes long."""
    result = execute_sync(load_schema(), parse(document), variable_values=json.loads(variables))
    return result.data or {} if isinstance(result, ExecutionResult) else {}
