"""Executes operations level by level: each field is loaded for all objects of its level at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationType,
    is_leaf_type,
)

from .database import id_list
from .errors import ResolverError
from .selections import Fields, Selections
from .sql import IN_IDS, select
from .variables import Variables, arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from graphql import OperationDefinitionNode

    from .context import Context
    from .documents import Document

type Args = dict[str, Any]
type Loader = Callable[[Context, list[Any], Args], list[Any]]
type Resolver = Callable[[Context, Args], Any]

_BROKEN = object()  # stands where a value failed, until a nullable place takes it as null
_SERIALIZERS: dict[str, Callable[[Any], Any]] = {"ID": str, "Boolean": bool, "Float": float}


@dataclass(frozen=True, slots=True)
class Kind:
    """Readers of the objects of one GraphQL type.

    An object is the id of a row of `table`, or a mapping that holds its fields.

    Attributes:
        columns: fields read from the row, as SQL expressions.
        loaders: fields loaded otherwise; given all objects, they return a value for each,
            and a ResolverError in the place of one that failed.
    """

    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    loaders: Mapping[str, Loader] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registry:
    """Registry of everything that can be answered. Anything else gets an error that says so.

    Attributes:
        types_of: for an interface or union, the names of the concrete types of objects.
    """

    queries: Mapping[str, Resolver]
    mutations: Mapping[str, Resolver]
    kinds: Mapping[str, Kind]
    types_of: Mapping[str, Callable[[Context, list[Any]], list[str]]]


@dataclass(slots=True)
class _Where:
    """Places of a level's values in the reply. Paths are made only for errors."""

    parent: _Where | None
    keys: str | list[int]
    owners: list[int] | None = None

    def path(self, index: int) -> list[str | int]:
        key = self.keys if isinstance(self.keys, str) else self.keys[index]
        owner = index if self.owners is None else self.owners[index]
        return [*(self.parent.path(owner) if self.parent else ()), key]


