"""A small library that the doctor looks at, and ways to have Stash see it otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stash.doctor import examine
from stash.settings import Settings
from tests.mapping.conftest import case  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from stash.doctor import Diagnosis, Finding
    from tests.mapping.conftest import Case


@dataclass
class Patient:
    """A creator with posts, files and a Stash, to be examined."""

    case: Case

    async def fill(self, count: int = 24, **values: object) -> list[str]:
        """A creator `anna` with so many posts, each with a picture; answers the files' names."""
        rows = self.case.rows
        anna = rows.account(username="anna")
        names = []
        for number in range(count):
            media = self.case.picture(anna, **values)
            self.case.post(anna, media, content=f"Post {number}")
            names.append(str(media.local_filename))
        await self.case.save()
        return names

    async def examine(self, *, transport: httpx.AsyncBaseTransport | None = None, **values: Any) -> Diagnosis:
        """What the doctor says."""
        settings: dict[str, Any] = {
            "url": self.case.server.url,
            "database": str(self.case.database),
            "downloads": self.case.downloads,
        }
        return await examine(
            Settings(**settings | values), transport=transport or self.case.server.transport, server="doctor"
        )


@pytest.fixture
def patient(case: Case) -> Patient:  # noqa: F811 - the fixture
    """An empty one."""
    return Patient(case)


class Seen(httpx.AsyncBaseTransport):
    """A Stash whose answers are another's, changed on the way."""

    def __init__(self, inner: httpx.AsyncBaseTransport, change: Callable[[str], str]) -> None:
        self._inner, self._change = inner, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, and change every text of the answer."""
        response = await self._inner.handle_async_request(request)
        body = json.loads(await response.aread())
        return httpx.Response(response.status_code, json=_changed(body, self._change))


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _changed(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_changed(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def found(diagnosis: Diagnosis, words: str) -> Finding:
    """The one finding with these words in it."""
    (finding,) = [one for one in diagnosis.findings if words in f"{one.title} {one.what}"]
    return finding
