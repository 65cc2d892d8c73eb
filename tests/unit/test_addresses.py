"""Addresses: the part that is shown, and the secrets beside it, whatever a user wrote."""

from __future__ import annotations

import base64
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stash.cli.pasting import command_line
from stash.errors import UsageError
from stash.source.addresses import has_secret, is_path, secrets_of, split, without_secrets
from stash.source.engines import Address
from stash.source.errors import UnknownDatabaseError
from stash.transport.addresses import StashAddress
from stash.transport.graphql import GraphQLTransport, TransportConfig

# Two capitals in front: none of the addresses' own words has them, whatever is drawn behind.
SECRETS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=3, max_size=12).map(
    lambda text: f"QZ{text.strip() or 'x'}"
)
HOSTS = st.sampled_from(["localhost", "stash.test", "[::1]", "127.0.0.1", "[fe80::1]"])
SCHEMES = st.sampled_from(["http", "https"])


def encoded(secret: str) -> str:
    """The secret as a URL has it."""
    return quote(secret, safe="")


def forms(secret: str) -> set[str]:
    """What may be seen of a secret nowhere: it, its encoded form, and any part of it that a cut leaves."""
    return {secret, encoded(secret), secret.partition("@")[0], secret.partition("/")[0]}


@st.composite
def stash_urls(draw: st.DrawFn) -> tuple[str, str]:
    """A secret and an address with it: raw or encoded, as a password, a user, a key or a fragment."""
    secret = draw(SECRETS)
    told = draw(st.sampled_from([secret, encoded(secret)]))
    user = draw(st.sampled_from(["me", "", "me%40home", "a:b"]))
    place = draw(st.sampled_from([":9999", "", ":9999/stash", "/graphql", ":9999/"]))
    host, scheme = draw(HOSTS), draw(SCHEMES)
    shape = draw(
        st.sampled_from(
            [
                "{scheme}://{user}:{told}@{host}{place}",
                "{scheme}://{told}@{host}{place}",
                "{scheme}://:{told}@{host}{place}",
                "{scheme}://{host}{place}?apikey={told}",
                "{scheme}://{host}{place}?x=1&password={told}",
                "{scheme}://{host}{place}?{told}",
                "{scheme}://{host}{place}#{told}",
                "{scheme}://{user}:{told}@{host}{place}?apikey={told}#{told}",
                "{user}:{told}@{host}{place}",
                " {scheme}://{user}:{told}@{host}{place} ",
            ]
        )
    )
    return secret, shape.format(scheme=scheme, user=user, told=told, host=host, place=place)


@given(drawn=stash_urls())
@example(drawn=("QZp@ss", "http://me:QZp@ss@host"))
@example(drawn=("QZp/ss", "http://me:QZp/ss@host:9999"))
@example(drawn=("QZp?ss", "http://me:QZp?ss@host:9999"))
@example(drawn=("QZp#ss", "http://me:QZp#ss@host:9999"))
@example(drawn=("80/QZ", "http://me:80/QZ@host"))
def test_nothing_secret_is_in_the_text_of_an_address(drawn: tuple[str, str]) -> None:
    """Neither the address, nor what is said against it, nor the line to paste has the secret, raw or encoded."""
    secret, url = drawn
    address = StashAddress(url)
    said = [
        str(address),
        repr(address),
        address.problem,
        repr(TransportConfig(url)),
        without_secrets(f"of {url}."),
    ]
    said.append(command_line(["sync", "--url", url]))
    said.append(command_line(["sync", f"--url={url}"]))
    try:
        GraphQLTransport(TransportConfig(url))
    except UsageError as error:
        said += [str(error), repr(error.__cause__)]
    for text in said[:4] + said[5:]:
        assert not any(one in text for one in forms(secret) if len(one) > 1), text
    assert StashAddress(address) is address


@given(secret=SECRETS, user=st.sampled_from(["me", "", "me@home", "a b"]), host=HOSTS)
def test_credentials_travel_as_headers(secret: str, user: str, host: str) -> None:
    """User, password and key of an address arrive as headers, decoded; the address that is asked has none of them."""
    url = f"http://{encoded(user)}:{encoded(secret)}@{host}:9999/s/?apikey=abc#x"
    config = TransportConfig(url)
    assert config.endpoint == f"http://{host}:9999/s/graphql"
    told = base64.b64encode(f"{user}:{secret}".encode()).decode()
    assert config.headers == {"ApiKey": "abc", "Authorization": f"Basic {told}"}
    assert TransportConfig(url, "mine").headers["ApiKey"] == "mine"


