"""Help and complaints about flags in words for a person: no type of Python's, no sentence of a library's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.exceptions import TyperException

_TYPES = {"bool": "", "str": "text", "int": "number", "int range": "number"}
"""Types as the help names them. A flag without a value has none."""


class Command(TyperCommand):
    """A command whose help names types in words."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer does not export its context
        """The parameters, the help's own flag among them."""
        return _named(super().get_params(ctx), ctx)


class PanelGroup(TyperGroup):
    """The commands as a whole. Their help names types in words."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - likewise
        """The parameters, the help's own flag among them."""
        return _named(super().get_params(ctx), ctx)


def complaint(error: TyperException) -> str:
    """Return the sentence about a flag, a command or a value that is not understood."""
    if type(error) is typer.BadParameter and error.param is not None:  # a missing one is said by typer
        return f"{_name_of(error.param)} takes {_accepted(error.param)}."
    said = error.format_message().strip().rstrip(".")
    return said if said.endswith("?") else f"{said}."


def _named(params: Sequence[Any], ctx: Any) -> list[Any]:  # noqa: ANN401 - likewise
    for one in params:
        word = _word(one, ctx)
        one.display_type_rich = lambda word=word, **_: word
    return list(params)


def _word(param: Any, ctx: Any) -> str:  # noqa: ANN401 - likewise
    label = str(param.display_type(ctx)).strip("<>").removeprefix("list[").removesuffix("]")
    return _TYPES.get(label, label.lower())


def _name_of(param: Any) -> str:  # noqa: ANN401 - likewise
    return str(param.opts[0]) if str(param.opts[0]).startswith("-") else str(param.name).upper()


def _accepted(param: Any) -> str:  # noqa: ANN401 - likewise
    word = _word(param, None)
    if word == "number":
        return "a whole number" + ("" if param.min is None else f" of {param.min} or more")
    if "|" in word:
        return " or ".join(word.split("|"))
    return {"text": "a text", "": "no value"}.get(word, f"a {word}")
