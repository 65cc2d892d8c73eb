"""Find the proxy that leads to Stash in the environment. This machine's own addresses need none."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.request import getproxies, proxy_bypass

import httpx

from stash.errors import UsageError

_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535
_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the variable that names it. `name` may be shown, because it contains no password."""

    url: httpx.URL
    variable: str

    @property
    def name(self) -> str:
        """The address without a user and a password."""
        return str(self.url.copy_with(username=None, password=None, raw_path=b"/")).rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself, which is reached without a proxy."""
    name = host.casefold().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is None:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    host_address = mapped or address
    return host_address.is_loopback or host_address.is_unspecified


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        # The system also takes short forms, such as 127.1.
        return ip_address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def proxy_to(url: httpx.URL) -> Proxy | None:
    """Return the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY for an address. None if NO_PROXY exempts the host.

    Raises:
        UsageError: the variable holds no address, or names a protocol that is not supported.
    """
    if is_loopback(url.host):
        return None
    proxies = getproxies()
    text = proxies.get(url.scheme) or proxies.get("all") or ""
    port = url.port or _PORTS[url.scheme]
    if not text or proxy_bypass(f"{url.host}:{port}") or _is_exempt(url.host, port, proxies.get("no", "")):
        return None
    return _usable(text, _variable(url.scheme, text))


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    """Tell whether NO_PROXY names a host, its domain or its network, with or without its port."""
    name, address = host.casefold().rstrip("."), _address(host)
    for entry in re.split(r"[,\s]+", no_proxy.casefold()):
        with_port = re.fullmatch(r"([^:]*|\[.*\]):(\d+)", entry, re.ASCII)
        if with_port is not None and int(with_port[2]) != port:
            continue
        pattern = (with_port[1] if with_port else entry).strip("[]").removeprefix("*").strip(".")
        if entry == "*" or (pattern and (name == pattern or name.endswith(f".{pattern}"))):
            return True
        if pattern and address is not None and _is_within(address, pattern):
            return True
    return False


def _is_within(address: IPv4Address | IPv6Address, network: str) -> bool:
    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return False


def _variable(scheme: str, text: str) -> str:
    names = [f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"]
    return next((name for name in names if os.environ.get(name) == text), "the system's settings")


def _usable(text: str, variable: str) -> Proxy:
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL as error:
        raise _no_address(variable) from error
    proxy = Proxy(url, variable)
    if not url.host or (url.port or 0) > _LAST_PORT:
        raise _no_address(variable)
    if url.scheme not in _SCHEMES:
        raise UsageError(
            f"The proxy {proxy.name} of {variable} is none of http, https and socks5; name another one there, or name "
            "the host of Stash in NO_PROXY."
        )
    if url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise UsageError(
            f"The proxy {proxy.name} of {variable} speaks SOCKS, for which the package socksio is needed; install it "
            "with `pip install socksio`, or name the host of Stash in NO_PROXY."
        )
    return proxy


def _no_address(variable: str) -> UsageError:
    return UsageError(
        f"{variable} names no proxy that can be used; write it as http://host:port, or name the host of Stash in "
        "NO_PROXY."
    )