@given(secret=SECRETS, user=st.sampled_from(["me", "me%40home"]), host=HOSTS)
def test_a_database_is_named_without_its_password(secret: str, user: str, host: str) -> None:
    """Whichever way a password stands in a database's URL, its name has none, and the driver gets it decoded."""
    pytest.importorskip("asyncpg")
    for url in (
        f"postgresql://{user}:{encoded(secret)}@{host}:5432/name",
        f"postgres://{user}@{host}:5432/name?password={encoded(secret)}",
        f"postgresql+asyncpg://{user}:{encoded(secret)}@{host}/name?sslmode=require#{encoded(secret)}",
    ):
        address = Address.parse(url)
        assert address.url.password == secret
        assert address.url.username == user.replace("%40", "@")
        assert secret not in address.name + repr(address)
        assert encoded(secret) not in address.name
        assert command_line(["sync", "--database", url, "--json"]) == "stash-sync sync"
        assert command_line(["sync", f"--database={url}"]) == "stash-sync sync"


@pytest.mark.parametrize("secret", ["QZp@ss", "QZ@@", "QZ:x"])
def test_an_at_in_a_database_password(secret: str) -> None:
    """A password with a raw `@` reaches the driver whole, and the host is the host."""
    pytest.importorskip("asyncpg")
    address = Address.parse(f"postgresql://me:{secret}@host/name")
    assert (address.url.password, address.url.host) == (secret, "host")
    assert address.name == "postgresql://me:***@host/name"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:QZsecret@host/name?password=QZsecret",
        "postgresql://me:QZsecret@host/name?sslpassword=QZsecret",
        "postgresql://me@host:QZsecret/name",
        "postgresql://me@host/name?port=QZsecret",
        "postgresql://me@host/name?timeout=QZsecret",
        "postgresql:me:QZsecret@host/name",
        "postgres:/me:QZsecret@host/name",
        "host=h user=me password=QZsecret dbname=name",
        "postgresql://me:a/QZsecret@h@host:x/name",
    ],
)
def test_what_is_said_against_a_database_has_no_secret(url: str) -> None:
    """A URL that is refused is refused without its password, and nothing that raised it quotes it."""
    with pytest.raises(UnknownDatabaseError) as caught:
        Address.parse(url)
    assert "QZsecret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "path", ["/home/me@home/a.sqlite", "a?b.sqlite", "C:\\me\\a.sqlite", "sqlite:////home/me@home/a.sqlite"]
)
def test_a_path_is_no_secret(path: str) -> None:
    """The path of a file is taken as it is, whatever letters it has."""
    assert not has_secret(path)
    assert Address.parse(path).path is not None
    assert is_path(path) != path.startswith("sqlite:")


def test_what_is_secret_of_an_address() -> None:
    """The texts to be blackened are those that stand there and what they mean."""
    assert secrets_of("http://me:p%40ss@host/?apikey=k") == {"p%40ss", "p@ss", "k", "apikey=k"}
    assert secrets_of("http://me:p/ss@host") == {"me:p/ss@host"}
    assert split("http://host:9999/stash").clear == "http://host:9999/stash"


async def test_what_is_asked_carries_them() -> None:
    """What is asked over HTTP names the address alone, and carries the headers."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": {}})

    config = TransportConfig("http://me:s3cr3t@stash.test/?apikey=key", transport=httpx.MockTransport(answer))
    door = GraphQLTransport(config)
    await door.query("{ x }")
    await door.picture("performer", "1")
    await door.close()
    assert [str(one.url) for one in asked] == [
        "http://stash.test/graphql",
        "http://stash.test/performer/1/image",
    ]
    for request in asked:
        assert request.headers["ApiKey"] == "key"
        assert request.headers["Authorization"] == f"Basic {base64.b64encode(b'me:s3cr3t').decode()}"
