"""Asking a server for the ids that a filter finds."""

from __future__ import annotations


async def find(server, noun, wanted, **page):
    """The ids that a filter finds, by id if not told otherwise; the count has to agree."""
    plural = {"gallery": "galleries"}.get(noun, f"{noun}s")
    kind = noun.capitalize()
    document = (
        f"query($f: {kind}FilterType, $p: FindFilterType) "
        f"{{ it: find{plural.capitalize()}({noun}_filter: $f, filter: $p) {{ count {plural} {{ id }} }} }}"
    )
    found = (await server.data(document, {"f": wanted, "p": {"per_page": -1, "sort": "id", **page}}))["it"]
    assert found["count"] == len(found[plural])
    return [item["id"] for item in found[plural]]
