"""What is too large for one request goes in two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


async def fitting[T, R](many: Sequence[T], do: Callable[[Sequence[T]], Awaitable[R]]) -> list[R]:
    """The answers for many, asked in one request, or in halves and their halves where one is too large.

    Raises:
        RequestRefusedError: one of them alone is too large, or refused for another reason.
    """
    try:
        return [await do(many)]
    except RequestRefusedError as error:
        if not error.is_too_large or len(many) == 1:
            raise
    half = len(many) // 2
    return [*await fitting(many[:half], do), *await fitting(many[half:], do)]
