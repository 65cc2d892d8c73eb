"""Each exit code of docs/reference/exit-codes.md, met for real: one object on stdout with that code, one sentence on stderr."""

from __future__ import annotations

import json
import re
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stash.cli.main import main
from stash.demo import write_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = {
    "run", "outcome", "exit_code", "seconds", "requests", "looked_at", "entities", "links_added", "unattached", "unmatched", "skipped", "kept",
}  # fmt: skip
"""The agreed form of what `sync`, `run` and `demo` answer."""

TYPES = {"performers", "studios", "tags", "galleries", "scenes", "images", "chapters"}


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    """Something on loopback that answers every question alike; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer."""
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a command with --json in this process; answers its object and what stood on stderr."""
    for name in ("STASH_URL", "STASH_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*arguments: object) -> tuple[dict[str, Any], str]:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--json"])
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 1
        content = json.loads(printed.out)
        assert content["exit_code"] == int(ended.value.code or 0)
        return content, printed.err

    return run


@pytest.fixture
def world(run, tmp_path: Path) -> list[object]:
    """The flags of a small world whose payloads are in its database."""
    made = write_world(tmp_path / "world", items=16)
    flags = ["--database", tmp_path / "world" / "metadata.sqlite", "--downloads", made.downloads]
    run("ingest", made.payloads, *flags[:2])
    return flags


def unmatched(world: list[object]) -> list[object]:
    """A file that Stash takes and that has no row, by a name that carries a media id."""
    picture = next(Path(str(world[3])).rglob("*.jpeg"))
    picture.with_name("2025-01-01_at_00-00_UTC_id_799999999999999999.jpeg").write_bytes(picture.read_bytes())
    return []


def cut(world: list[object]) -> list[object]:
    """A database that was cut short."""
    database = Path(str(world[1]))
    database.write_bytes(database.read_bytes()[:5000])
    return []


CASES: dict[int, tuple[str, Callable[[list[object]], list[object]]]] = {
    0: ("sync", lambda _: []),
    2: ("sync", lambda _: ["nobody"]),
    3: ("sync", unmatched),
    4: ("check", lambda _: []),
    6: ("sync", cut),
    7: ("sync", lambda world: ["--path-map", f"{world[3]}=/data"]),
}


@pytest.mark.parametrize("code", CASES)
def test_codes_of_a_world(run, world: list[object], tmp_path: Path, code: int) -> None:
    """Done, a wrong name, a file that cannot be synced, differences, a broken database, a wrong-looking world."""
    command, more = CASES[code]
    content, err = run(command, *more(world), *world, "--embedded-dir", tmp_path / "stash", "--quiet")
    assert content["exit_code"] == code
    if content.get("outcome") == "error":
        assert err == f"error: {content['error']}\n"
    else:
        assert err == ""


REACHED = {
    5: (503, "busy"),
    10: (200, "<html>a router</html>"),
    12: (401, "no"),
}


@pytest.mark.parametrize(
    ("command", "code"), list(product(["sync", "check", "doctor", "undo"], REACHED))[::2]
)
def test_codes_of_what_answers(
    run, world: list[object], monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    """No answer in time, no Stash, a refused key: the same code from every command that asks Stash."""
    monkeypatch.setenv("STASH_SYNC_PATIENCE", "1")
    with answering(*REACHED[code]) as url:
        content, err = run(command, *(["last"] if command == "undo" else []), *world, "--url", url)
    assert content["exit_code"] == code
    assert ("Traceback" in err, err.count("\n")) == (False, 0 if command == "doctor" else 1)


def test_plain_http_behind_https(run, world: list[object]) -> None:
    """An address with https:// where no TLS is spoken: 13, and the step is to write http://."""
    with answering(200, "{}") as url:
        content, _ = run("sync", *world, "--url", url.replace("http", "https"))
    assert content["exit_code"] == 13
    assert "write http:// in STASH_URL" in content["error"]


def test_the_summary_has_the_agreed_form(run, world: list[object], tmp_path: Path) -> None:
    """`sync`, `run`, `demo` answer the agreed keys and no others; a plan has its changes beside them."""
    here = [*world, "--embedded-dir", tmp_path / "stash", "--quiet"]
    for name, arguments, more in (
        ("dry run", ("sync", "--dry-run"), {"plan"}),
        ("sync", ("sync",), set()),
        ("run", ("run",), set()),
        ("demo", ("demo",), {"again"}),
    ):
        content, _ = run(*arguments, *([] if name == "demo" else here))
        assert content.keys() == SUMMARY | more, name
        assert content["requests"].keys() == {"reads", "writes", "mutations", "scan"}
        assert content["entities"].keys() == TYPES
        for counts in content["entities"].values():
            assert counts.keys() == {"created", "updated", "unchanged", "kept"}
        for one in content["unmatched"]:
            assert one.keys() == {"kind", "id", "file", "reason"}
        for one in content["skipped"]:
            assert one.keys() == {"kind", "id", "reason"}


def test_commands_that_look_back_speak_json(run, world: list[object], tmp_path: Path) -> None:
    """Every other command answers one object too, with nothing on stderr."""
    here = [*world, "--embedded-dir", tmp_path / "stash"]
    run("sync", *here, "--quiet")
    commands = (
        ("status", *world), ("runs", *world[:2]), ("report", *world), ("settings",), ("doctor", *here),
        ("undo", "last", "--dry-run", *here), ("undo", "last", *here), ("forget", "--yes", *world[:2]),
        ("ingest", Path(str(world[3])).parent / "payloads", *world[:2], "--quiet"),
    )  # fmt: skip
    for arguments in commands:
        content, err = run(*arguments)
        assert (content["exit_code"], err) == (0, ""), arguments


def test_every_code_of_the_page_is_met() -> None:
    """The codes that docs/reference/exit-codes.md tells are those that are met here, and no others."""
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert told == {0, 1, 11, 13, 130, 143} | CASES.keys() | REACHED.keys()
