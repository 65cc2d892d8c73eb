"""Helpers of `test_transport.py`, `test_refusals.py`, `test_library_client.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import respx

URL = "http://stash.test:9999"


HELLO = {
    "data": {
        "version": {"version": "v0.30.0"},
        "systemStatus": {"appSchema": 75, "status": "OK"},
        "configuration": {"general": {"databasePath": "/db"}},
    }
}


def answers(stash: respx.MockRouter, *replies: object) -> respx.Route:
    """Greet, then give these replies in turn."""
    made = [r if isinstance(r, httpx.Response | Exception) else httpx.Response(200, json=r) for r in replies]
    return stash.post("/graphql").mock(side_effect=[httpx.Response(200, json=HELLO), *made])
