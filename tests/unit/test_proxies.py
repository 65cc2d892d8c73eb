"""Which proxy leads to Stash: never to this machine, else as the environment says; and certificates that are none."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash.errors import UsageError
from stash.transport.graphql import GraphQLTransport, TransportConfig
from stash.transport.proxies import is_loopback, proxy_to
from tests.unprivileged import as_nobody, open_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HERE = [
    "localhost", "LOCALHOST", "localhost.", "stash.localhost", "127.0.0.1", "127.1.2.3", "127.1", "::1", "0.0.0.0", "::",
    "::ffff:127.0.0.1",
]  # fmt: skip
ELSEWHERE = [
    "stash",
    "stash.test",
    "localhost.test",
    "notlocalhost",
    "128.0.0.1",
    "192.168.1.5",
    "::2",
    "127.test",
]
ALL = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the proxies and certificates of whoever runs it."""
    for name in [*ALL, "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"]:
        monkeypatch.delenv(name, raising=False)


def url_of(host: str, scheme: str = "http") -> str:
    """The address of a Stash on a host."""
    return f"{scheme}://[{host}]:9999" if ":" in host else f"{scheme}://{host}:9999"


@pytest.mark.parametrize("host", HERE)
@pytest.mark.parametrize("proxy", ["http://proxy.test:3128", "socks5://proxy.test", "nonsense://"])
async def test_this_machine_is_never_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str, proxy: str
) -> None:
    """Whatever the environment names, loopback is reached without it; also where it cannot be used."""
    for name in ALL:
        monkeypatch.setenv(name, proxy)
    assert is_loopback(httpx.URL(url_of(host)).host)
    door = GraphQLTransport(TransportConfig(url_of(host)))
    assert door.proxy is None
    assert door._http._mounts == {}
    await door.close()


@pytest.mark.parametrize("host", ELSEWHERE)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ALL)
async def test_all_else_is(monkeypatch: pytest.MonkeyPatch, host: str, scheme: str, name: str) -> None:
    """Another machine is reached through the proxy of its scheme, or of all; its login is not shown."""
    monkeypatch.setenv(name, "http://me:hidden@proxy.test:3128")
    door = GraphQLTransport(TransportConfig(url_of(host, scheme)))
    is_meant = name.casefold() in {f"{scheme}_proxy", "all_proxy"}
    assert (door.proxy is not None) == is_meant
    assert ("http://proxy.test:3128" in door.address) == is_meant
    assert "hidden" not in door.address
    assert [type(one).__name__ for one in door._http._mounts.values()] == ["AsyncHTTPTransport"] * is_meant
    await door.close()


@pytest.mark.parametrize(
    ("no_proxy", "hosts"),
    [
        ("*", ELSEWHERE),
        ("other, *", ELSEWHERE),
        ("stash.test", ["stash.test"]),
        (".test", ["stash.test", "localhost.test", "127.test"]),
        ("*.test", ["stash.test", "localhost.test", "127.test"]),
        ("TEST", ["stash.test", "localhost.test", "127.test"]),
        ("stash.test:9999", ["stash.test"]),
        ("stash.test:80", []),
        ("192.168.0.0/16", ["192.168.1.5"]),
        ("192.168.1.5", ["192.168.1.5"]),
        ("10.0.0.0/8 192.168.1.0/24", ["192.168.1.5"]),
        ("::2", ["::2"]),
        ("[::2]", ["::2"]),
        ("[::2]:9999", ["::2"]),
        ("ash.test", []),
        ("", []),
        (",, ,", []),
        ("[::", []),
        ("1.2.3/99", []),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_whom_no_proxy_exempts(
    monkeypatch: pytest.MonkeyPatch, name: str, no_proxy: str, hosts: list[str]
) -> None:
    """NO_PROXY names hosts, domains, networks, with or without a port; and everything by a star."""
    monkeypatch.setenv("ALL_PROXY", "proxy.test:3128")
    monkeypatch.setenv(name, no_proxy)
    assert [host for host in ELSEWHERE if proxy_to(httpx.URL(url_of(host))) is None] == hosts


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://me:hidden@proxy.test:1080", "pip install socksio"),
        ("socks5h://proxy.test", "pip install socksio"),
        ("socks4://proxy.test", "none of http, https and socks5"),
        ("socks://proxy.test", "none of http, https and socks5"),
        ("ftp://me:hidden@proxy.test", "none of http, https and socks5"),
        ("http://", "no proxy that can be used"),
        ("http://[::1", "no proxy that can be used"),
        ("http://proxy.test:99999", "no proxy that can be used"),
        ("http://proxy.test:port", "no proxy that can be used"),
        ("://", "no proxy that can be used"),
        (":", "no proxy that can be used"),
    ],
)
def test_what_cannot_be_used_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, proxy: str, words: str
) -> None:
    """A proxy that cannot be used is exit 2, with its variable and the next step, and without its login."""
    monkeypatch.setenv(name, proxy)
    scheme = "https" if "https" in name.casefold() else "http"
    with pytest.raises(UsageError, match=words) as caught:
        GraphQLTransport(TransportConfig(url_of("stash.test", scheme)))
    assert name in str(caught.value)
    assert "hidden" not in str(caught.value)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30))
