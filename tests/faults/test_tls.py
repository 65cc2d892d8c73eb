"""R20: a Stash whose certificate cannot be trusted gets no byte of us, the key least of all."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

import stash
from stash.errors import CertificateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "the-secret-key"
HELLO = (
    b'{"data": {"version": {"version": "v0.30.0"}, "systemStatus": {"appSchema": 75, "status": "OK"},'
    b' "configuration": {"general": {"databasePath": "/db"}}}}'
)
PAST = ("20200101000000Z", "20200102000000Z")
NOW = ("20200101000000Z", "21000101000000Z")


@dataclass(frozen=True)
class Authority:
    """A private authority, made with the openssl command; its certificates are of one key."""

    folder: Path

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def make(self) -> None:
        """Make the authority."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        names = ("-addext", "keyUsage=critical,keyCertSign", "-days", "3650")
        self._run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", *names)
        self._run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=stash")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
            "unique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n"
        )

    def issue(self, name: str, times: tuple[str, str] = NOW, issuer: tuple[str, ...] = ()) -> Path:
        """A certificate for a host name or address, valid between these times; by itself where so said."""
        (self.folder / "index").write_text("")
        (self.folder / "names").write_text(f"subjectAltName={name}\n")
        signed = issuer or ("-cert", "ca.pem", "-keyfile", "ca.key")
        span = ("-startdate", times[0], "-enddate", times[1])
        files = ("-in", "server.csr", "-out", "server.pem", "-extfile", "names")
        self._run("ca", "-config", "ca.cnf", "-batch", "-notext", *signed, *span, *files)
        return self.folder / "server.pem"


@dataclass
class Peer:
    """A server that notes what it could read."""

    port: int = 0
    seen: bytearray = field(default_factory=bytearray)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note a request, and greet as a Stash."""
        self.seen += await reader.read(65536)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(head + f"Content-Length: {len(HELLO)}\r\n\r\n".encode() + HELLO)
        writer.close()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None) -> AsyncIterator[Peer]:
    """Such a server, with TLS or without."""
    peer = Peer()
    server = await asyncio.start_server(peer.answer, "127.0.0.1", 0, ssl=context)
    async with server:
        peer.port = server.sockets[0].getsockname()[1]
        yield peer


def context_of(certificate: Path) -> ssl.SSLContext:
    """TLS with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("server.key"))
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A private authority."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificates, and is not installed")
    made = Authority(tmp_path)
    made.make()
    return made


async def reach(peer: Peer, ca_file: Path | None) -> None:
    """Connect as a run does, with a key."""
    url = f"https://127.0.0.1:{peer.port}"
    async with stash.connect(url, KEY, ca_file=str(ca_file) if ca_file else None, connect_patience=2.0):
        pass


@pytest.mark.parametrize("wrong", ["expired", "self-signed", "unknown authority", "another host"])
async def test_r20_certificates_that_are_not_trusted(authority: Authority, wrong: str) -> None:
    """Expired, signed by itself, by nobody we know, for another host: 13, and the peer has read nothing."""
    name = "DNS:other.example" if wrong == "another host" else "IP:127.0.0.1"
    itself = ("-selfsign", "-keyfile", "server.key") if wrong == "self-signed" else ()
    certificate = authority.issue(name, PAST if wrong == "expired" else NOW, itself)
    ca_file = None if wrong == "unknown authority" else authority.folder / "ca.pem"
    async with listening(context_of(certificate)) as peer:
        with pytest.raises(CertificateError) as caught:
            await reach(peer, ca_file)
    assert caught.value.exit_code == 13
    assert KEY not in str(caught.value)
    assert peer.seen == b""


async def test_r20_an_old_protocol(authority: Authority) -> None:
    """A peer that speaks TLS 1.1 at most is refused, with 13."""
    context = context_of(authority.issue("IP:127.0.0.1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is what is tested
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with listening(context) as peer:
        with pytest.raises(CertificateError):
            await reach(peer, authority.folder / "ca.pem")
    assert peer.seen == b""


async def test_r20_http_where_https_is_meant(authority: Authority) -> None:
    """A peer that speaks no TLS at all is refused, with 13, and has read no key."""
    async with listening(None) as peer:
        with pytest.raises(CertificateError):
            await reach(peer, authority.folder / "ca.pem")
    assert KEY.encode() not in peer.seen


async def test_r20_a_private_authority(authority: Authority) -> None:
    """A certificate of one's own authority is trusted where that is named, and only there."""
    async with listening(context_of(authority.issue("IP:127.0.0.1"))) as peer:
        await reach(peer, authority.folder / "ca.pem")
    assert KEY.encode() in peer.seen
