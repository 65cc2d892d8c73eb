"""Errors of the embedded Stash, with the texts of a real one."""

from __future__ import annotations

from typing import Any


class ResolverError(Exception):
    """One field cannot be answered or done. The text goes to the client, the transaction back."""


class RequestError(Exception):
    """A document or its variables are refused: nothing of the request is executed.

    Attributes:
        errors: GraphQL errors, each with message and, where known, locations, path and extensions.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


def not_found(noun: str, entity_id: object) -> ResolverError:
    """Build the error for an id that names nothing."""
    return ResolverError(f"{noun} with id {entity_id} not found")