class Execution:
    """One operation being executed. `errors` collects what went wrong on the way."""

    def __init__(
        self,
        schema: GraphQLSchema,
        registry: Registry,
        document: Document,
        variables: Variables,
        context: Context,
    ) -> None:
        self._schema = schema
        self._registry = registry
        self._selections = Selections(schema, document, variables)
        self._variables = variables
        self._context = context
        self.errors: list[dict[str, Any]] = []

    def root(self, operation: OperationDefinitionNode) -> Fields:
        """Return the root fields of an operation by response key."""
        fields: Fields = {}
        root_type = self._schema.get_root_type(operation.operation)
        if root_type is not None:
            self._selections.collect(root_type, operation.selection_set, fields)
        return fields

    def run(self, operation: OperationType, key: str, nodes: list[FieldNode]) -> tuple[bool, Any]:
        """Execute one root field. Return False if it failed and, being non-null, takes the whole reply down."""
        root_type = self._schema.get_root_type(operation)
        name = nodes[0].name.value
        if name == "__typename" or root_type is None:
            return True, root_type and root_type.name
        definition = root_type.fields[name]
        mutating = operation is OperationType.MUTATION
        resolvers = self._registry.mutations if mutating else self._registry.queries
        value: Any
        try:
            resolver = resolvers.get(name)
            if resolver is None:
                raise _unsupported(name)
            args = arguments(definition.args, nodes[0].arguments or (), self._variables)
            if mutating:
                with self._context.database.transaction():
                    value = resolver(self._context, args)
            else:
                value = resolver(self._context, args)
        except ResolverError as error:
            value = error
        return self._finish(definition, key, nodes, value)

    def event(self, key: str, nodes: list[FieldNode], value: object) -> tuple[bool, Any]:
        """Answer the root field of a subscription with an event. The result is that of `run`."""
        root_type = self._schema.get_root_type(OperationType.SUBSCRIPTION)
        fields = root_type.fields if root_type else {}
        return self._finish(fields[nodes[0].name.value], key, nodes, value)

    def _finish(
        self, definition: GraphQLField, key: str, nodes: list[FieldNode], value: object
    ) -> tuple[bool, Any]:
        [done] = self._complete(definition.type, nodes, [value], _Where(None, key))
        return done is not _BROKEN, done

    def _complete(
        self, output: GraphQLOutputType, nodes: list[FieldNode], values: list[Any], where: _Where
    ) -> list[Any]:
        for index, value in enumerate(values):
            if isinstance(value, ResolverError):
                values[index] = self._fail(str(value), where.path(index))
        if isinstance(output, GraphQLNonNull):
            values = self._complete_nullable(output.of_type, nodes, values, where)
            for index, value in enumerate(values):
                if value is None:
                    values[index] = self._fail(
                        "the requested element is null which the schema does not allow", where.path(index)
                    )
            return values
        values = self._complete_nullable(output, nodes, values, where)
        return [None if value is _BROKEN else value for value in values]

    def _complete_nullable(
        self,
        output: Any,  # noqa: ANN401
        nodes: list[FieldNode],
        values: list[Any],
        where: _Where,
    ) -> list[Any]:
        if isinstance(output, GraphQLLeafType) or is_leaf_type(output):
            serialize = _SERIALIZERS.get(output.name)
            if serialize is None:
                return values
            return [value if value is None or value is _BROKEN else serialize(value) for value in values]
        present = [index for index, value in enumerate(values) if value is not None and value is not _BROKEN]
        if not present:
            return values
        inner = [values[index] for index in present]
        below = where if len(inner) == len(values) else _Rows(where, present)
        if isinstance(output, GraphQLList):
            done = self._lists(output, nodes, inner, below)
        else:
            done = self._objects(output, nodes, inner, below)
        if len(inner) == len(values):
            return done
        for index, value in zip(present, done, strict=True):
            values[index] = value
        return values

    def _lists(
        self, output: GraphQLList[Any], nodes: list[FieldNode], lists: list[Any], where: _Where
    ) -> list[Any]:
        flat = [item for items in lists for item in items]
        owners = [owner for owner, items in enumerate(lists) for _ in items]
        positions = [position for items in lists for position in range(len(items))]
        done = self._complete(output.of_type, nodes, flat, _Where(where, positions, owners))
        result, start = [], 0
        for items in lists:
            part = done[start : start + len(items)]
            start += len(items)
            result.append(_BROKEN if any(item is _BROKEN for item in part) else part)
        return result

    def _objects(self, output: Any, nodes: list[FieldNode], objects: list[Any], where: _Where) -> list[Any]:  # noqa: ANN401
        if isinstance(output, GraphQLObjectType):
            return self._read(output, nodes, objects, where)
        names = self._registry.types_of[output.name](self._context, objects)
        result: list[Any] = [None] * len(objects)
        for name in dict.fromkeys(names):
            indexes = [index for index, other in enumerate(names) if other == name]
            concrete = self._schema.type_map[name]
            chosen = [objects[index] for index in indexes]
            done = self._read(concrete, nodes, chosen, _Rows(where, indexes))  # type: ignore[arg-type]
            for index, value in zip(indexes, done, strict=True):
                result[index] = value
        return result

    def _read(
        self, object_type: GraphQLObjectType, nodes: list[FieldNode], objects: list[Any], where: _Where
    ) -> list[Any]:
        fields: Fields = {}
        for node in nodes:
            if node.selection_set:
                self._selections.collect(object_type, node.selection_set, fields)
        kind = self._registry.kinds.get(object_type.name, Kind())
        names = {key: same[0].name.value for key, same in fields.items()}
        rows = self._rows(
            kind, dict.fromkeys(name for name in names.values() if name in kind.columns), objects
        )
        columns = []
        for key, same in fields.items():
            name = names[key]
            if name == "__typename":
                columns.append([object_type.name] * len(objects))
                continue
            definition = object_type.fields[name]
            try:
                if name in kind.columns:
                    values = [rows[name][entity] for entity in objects]
                elif name in kind.loaders:
                    args = arguments(definition.args, same[0].arguments or (), self._variables)
                    values = kind.loaders[name](self._context, objects, args)
                elif isinstance(objects[0], dict) and name in objects[0]:
                    values = [entity[name] for entity in objects]
                else:
                    raise _unsupported(f"{object_type.name}.{name}")
            except ResolverError as error:
                values = [error] * len(objects)
            columns.append(self._complete(definition.type, same, values, _Where(where, key)))
        made = [dict(zip(fields, values, strict=True)) for values in zip(*columns, strict=True)]
        return [_BROKEN if _BROKEN in value.values() else value for value in made]

    def _rows(self, kind: Kind, names: Iterable[str], objects: list[Any]) -> dict[str, dict[int, Any]]:
        wanted = [name for name in names if name != "id"]
        found: dict[str, dict[int, Any]] = (
            {"id": {entity: entity for entity in objects}} if kind.table else {}
        )
        if not wanted:
            return found
        expressions = ", ".join(kind.columns[name] for name in wanted)
        sql = select(f"id, {expressions}", kind.table, f"id {IN_IDS}")
        rows = self._context.database.rows(sql, (id_list(set(objects)),))
        for position, name in enumerate(wanted, start=1):
            found[name] = {row[0]: row[position] for row in rows}
        return found

    def _fail(self, message: str, path: list[str | int]) -> object:
        self.errors.append({"message": message, "path": path})
        return _BROKEN


class _Rows(_Where):
    """Some of the values of a level: the others were null, or of another type."""

    def __init__(self, whole: _Where, indexes: list[int]) -> None:
        super().__init__(whole, [], indexes)

    def path(self, index: int) -> list[str | int]:
        whole, indexes = self.parent, self.owners
        return whole.path(indexes[index]) if whole and indexes else []


def _unsupported(name: str) -> ResolverError:
    return ResolverError(f"not supported by the embedded Stash: {name}")
