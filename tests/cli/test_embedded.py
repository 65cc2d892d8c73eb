"""`stash-sync embedded`, and the embedded Stash that other commands start for themselves."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from stash.cli.further import EMBEDDED_PORT
from stash.cli.main import main
from stash.cli.serving import embedded_for_itself
from stash.demo import files, write_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = {"query": "{ version { hash } }"}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with a few pictures."""
    folder = tmp_path / "library"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.jpeg").write_bytes(files.jpeg(f"picture {number}"))
    return folder


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which is ended whatever happens."""
    command = [sys.executable, "-m", "stash.cli", "embedded", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STASH_")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=kept
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: subprocess.Popen[str]) -> str:
    """The address in the first line that the command prints, which is there as soon as it can be used."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("The embedded Stash is at http://127.0.0.1:"), line
    return line.split()[5].rstrip(";")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code, and what else was printed."""
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_signal_ends_it_in_order(
    library: Path, tmp_path: Path, number: signal.Signals, is_busy: bool
) -> None:
    """Ctrl-C and TERM end it with exit 0 and nothing on stderr, in the middle of a scan and of a socket too."""
    with started("--library", library, "--port", 0, "--embedded-dir", tmp_path / "state") as process:
        url = address_of(process)
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
            if is_busy:
                reply = httpx.post(f"{url}/graphql", json={"query": "mutation { metadataScan(input: {}) }"})
                assert reply.json() == {"data": {"metadataScan": "1"}}
            process.send_signal(number)
            assert ended(process) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_as_json(library: Path, number: signal.Signals) -> None:
    """With --json the one object says that it was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with started("--library", library, "--port", port, "--json") as process:
        for _ in range(300):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        process.send_signal(number)
        code, out, err = ended(process)
    assert (code, json.loads(out), err) == (0, {"outcome": "stopped", "exit_code": 0}, "")


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_a_port_in_use_is_one_sentence(library: Path, json_flag: list[str]) -> None:
    """Where another program listens, it says so with the next step and exit 2, and never that it is at that address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("--library", library, "--port", port, *json_flag) as process:
            code, out, err = ended(process)
    assert code == 2
    assert "is at" not in out
    assert f"port {port}" in err
    assert "--port" in err
    assert len(err.splitlines()) == 1
    assert bool(json_flag) is (out != "")


@pytest.mark.parametrize("port", ["-1", "65536", "99999", "x"])
def test_a_port_that_is_none(library: Path, port: str) -> None:
    """A number that is no port is a mistake in the command line: exit 2."""
    with started("--library", library, "--port", port) as process:
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert "--port" in err
    assert "bug" not in err


def test_its_port_is_not_that_of_a_real_stash(library: Path) -> None:
    """Where nothing is said it listens beside a real Stash, whose own port is 9999."""
    assert EMBEDDED_PORT != 9999
    with socket.socket() as free:
        if free.connect_ex(("127.0.0.1", EMBEDDED_PORT)) == 0:
            pytest.skip("something listens at the default port")
    with started("--library", library) as process:
        url = address_of(process)
        assert url == f"http://127.0.0.1:{EMBEDDED_PORT}"
        assert httpx.get(url).status_code == 200
        assert httpx.post(f"{url}/graphql", json=VERSION).status_code == 200


def test_a_second_one_of_the_same_folder_is_refused(library: Path, tmp_path: Path) -> None:
    """Two of them never serve one folder, by whichever path; a killed one leaves nothing in the way."""
    folder, link = tmp_path / "state", tmp_path / "link"
    link.symlink_to(folder)
    with started("--library", library, "--port", 0, "--embedded-dir", folder) as first:
        address_of(first)
        for path in (folder, link):
            with started("--library", library, "--port", 0, "--embedded-dir", path) as second:
                code, out, err = ended(second)
                assert (code, out) == (11, "")
                assert str(path) in err
                assert "--embedded-dir" in err
        with started("--library", library, "--port", 0, "--embedded-dir", tmp_path / "another") as other:
            address_of(other)
        first.kill()
        first.wait()
    with started("--library", library, "--port", 0, "--embedded-dir", folder) as again:
        address_of(again)


async def test_only_whoever_started_it_has_the_key(library: Path) -> None:
    """What a command starts for itself answers nobody without the key, which is another one each time."""
    keys = set()
    for _ in range(2):
        async with (
            embedded_for_itself(library, None) as reached,
            httpx.AsyncClient(base_url=reached["url"]) as http,
        ):
            key = reached["api_key"].get_secret_value()
            keys.add(key)
            assert len(key) >= 32
            assert (await http.post("/graphql", json=VERSION)).status_code == 401
            assert (await http.get("/image/1/image")).status_code == 302
            reply = await http.post("/graphql", json=VERSION, headers={"ApiKey": key})
            assert reply.status_code == 200
    assert len(keys) == 2


def test_the_key_is_shown_and_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that commands print or write, pages and databases included, has the key that they made for themselves."""
    key = "the-key-that-nobody-sees-0123456789"
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _=None: key)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    made = write_world(tmp_path / "world", items=16)
    here = [
        "--database",
        tmp_path / "metadata.sqlite",
        "--downloads",
        made.downloads,
        "--embedded-dir",
        tmp_path / "state",
    ]
    printed = ""
    for command in (
        ["run", "--payloads", made.payloads, *here, "--verbose", "--html", tmp_path / "run.html"],
        ["check", *here, "--html", tmp_path / "check.html"],
        ["doctor", *here],
        ["doctor", *here, "--json"],
        ["demo"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main([*map(str, command)])
        captured = capsys.readouterr()
        printed += captured.out + captured.err
        assert stopped.value.code in {0, 1, 3, 4}, captured.err
    assert "Done." in printed
    assert key not in printed
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_the_demo_changes_no_folder_of_the_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with anything in it is never taken for the demo's world."""
    (tmp_path / "metadata.sqlite").write_bytes(b"mine")
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--keep", str(tmp_path)])
    assert stopped.value.code == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["metadata.sqlite"]
    assert (tmp_path / "metadata.sqlite").read_bytes() == b"mine"
