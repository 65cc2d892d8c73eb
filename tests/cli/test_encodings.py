"""Bytes and encodings where a command meets its surroundings: output, settings, keys, addresses, names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.cli.texts import as_json, harmless, one_line
from stash.doctor.findings import Fix
from stash.doctor.fixes import apply
from stash.encoding import json_in, key_header
from stash.errors import StateError, UsageError
from stash.files.paths import escaped
from stash.files.whole import write_whole
from stash.settings import load_settings
from stash.settings_file import SETTINGS_FILE, read_settings_file
from stash.transport.graphql import GraphQLTransport, TransportConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

SURROUNDINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "iso-8859-1"},
    "windows": {"PYTHONIOENCODING": "cp1252"},
    "strict": {"PYTHONIOENCODING": "ascii:strict"},
    "plain C": {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
}
NAME = "日本 é"


def command(*words: str, **surroundings: str) -> tuple[int, bytes, str]:
    """Run a command in surroundings; answers its exit code, stdout, and stderr."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STASH_", "PYTHON", "LC_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "stash.cli", *words],
        env=kept | {"PYTHONPATH": str(Path(__file__).parents[2])} | surroundings,
        check=False,
        capture_output=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


@pytest.mark.parametrize("words", [("settings",), ("settings", "--json"), ("sync",)], ids=" ".join)
def test_an_output_that_lacks_letters(tmp_path: Path, words: tuple[str, ...]) -> None:
    """What an output cannot show is replaced there; the exit code and the JSON are as everywhere."""
    folder = tmp_path / NAME
    folder.mkdir()
    given = {"STASH_SYNC_DOWNLOADS": str(folder), "STASH_SYNC_DATABASE_URL": f"{folder}/{NAME}.sqlite"}
    usual = command(*words, **given)
    for name, surroundings in SURROUNDINGS.items():
        changed = command(*words, **given, **surroundings)
        assert changed[0] == usual[0], name
        assert "bug" not in changed[2], name
        if "--json" in words:
            assert json.loads(changed[1]) == json.loads(usual[1]), name
            assert changed[1].isascii(), name
        else:
            assert changed[1].count(b"\n") == usual[1].count(b"\n"), name


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_names_are_read_alike_in_every_locale(tmp_path: Path, name: str) -> None:
    """The downloads are found whatever the locale calls them, and so is every name in them."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / f"{NAME}_id_5.jpeg").write_bytes(b"x")
    code, out, _ = command("doctor", "--json", STASH_SYNC_DOWNLOADS=str(folder), **SURROUNDINGS[name])
    titles = [one["title"] for one in json.loads(out)["findings"] if one["area"] == "library"]
    assert code == 2
    assert not [one for one in titles if "cannot be used" in one or "No file" in one]
    missing = command("doctor", "--json", STASH_SYNC_DOWNLOADS=f"{folder}x", **SURROUNDINGS[name])
    assert f"{folder}x" in str(json.loads(missing[1])["findings"])


KEY = "eyJhbGciOi.very.secret"


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {} ", "\t{}", "{}"])
def test_a_key_is_stripped(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """Line ends and blanks around a key are not of it."""
    monkeypatch.setenv("STASH_API_KEY", around.format(KEY))
    key = load_settings({}).api_key
    assert key is not None
    assert key_header(key.get_secret_value()) == {"ApiKey": KEY}
    assert key_header(around.format(KEY)) == {"ApiKey": KEY}


@pytest.mark.parametrize("within", ["é", "\n", "\r\n", "\x00", "\x7f", "\udce9", "日"])
def test_a_key_that_no_header_carries(monkeypatch: pytest.MonkeyPatch, within: str) -> None:
    """A key with other characters ends with 2 and a sentence that does not show it."""
    key = f"{KEY[:9]}{within}{KEY[9:]}"
    with pytest.raises(UsageError) as caught:
        key_header(key)
    assert KEY[:9] not in str(caught.value)
    assert KEY[9:] not in str(caught.value)
    if within != "\x00":
        monkeypatch.setenv("STASH_API_KEY", key)
        with pytest.raises(UsageError, match="API key"):
            load_settings({})


@given(st.binary(max_size=60))
def test_any_bytes_in_a_key(content: bytes) -> None:
    """Whatever a key holds, it is a header or an error that does not show it."""
    key = content.decode("utf-8", "surrogateescape")
    with suppress(UsageError):
        for header in key_header(key).values():
            assert header == key.strip()
            assert header.encode("ascii").isascii()


BROKEN = {
    "latin": "title = 'é'".encode("latin-1"),
    "utf-16": "title = 'x'".encode("utf-16"),
    "no toml": b"title = ",
    "binary": bytes(range(256)),
    "deep": b"x = " + b"[" * 100_000,
    "date": b"since = 2024-99-99",
}


def assert_said(words: str) -> None:
    """The settings file is refused with its place."""
    with pytest.raises(UsageError, match=words) as caught:
        load_settings({})
    assert str(Path(SETTINGS_FILE).absolute()) in str(caught.value)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_settings_file_that_cannot_be_read_as_toml(kind: str) -> None:
    """It is said where, and in which line where that is known."""
    Path(SETTINGS_FILE).write_bytes(BROKEN[kind])
    try:
        BROKEN[kind].decode("utf-8-sig")
    except UnicodeDecodeError:
        assert_said("not UTF-8 in line [12]")
    else:
        assert_said("no TOML")


def test_a_settings_file_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a pipe, a link to nowhere, and what may not be read are said with the place, at once."""
    path = Path(SETTINGS_FILE)
    for make, undo in ((path.mkdir, path.rmdir), (lambda: os.mkfifo(path), path.unlink)):
        make()
        assert_said("no regular file")
        undo()
    path.symlink_to("nowhere")
    assert_said("leads nowhere")
    path.unlink()

    def refused(_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("stash.settings_file.read_bytes", refused)
    assert_said("Permission denied")


def test_a_byte_order_mark_is_no_content() -> None:
    """A settings file as Windows saves it is read, and a path map goes in where it belongs."""
    Path(SETTINGS_FILE).write_bytes(b"\xef\xbb\xbfpatience = 5\r\n")
    assert load_settings({}).patience == 5
    apply(Fix("path_map", "/dl=/données"))
    assert read_settings_file() == {"path_map": "/dl=/données", "patience": 5}


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"stash_context: [1",
        b"a: 2024-99-99",
        b"stash_context: {apikey: [1], port: [2]}",
        b"? [1]\n: 2",
        b"stash_context: {apikey: 12345}",
        b"options: {download_directory: ~nobody-here/x}",
        b"[" * 100_000,
    ],
)
def test_a_config_of_the_downloader(content: bytes) -> None:
    """Whatever stands in the downloader's config, it is read or refused in one sentence."""
    path = Path("config.yaml")
    path.write_bytes(content)
    with suppress(UsageError):
        load_settings({"downloader_config": path})


