"""A processor on a mocked Stash: respx alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import factory
import httpx
import pytest
import respx

from stash.processing import StashProcessing
from stash.source.items import Creator, Item, ItemHashtag, ItemMedia, Mention, StoredMedia
from stash.store import StashContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "http://stash.test:9999"
HELLO = {
    "version": {"version": "v0.30.0"},
    "systemStatus": {"appSchema": 75, "status": "OK"},
    "configuration": {"general": {"databasePath": "/db"}},
}
CREATED = "2026-01-01T00:00:00Z"


class CreatorFactory(factory.Factory):
    """A creator."""

    class Meta:
        model = Creator

    id = factory.Sequence(lambda n: 700_000_000_000_000_000 + n)
    username = factory.Sequence(lambda n: f"anna{n}")
    displayName = "Anna"
    about = "About Anna"


class MediaFactory(factory.Factory):
    """A stored media."""

    class Meta:
        model = StoredMedia

    id = factory.Sequence(lambda n: 710_000_000_000_000_000 + n)
    accountId = 1
    mimetype = "image/jpeg"


class ItemFactory(factory.Factory):
    """A post."""

    class Meta:
        model = Item

    kind = "post"
    id = factory.Sequence(lambda n: 720_000_000_000_000_000 + n)
    account = factory.SubFactory(CreatorFactory)
    content = "A first line that is long enough\nand a second"
    createdAt = datetime(2024, 5, 1, 23, 30, tzinfo=UTC)
    hashtags = (ItemHashtag("red"),)
    accountMentions = (Mention("bea"),)


def held(item_id: int, media: StoredMedia) -> ItemMedia:
    """A media in an item that owns it."""
    return ItemMedia(media, ItemFactory.build(id=item_id).ref)


class Stash:
    """A mocked Stash: rows by type that finds answer from, and the mutations that were sent."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.mutations: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, str] = {}

    def has(self, plural: str, **row: Any) -> None:
        """Let Stash have an entity."""
        rows = self.rows.setdefault(plural, [])
        rows.append({"id": str(len(rows) + 1), "created_at": CREATED, **row})

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a document of the store: finds with all rows of the type, mutations with an id."""
        body = json.loads(request.content)
        document, variables = body["query"], body["variables"]
        if "__schema" in document:
            return httpx.Response(200, json={"data": HELLO})
        fields = [line.strip().removeprefix("f") for line in document.splitlines()[1:-1]]
        data: dict[str, Any] = {}
        errors = []
        for line in fields:
            number, _, rest = line.partition(": ")
            name = rest.split("(")[0].split(" ")[0]
            if document.startswith("mutation"):
                content = variables[f"input{number}"]
                self.mutations.append((name, content))
                data[f"f{number}"] = self._mutated(name, content)
                if name in self.refusals:
                    data[f"f{number}"] = None
                    errors.append({"message": self.refusals[name], "path": [f"f{number}"]})
            else:
                self.asked.append({k[: -len(number)]: v for k, v in variables.items() if k.endswith(number)})
                plural = name.removeprefix("find")[0].lower() + name.removeprefix("find")[1:]
                rows = self.rows.get(plural, [])
                data[f"f{number}"] = {"count": len(rows), plural: rows}
        return httpx.Response(200, json={"data": data, **({"errors": errors} if errors else {})})

    def _mutated(self, name: str, content: Any) -> Any:
        if isinstance(content, list):
            return [{"id": one["id"]} for one in content]
        if "GalleryImages" in name or "Cover" in name:
            return True
        return {"id": content.get("id", str(100 + len(self.mutations))), "created_at": CREATED}


@pytest.fixture
def stash() -> Stash:
    """What Stash has and was told."""
    return Stash()


@pytest.fixture
async def processor(stash: Stash) -> AsyncIterator[StashProcessing]:
    """A connected processor on the mocked Stash."""
    with respx.mock(base_url=URL) as router:
        router.post("/graphql").mock(side_effect=stash.answer)
        context = StashContext({"Scheme": "http", "Host": "stash.test", "Port": 9999})
        await context.get_client()
        yield StashProcessing(context)
        await context.close(force=True)
