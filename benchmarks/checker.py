"""Whether a world stands in Stash as it should: nobody wins by doing less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.competitors import PREVIEW_TAG
from benchmarks.source import read

if TYPE_CHECKING:
    from benchmarks.competitors import Task

_COMMON = "id code title details date urls studio { name } performers { name } tags { name }"


def faults(task: Task) -> list[str]:
    """What is wrong, in words; empty where everything is right."""
    with httpx.Client(base_url=task.url, timeout=600) as http:
        pattern = f"^{re.escape(str(task.downloads / f'{task.username}_fansly'))}/"
        images = _found(http, "Image", "images", pattern)
        scenes = _found(http, "Scene", "scenes", pattern)
        galleries = _galleries(http, f"{task.username} (Fansly)")
    wrong: list[str] = []
    items = read(task.database, task.username)
    for item in items:
        gallery = galleries.get(item.id)
        if gallery is None:
            wrong.append(f"gallery {item.id} is missing")
            continue
        wanted = _common(item, task.username, item.tags, item.url)
        _compare(wrong, f"gallery {item.id}", gallery, wanted)
        for one in item.media:
            entity = (images if one.is_image else scenes).get(one.id)
            tags = [*item.tags, PREVIEW_TAG] if one.is_preview else item.tags
            wanted = _common(item, task.username, tags, item.url if item.is_post else None)
            wanted["galleries"] = [gallery["id"]]
            _compare(wrong, f"media {one.id}", entity or {}, wanted)
    expected = {one.id for item in items for one in item.media}
    wrong += [f"unexpected code {code}" for code in (images.keys() | scenes.keys()) - expected]
    return wrong


def _common(item: Any, username: str, tags: list[str], url: str | None) -> dict[str, Any]:
    return {
        "title": item.title, "details": item.details, "date": item.date, "studio": f"{username} (Fansly)",
        "performers": sorted(item.people), "tags": sorted(tags), "urls": [url] if url else [],
    }  # fmt: skip


def _compare(wrong: list[str], name: str, entity: dict[str, Any], wanted: dict[str, Any]) -> None:
    wrong += [f"{name}: {f} is {entity.get(f)!r}, not {v!r}" for f, v in wanted.items() if entity.get(f) != v]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    plain = dict(row)
    plain["studio"] = row["studio"] and row["studio"]["name"]
    for links in ("performers", "tags"):
        plain[links] = sorted(one["name"] for one in row[links])
    plain["galleries"] = [one["id"] for one in row.get("galleries", ())]
    return plain


def _found(http: httpx.Client, kind: str, plural: str, pattern: str) -> dict[str, dict[str, Any]]:
    query = (
        f"query($p: String!) {{ find{kind}s(filter: {{per_page: -1}}, {plural[:-1]}_filter:"
        f" {{path: {{value: $p, modifier: MATCHES_REGEX}}}}) {{ {plural} {{ {_COMMON} galleries {{ id }} }} }} }}"
    )
    data = http.post("/graphql", json={"query": query, "variables": {"p": pattern}}).json()["data"]
    return {row["code"]: _plain(row) for row in data[f"find{kind}s"][plural]}


def _galleries(http: httpx.Client, studio: str) -> dict[str, dict[str, Any]]:
    query = f"{{ findGalleries(filter: {{per_page: -1}}) {{ galleries {{ {_COMMON} }} }} }}"
    data = http.post("/graphql", json={"query": query}).json()["data"]["findGalleries"]["galleries"]
    return {row["code"]: _plain(row) for row in data if row["studio"] and row["studio"]["name"] == studio}
