"""Split a request that is too large into two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stash.errors import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


async def send_in_halves[T, R](many: Sequence[T], do: Callable[[Sequence[T]], Awaitable[R]]) -> list[R]:
    """Return the answers for many values, from one request, or from halves while a request is too large.

    Raises:
        RequestRefusedError: the request for a single value is too large, or a request is refused for another reason.
    """
    try:
        return [await do(many)]
    except RequestRefusedError as error:
        if not error.is_too_large or len(many) == 1:
            raise
    half = len(many) // 2
    return [*await send_in_halves(many[:half], do), *await send_in_halves(many[half:], do)]
