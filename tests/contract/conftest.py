"""The servers that the contract is held against, and what tests do with them.

The embedded Stash always; a real one as well where STASH_URL names it and STASH_LIBRARY a folder of its library
that tests may write to (and STASH_API_KEY its key, if it has one). One process at a time against a real one.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.embedded import EmbeddedStash, serve

from .media import jpeg, unique

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DESTROY = {
    "gallery": "mutation($ids: [ID!]!) { galleryDestroy(input: {ids: $ids}) }",
    "scene": "mutation($ids: [ID!]!) { scenesDestroy(input: {ids: $ids}) }",
    "image": "mutation($ids: [ID!]!) { imagesDestroy(input: {ids: $ids}) }",
    "performer": "mutation($ids: [ID!]!) { performersDestroy(ids: $ids) }",
    "studio": "mutation($ids: [ID!]!) { studiosDestroy(ids: $ids) }",
    "tag": "mutation($ids: [ID!]!) { tagsDestroy(ids: $ids) }",
}


class Server:
    """A Stash to put questions to; what is made through it is taken away again."""

    def __init__(
        self, http: httpx.AsyncClient, library: Path, settle: Callable[[], Awaitable[object]]
    ) -> None:
        self.http = http
        self.library = library
        self._settle = settle
        self._made: dict[str, list[str]] = {noun: [] for noun in _DESTROY}
        self._folders: list[Path] = []

    async def post(self, document: str, variables: dict | None = None, **headers: str) -> httpx.Response:
        """The whole HTTP response."""
        body = json.dumps({"query": document, "variables": variables or {}})
        headers = {"Content-Type": "application/json", "Accept": "*/*", **headers}
        return await self.http.post("/graphql", content=body, headers=headers)

    async def query(self, document: str, variables: dict | None = None) -> dict:
        """The JSON of the reply, whatever it is."""
        return (await self.post(document, variables)).json()

    async def data(self, document: str, variables: dict | None = None) -> dict:
        """The data of a reply that has to be free of errors."""
        reply = await self.query(document, variables)
        assert "errors" not in reply, reply["errors"]
        return reply["data"]

    async def refusal(self, document: str, variables: dict | None = None) -> str:
        """The text of the one error that there has to be."""
        reply = await self.query(document, variables)
        assert len(reply.get("errors", [])) == 1, reply
        return reply["errors"][0]["message"]

    async def oldest(self) -> bool:
        """Tell whether this is v0.30.0, the oldest Stash that is supported."""
        return (await self.data("{ version { version } }"))["version"]["version"] == "v0.30.0"

    async def create(self, noun: str, **fields: object) -> str:
        """Make one entity, gone after the test, and return its id."""
        kind = noun.capitalize()
        document = f"mutation($input: {kind}CreateInput!) {{ made: {noun}Create(input: $input) {{ id }} }}"
        entity_id = (await self.data(document, {"input": fields}))["made"]["id"]
        return self.made(noun, entity_id)

    def made(self, noun: str, entity_id: str) -> str:
        """Have an entity taken away after the test."""
        self._made[noun].append(entity_id)
        return entity_id

    async def refused(self, noun: str, **fields: object) -> str:
        """The text with which a creation is refused."""
        kind = noun.capitalize()
        document = f"mutation($input: {kind}CreateInput!) {{ made: {noun}Create(input: $input) {{ id }} }}"
        reply = await self.query(document, {"input": fields})
        if reply["data"] and reply["data"]["made"]:
            self.made(noun, reply["data"]["made"]["id"])
        return reply["errors"][0]["message"]

    async def update(self, noun: str, entity_id: str, **fields: object) -> dict:
        """Change one entity and return the whole reply."""
        kind = noun.capitalize()
        document = f"mutation($input: {kind}UpdateInput!) {{ changed: {noun}Update(input: $input) {{ id }} }}"
        return await self.query(document, {"input": {"id": entity_id, **fields}})

    async def show(self, noun: str, entity_id: str, fields: str) -> dict:
        """Some fields of one entity."""
        kind = noun.capitalize()
        return (
            await self.data(
                f"query($id: ID!) {{ it: find{kind}(id: $id) {{ {fields} }} }}", {"id": entity_id}
            )
        )["it"]

    async def names(
        self, noun: str, value: str, modifier: str, field: str = "name", **more: object
    ) -> set[str]:
        """The names (or titles) of what a text criterion finds."""
        plural = {"gallery": "galleries"}.get(noun, f"{noun}s")
        shown = "name" if noun in ("tag", "studio", "performer") else "title"
        document = (
            f"query($f: {noun.capitalize()}FilterType) {{ it: find{plural.capitalize()}"
            f"({noun}_filter: $f, filter: {{per_page: -1}}) {{ count {plural} {{ {shown} }} }} }}"
        )
        wanted = {field: {"value": value, "modifier": modifier}, **more}
        found = (await self.data(document, {"f": wanted}))["it"]
        assert found["count"] == len(found[plural])
        return {item[shown] for item in found[plural]}

    def folder(self) -> Path:
        """A new folder of the library, gone after the test."""
        folder = self.library / f"{unique()}x"
        folder.mkdir()
        self._folders.append(folder)
        return folder

    async def scan(self, *paths: Path, **options: object) -> dict:
        """Scan and wait for the job to end."""
        document = "mutation($input: ScanMetadataInput!) { job: metadataScan(input: $input) }"
        given = {"paths": [str(path) for path in paths], **options}
        return await self.job((await self.data(document, {"input": given}))["job"])

    async def job(self, job_id: str) -> dict:
        """Wait for a job to end and return it."""
        while True:
            document = (
                "query($id: ID!) { findJob(input: {id: $id}) { id status error progress description } }"
            )
            job = (await self.data(document, {"id": job_id}))["findJob"]
            if job["status"] not in ("READY", "RUNNING", "STOPPING"):
                return job
            await self._settle()

    async def images(self, folder: Path, fields: str = "id", sort: str = "path") -> list[dict]:
        """The images that have a file below a folder, made to go after the test."""
        return await self._below("image", folder, fields, sort)

    async def scenes(self, folder: Path, fields: str = "id", sort: str = "path") -> list[dict]:
        """The scenes that have a file below a folder, made to go after the test."""
        return await self._below("scene", folder, fields, sort)

    async def _below(self, noun: str, folder: Path, fields: str, sort: str) -> list[dict]:
        kind = noun.capitalize()
        document = (
            f"query($f: {kind}FilterType, $p: FindFilterType) "
            f"{{ find{kind}s({noun}_filter: $f, filter: $p) {{ {noun}s {{ id {fields} }} }} }}"
        )
        wanted = {"path": {"value": f'"{folder}/"', "modifier": "INCLUDES"}}
        page = {"per_page": -1, "sort": sort}
        found = (await self.data(document, {"f": wanted, "p": page}))[f"find{kind}s"][f"{noun}s"]
        for item in found:
            if item["id"] not in self._made[noun]:
                self.made(noun, item["id"])
        return found

    async def next_second(self, time: str) -> None:
        """Wait until the server's clock shows a later time."""
        while True:
            tag = await self.create("tag", name=unique())
            if (await self.show("tag", tag, "created_at"))["created_at"] > time:
                return
            await self._settle()

    async def pictures(self, number_of: int, folder: Path | None = None) -> list[str]:
        """The ids of new images with files 1.jpg, 2.jpg and so on, in that order."""
        folder = folder or self.folder()
        for number in range(1, number_of + 1):
            (folder / f"{number}.jpg").write_bytes(jpeg())
        await self.scan(folder)
        return [image["id"] for image in await self.images(folder)]

    async def clean_up(self) -> None:
        """Take away what tests made."""
        for noun, ids in self._made.items():
            for entity_id in ids:
                await self.query(_DESTROY[noun], {"ids": [entity_id]})
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self._folders:
            paths = [str(folder) for folder in self._folders]
            document = "mutation($p: [String!]) { job: metadataClean(input: {paths: $p, dryRun: false}) }"
            await self.job((await self.data(document, {"p": paths}))["job"])