def test_whatever_the_environment_says(text: str) -> None:
    """Any text in any of the variables is a proxy, none, or a sentence."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALL_PROXY", text)
        patch.setenv("NO_PROXY", text)
        for host in ("stash.test", "::2", "10.0.0.1"):
            with suppress(UsageError):
                proxy_to(httpx.URL(url_of(host)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", "/nowhere.pem"), ("SSL_CERT_FILE", "/"), ("SSL_CERT_FILE", os.devnull),
        ("SSL_CERT_DIR", "/nowhere"), ("SSLKEYLOGFILE", "/nowhere/keys"), ("SSLKEYLOGFILE", "/"),
    ],
)  # fmt: skip
def test_certificates_that_are_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A variable of TLS that names nothing of use is exit 2 and is named; without TLS nobody looks at it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=name):
        GraphQLTransport(TransportConfig("https://stash.test"))
    GraphQLTransport(TransportConfig("http://stash.test"))


AS_IT_IS = {
    "a pipe": "it is no regular file",
    "a socket": "No such device or address",
    "a folder": "it is no regular file",
    "a device": "it is no regular file",
    "a link to a pipe": "it is no regular file",
    "nothing": "No such file or directory",
    "closed": "Permission denied",
    "empty": "holds no certificate that can be read",
    "no certificate": "holds no certificate that can be read",
}


def put(path: Path, what: str) -> None:
    """Put something into a place that names no certificates."""
    if "pipe" in what:
        os.mkfifo(path.with_name("pipe"))
        path.symlink_to("pipe")
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    elif what == "a folder":
        path.mkdir()
    elif what == "a device":
        path.symlink_to("/dev/zero")
    elif what != "nothing":
        path.write_text("" if what == "empty" else "no certificate")
        path.chmod(0 if what == "closed" else 0o644)


@pytest.mark.parametrize("name", ["ca_file", "SSL_CERT_FILE"])
@pytest.mark.parametrize("what", AS_IT_IS)
def test_a_file_of_certificates_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str, what: str) -> None:
    """Whatever is there, nobody waits for it: one sentence names it, says why it is none, and what to do."""
    with open_folder() as folder:
        path = folder / "ca.pem"
        put(path, what)
        if name == "SSL_CERT_FILE":
            monkeypatch.setenv(name, str(path))
        with as_nobody(), pytest.raises(UsageError) as caught:
            GraphQLTransport(
                TransportConfig("https://stash.test", ca_file=str(path) if name == "ca_file" else None)
            )
    said = str(caught.value)
    assert name in said
    assert repr(str(path)) in said
    assert AS_IT_IS[what] in said
    assert said.endswith("; name a file with certificates in PEM form as ca_file.")


@asynccontextmanager
async def refusing(status: int) -> AsyncIterator[int]:
    """A proxy that leads nowhere: it answers every request with a status."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 3\r\nConnection: close\r\n\r\n<p>".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("status", "exit_code"), [(407, 10), (403, 10), (405, 10), (502, 5), (503, 5)])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses(
    monkeypatch: pytest.MonkeyPatch, scheme: str, status: int, exit_code: int
) -> None:
    """What a proxy answers for itself is final or passes as of anybody else; it is named without its login."""
    async with refusing(status) as port:
        monkeypatch.setenv("ALL_PROXY", f"http://me:hidden@localhost:{port}")
        door = GraphQLTransport(
            TransportConfig(url_of("stash.test", scheme), patience=0.5, connect_patience=0.5)
        )
        for ask in (door.greet, door.query):
            with pytest.raises(Exception, match=f"http://localhost:{port}") as caught:
                await ask("{ x }")
            assert caught.value.exit_code == exit_code
            assert str(status) in str(caught.value)
            assert "hidden" not in str(caught.value)
        await door.close()


async def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that nobody listens at is named, and not Stash alone."""
    monkeypatch.setenv("HTTP_PROXY", "http://me:hidden@127.0.0.1:9")
    door = GraphQLTransport(TransportConfig("http://stash.test", patience=0.3, connect_patience=0.3))
    with pytest.raises(Exception, match=r"through the proxy http://127\.0\.0\.1:9") as caught:
        await door.query("{ x }")
    assert "hidden" not in str(caught.value)
    await door.close()
