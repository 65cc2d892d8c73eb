"""The GraphQL schema: the client library's SDL, cut back to what appSchema 75 has."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from graphql import (
    DefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    NamedTypeNode,
    NameNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    parse,
    visit,
)

from .nodes import changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

APP_SCHEMA = 75


@cache
def load_schema() -> GraphQLSchema:
    """Return the schema of appSchema 75, the same object on every call."""
    sdl = "\n".join(_sdl_texts(files("stash_graphql_client") / "schema"))
    cuts = tomllib.loads((files("stash.embedded") / "schema75.toml").read_text("utf-8"))
    document = visit(parse(sdl, no_location=True), _Renaming(cuts["rename"]))
    removed = frozenset(cuts["remove"])
    definitions = tuple(
        _cut(definition, removed, cuts["retype"])
        for definition in document.definitions
        if not (isinstance(definition, TypeDefinitionNode) and definition.name.value in removed)
    )
    return build_ast_schema(changed(document, definitions=definitions))


def _sdl_texts(folder: Traversable) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sdl_texts(entry)
        elif entry.name.endswith(".graphql"):
            yield entry.read_text("utf-8")


def _cut(definition: DefinitionNode, removed: frozenset[str], retyped: dict[str, str]) -> DefinitionNode:
    if not isinstance(definition, ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode):
        return definition
    owner = definition.name.value
    members: list[Any] = []
    for member in definition.fields or ():
        key = f"{owner}.{member.name.value}"
        if key in removed:
            continue
        if key in retyped:
            members.append(changed(member, type=NamedTypeNode(name=NameNode(value=retyped[key]))))
        else:
            members.append(member)
    return changed(definition, fields=tuple(members))


class _Renaming(Visitor):
    """Gives types, and what refers to them, the name that they had."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self._names = names

    def enter_name(self, node: NameNode, *_: Any) -> NameNode | None:  # noqa: ANN401
        """Replace a name that was given later. Leave the others."""
        renamed = self._names.get(node.value)
        return NameNode(value=renamed) if renamed else None