@pytest.fixture(params=["embedded", "real"])
async def server(request, tmp_path):
    """A Stash: the embedded one always, a real one where STASH_URL and STASH_LIBRARY name it."""
    if request.param == "real":
        url, library = os.environ.get("STASH_URL"), os.environ.get("STASH_LIBRARY")
        if not url or not library:
            pytest.skip("no STASH_URL and STASH_LIBRARY of a real Stash")
        key = os.environ.get("STASH_API_KEY")
        headers = {"ApiKey": key} if key else {}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            served = Server(http, Path(library), partial(asyncio.sleep, 0.01))
            yield served
            await served.clean_up()
        return
    library = tmp_path / "library"
    seconds = count(1_800_000_000)
    with EmbeddedStash([], own=library, clock=lambda: datetime.fromtimestamp(next(seconds), UTC)) as embedded:
        async with _reach(embedded, over_http=request.module.__name__.endswith("transport")) as http:
            served = Server(http, library, embedded.jobs.idle)
            yield served
            await served.clean_up()


@asynccontextmanager
async def _reach(embedded, *, over_http):
    """A client of an embedded Stash: in process, or over a socket, which takes longer to close."""
    if not over_http:
        transport = httpx.ASGITransport(embedded.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as http:
            yield http
        return
    async with serve(embedded) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        yield http
