"""Scans: the exact input that Stash gets, for every choice of the user's and every default saved in Stash."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from stash import jobs
from stash.embedded.service import Reply
from stash.errors import DamagedReplyError
from stash.scan_options import DEFAULTS, FLAGS, parse_choice
from stash.settings import Settings
from stash.sync import SyncOptions, sync
from tests.conftest import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stash.embedded import EmbeddedStash
    from stash.embedded.service import Call
    from stash.report import Report
    from stash.store import StashStore
    from tests.conftest import Server
    from tests.end_to_end.conftest import Setup

NOTHING = dict.fromkeys(FLAGS.values(), False)
SOME = NOTHING | {"scanGenerateCovers": True, "scanGeneratePhashes": True}
OTHER = NOTHING | {"scanGeneratePreviews": True}
TOLD = [
    dict(zip(FLAGS.values(), said, strict=True))
    for said in product((False, True), repeat=len(FLAGS))
    if sum(said) in {0, 1, 2, 7}
]

_CONFIGURE = (
    "mutation($input: ConfigDefaultSettingsInput!) { configureDefaults(input: $input) { deleteFile } }"
)
_CONFIGURE_UI = "mutation($input: Map) { configureUI(partial: $input) }"
_QUESTION = "{ configuration { defaults { scan { " + " ".join(FLAGS.values()) + " } } ui } }"


async def save(store: StashStore, *, defaults: object = None, page: object = None) -> None:
    """Save defaults of scans in Stash: those of its configuration, and those of its page of tasks."""
    mutate = store.connection.mutate
    if defaults is not None:
        await mutate(_CONFIGURE, {"input": {"scan": defaults}}, fields=1)
    if page is not None:
        await mutate(_CONFIGURE_UI, {"input": {"taskDefaults": {"scan": page}}}, fields=1)


async def scan(server: Server, generate: Collection[str] = DEFAULTS, **saved: object) -> dict[str, Any]:
    """Have two folders scanned; answers the options that Stash got."""
    async with server.store() as store:
        await save(store, **saved)
        await jobs.scan(store.connection, ["/a", "/b"], 60, generate=generate)
    given = stash_of(server).scans[-1]
    assert given["paths"] == ["/a", "/b"]
    return {name: value for name, value in given.items() if name != "paths"}


async def run(setup: Setup, **settings: Any) -> Report:
    """One sync, with these settings."""
    server = setup.server
    chosen = Settings(url=server.url, database=str(setup.database), downloads=setup.downloads, **settings)
    return await sync(chosen, SyncOptions(server=server.prefix), Silent(), transport=server.transport)


def stash_of(server: Server) -> EmbeddedStash:
    """The embedded Stash of a server."""
    assert server.embedded is not None
    return server.embedded


def watch(server: Server) -> list[str]:
    """Collect the documents that Stash gets."""
    documents: list[str] = []

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        documents.append(call.document)
        return await proceed()

    stash_of(server).middleware.append(around)
    return documents


def answer(server: Server, reply: Reply) -> None:
    """Have the question about defaults answered with this reply."""

    async def around(call: Call, proceed: Callable[[], Any]) -> Any:
        return reply if "defaults" in call.document else await proceed()

    stash_of(server).middleware.append(around)


@pytest.mark.parametrize("saved", TOLD, ids=lambda saved: "".join(str(int(one)) for one in saved.values()))
async def test_saved_defaults_are_sent(embedded: Server, saved: dict[str, bool]) -> None:
    """Each default that is saved in Stash is sent as it is, wherever it is saved, and nothing else is."""
    assert await scan(embedded, defaults=saved) == saved
    assert await scan(embedded, page=saved) == saved


@pytest.mark.parametrize(
    ("defaults", "page", "sent"),
    [
        (None, None, {}),
        (OTHER, SOME, SOME),
        (SOME, {}, SOME),
        (SOME | {"rescan": True}, None, SOME),
        (None, {"scanGenerateCovers": True}, NOTHING | {"scanGenerateCovers": True}),
        (None, {"scanGenerateCovers": "yes", "paths": ["/etc"], "new": True}, NOTHING),
    ],
)
async def test_the_page_of_tasks_comes_first(
    embedded: Server, defaults: object, page: object, sent: dict[str, bool]
) -> None:
    """The choices of Stash's page of tasks come before `defaults.scan`; none saved means none sent."""
    assert await scan(embedded, defaults=defaults, page=page) == sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("defaults", SOME),
        ("none", {}),
        ("covers", {"scanGenerateCovers": True}),
        ("image-previews, Previews", {"scanGenerateImagePreviews": True, "scanGeneratePreviews": True}),
        ("defaults,previews", SOME | {"scanGeneratePreviews": True}),
        ("defaults,covers", SOME),
        ("all", dict.fromkeys(FLAGS.values(), True)),
    ],
)
async def test_the_setting_adds_or_replaces(embedded: Server, choice: str, sent: dict[str, bool]) -> None:
    """`scan_generate` names what is generated, beside Stash's defaults or in their place."""
    documents = watch(embedded)
    words = parse_choice(choice)
    assert isinstance(words, frozenset)
    assert await scan(embedded, words, defaults=SOME) == sent
    assert documents.count(_QUESTION) == ("defaults" in choice)


async def test_a_sync_scans_with_the_users_defaults(small: Setup) -> None:
    """A sync asks for the defaults once, apart from the budget, sends them, and asks no more when nothing is new."""
    async with small.server.store() as store:
        await save(store, defaults=SOME)
    documents = watch(small.server)
    first = await run(small)
    assert (first.exit_code, documents.count(_QUESTION)) == (0, 1)
    assert first.header.requests["reads"] + first.header.requests["writes"] + first.header.requests[
        "scan"
    ] == len(documents)
    [given] = stash_of(small.server).scans
    assert given == {"paths": given["paths"], **SOME}
    documents.clear()
    again = await run(small)
    assert (again.header.requests["scan"], documents.count(_QUESTION)) == (0, 0)


@pytest.mark.parametrize("choice", ["none", "defaults,phashes"])
async def test_a_sync_scans_as_its_setting_says(small: Setup, choice: str) -> None:
    """The setting `scan_generate` reaches the scan of a sync."""
    assert (await run(small, scan_generate=choice)).exit_code == 0
    [given] = stash_of(small.server).scans
    assert given.keys() - {"paths"} == ({"scanGeneratePhashes"} if "phashes" in choice else set())


@pytest.mark.parametrize(
    "configuration",
    [
        None,
        {},
        {"defaults": None, "ui": {}},
        {"defaults": {"scan": "x"}, "ui": {}},
        {"defaults": {"scan": None}, "ui": [1]},
        {"defaults": {"scan": None}, "ui": {"taskDefaults": {"scan": [1]}}},
        {"defaults": {"scan": None}},
    ],
    ids=json.dumps,
)
async def test_a_damaged_reply_about_defaults_ends_the_run(embedded: Server, configuration: object) -> None:
    """A reply of another form is not taken for 'none saved': nothing is scanned."""
    answer(embedded, Reply({"configuration": configuration}))
    with pytest.raises(DamagedReplyError, match="scan defaults"):
        await scan(embedded)
    assert stash_of(embedded).scans == []


async def test_a_stash_that_cannot_say_its_defaults(embedded: Server) -> None:
    """A Stash that answers the question about defaults with an error scans with what the setting names alone."""
    answer(embedded, Reply({}, [{"message": "Cannot query field"}]))
    assert await scan(embedded, frozenset({"defaults", "phashes"})) == {"scanGeneratePhashes": True}
