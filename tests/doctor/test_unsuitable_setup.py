"""The doctor with a refused key, missing settings, and a Stash that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from stash_graphql_client.types import Studio

from stash.doctor import examine
from stash.doctor.findings import obstacle
from stash.doctor.fixes import apply
from stash.errors import RetriableError
from stash.settings import Settings
from tests.doctor.conftest import found

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.conftest import Patient


async def test_the_key_is_refused(patient: Patient) -> None:
    """A refused key is the first problem, with 12; the database and the files are looked at all the same."""
    await patient.fill()
    refusing = httpx.MockTransport(lambda _: httpx.Response(401))
    diagnosis = await patient.examine(transport=refusing)
    assert diagnosis.exit_code == 12
    assert "refuses the API key" in diagnosis.findings[0].title
    assert "STASH_API_KEY" in diagnosis.findings[0].next_step
    assert found(diagnosis, "posts 24").level == "ok"


UNREACHED = {
    "an old Stash": (
        httpx.Response(200, json={"data": {"systemStatus": {"appSchema": 60, "status": "OK"}}}),
        10,
        "Upgrade",
    ),
    "no Stash": (httpx.Response(200, text="<html>"), 10, "STASH_URL"),
    "an upgrade that broke it": (
        httpx.Response(422, json={"errors": [{"message": "Unknown field"}]}),
        10,
        "STASH_URL",
    ),
}


@pytest.mark.parametrize("what", UNREACHED)
async def test_a_stash_that_does_not_fit(patient: Patient, what: str) -> None:
    """A server that is no Stash of ours is told with the next step, and its exit code."""
    await patient.fill(2)
    answer, code, words = UNREACHED[what]
    diagnosis = await patient.examine(transport=httpx.MockTransport(lambda _: answer))
    assert diagnosis.exit_code == code
    assert words in diagnosis.findings[0].next_step


async def test_nothing_is_set() -> None:
    """Without any setting, each that is needed is named with a line to paste."""
    diagnosis = await examine(Settings())
    assert diagnosis.exit_code == 2
    lines = [one.line for one in diagnosis.findings if one.level == "problem"]
    assert [line.partition("=")[0] for line in lines] == [
        "export STASH_URL",
        "export STASH_SYNC_DOWNLOADS",
        "export STASH_SYNC_DATABASE_URL",
    ]


async def test_a_key_in_the_open(patient: Patient, tmp_path: Path) -> None:
    """A key in a file that others read, or sent to another machine without TLS, is a warning; --fix closes the file."""
    file = tmp_path / "stash-sync.toml"
    file.write_text('api_key = "secret"\n')
    file.chmod(0o644)
    diagnosis = await patient.examine(url="http://nas.test:9999", downloads=None, database=None)
    assert found(diagnosis, "unencrypted").level == "warning"
    loose = found(diagnosis, "Others can read the API key")
    assert loose.line == "chmod 600 stash-sync.toml"
    assert loose.fix is not None
    apply(loose.fix)
    assert file.stat().st_mode & 0o077 == 0
    assert "secret" not in str(diagnosis.summary())


async def test_every_finding_has_a_next_step(patient: Patient) -> None:
    """Whatever is found, there is a next step, and every problem has the code of the sync that meets it."""
    await patient.fill()
    for diagnosis in (await patient.examine(), await examine(Settings()), await patient.examine(url="stash")):
        assert all(one.next_step.strip() for one in diagnosis.findings)
        assert all((one.exit_code > 0) == (one.level == "problem") for one in diagnosis.findings)
        assert all(one["next_step"] for one in diagnosis.summary()["findings"])


def test_an_obstacle_keeps_its_code() -> None:
    """An error's sentence becomes what is wrong and the next step; one without a step has one all the same."""
    whole = obstacle("Stash", RetriableError("It sleeps; wake it."), 5)
    assert (whole.title, whole.next_step, whole.exit_code) == ("It sleeps.", "Wake it.", 5)
    bare = obstacle("Stash", RetriableError("It sleeps."), 5)
    assert (bare.title, bare.exit_code, bool(bare.next_step)) == ("It sleeps.", 5, True)


async def test_nothing_is_written(patient: Patient) -> None:
    """The doctor sends no mutation and changes no byte of the database."""
    await patient.fill()
    before = patient.case.database.read_bytes()
    patient.case.sent.clear()
    await patient.examine()
    assert patient.case.sent == []
    assert patient.case.database.read_bytes() == before


async def test_a_studio_that_is_the_users_by_an_alias(patient: Patient) -> None:
    """A name of ours that Stash would refuse, as a studio has it as an alias or looks like it, is foreseen."""
    creator = patient.case.rows.account(username="luna_fox")
    patient.case.post(creator, patient.case.picture(creator))
    await patient.case.save()
    await patient.case.scan()
    async with patient.case.stash() as store:
        await store.create(Studio, name="Luna Fox", aliases=["LUNA_FOX (Fansly)"])
        await store.create(Studio, name="Fansly", aliases=["fansly (network)"])
    diagnosis = await patient.examine()
    assert diagnosis.exit_code == 0
    assert found(diagnosis, "your 'Luna Fox'").level == "note"
    assert found(diagnosis, "'Fansly' is there").level == "ok"
    async with patient.case.stash() as store:
        document = "mutation($input: StudioUpdateInput!) { studioUpdate(input: $input) { id } }"
        studio = await store.find_one(Studio, name="Luna Fox")
        change = {"id": studio.id, "name": "lunaxfox (Fansly)", "aliases": []}
        await store.connection.mutate(document, {"input": change}, fields=1)
    second = found(await patient.examine(), "Stash takes the name 'luna_fox (Fansly)'")
    assert f"'luna_fox (Fansly) ({creator.id})'" in second.what