def test_a_config_of_the_downloader_that_is_a_pipe() -> None:
    """A pipe is refused at once."""
    os.mkfifo("config.yaml")
    with pytest.raises(UsageError, match="no regular file"):
        load_settings({"downloader_config": Path("config.yaml")})


@pytest.mark.parametrize(
    "url", ["http://h:99999", "http://h:0", "http://h:x", "http://xn--/", "h:1", "http://"]
)
async def test_an_address_that_is_none(url: str) -> None:
    """A port that there is not, or any other nonsense, is a wrong setting."""
    with pytest.raises(UsageError, match="is no address; set STASH_URL"):
        GraphQLTransport(TransportConfig(url))


@given(st.binary())
def test_any_bytes_in_a_reply(name: bytes) -> None:
    """A name that is no UTF-8 is read with its bytes escaped; the reply around it as ever."""
    plain = name.replace(b"\\", b"").replace(b'"', b"")
    plain = bytes(byte for byte in plain if byte >= 32)
    content = b'{"data":{"path":"/dl/' + plain + b'","other":"\xc3\xa9"}}'
    said = json_in(content)["data"]
    assert said["other"] == "é"
    assert said["path"] == escaped(f"/dl/{plain.decode('utf-8', 'surrogateescape')}")
    said["path"].encode()


STEERING = st.text(st.sampled_from("a\x1b\x85\u2028\u202a\u202e\u2066\u2069")).map(str.encode)


@given(
    st.binary() | STEERING | st.text(st.characters()).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_in_what_is_said(content: bytes) -> None:
    """Whatever a name holds, it is a line without a control or a turn of direction, and JSON that any reader takes."""
    text = content.decode("utf-8", "surrogateescape")
    line = one_line(text)
    line.encode()
    assert not set(line) & set(
        map(chr, [*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    )
    assert harmless("a\nb") == "a\nb"
    said = as_json({text: [text, {"x": text}]})
    assert said.isascii()
    read: Mapping[str, object] = json.loads(said)
    assert read == {escaped(text): [escaped(text), {"x": escaped(text)}]}
    str(read).encode()


@pytest.mark.parametrize("fails_at", ["fsync", "replace"])
def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    """Where the disk fails the old file is untouched and no other one is left; else permissions and links stay."""
    target, link = tmp_path / "page.html", tmp_path / "link.html"
    target.write_bytes(b"old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_whole(link, b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o600, True)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails) if fails_at == "fsync" else monkeypatch.setattr(
        Path, "replace", fails
    )
    with pytest.raises(OSError, match="No space"):
        write_whole(target, b"newer")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "page.html"]
    assert target.read_bytes() == b"new"


def test_a_pipe_without_a_reader_is_no_wait(tmp_path: Path) -> None:
    """A page into a pipe that nobody reads ends at once; one that somebody reads gets it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="No such device"):
        write_whole(pipe, b"page")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"page")
    assert os.read(reader, 9) == b"page"
    os.close(reader)


def test_a_settings_file_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the fix fails it is said, and the file stays as it was."""
    Path(SETTINGS_FILE).write_text("patience = 5\n")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(StateError, match="No space"):
        apply(Fix("path_map", "/dl=/data"))
    assert Path(SETTINGS_FILE).read_text() == "patience = 5\n"
