"""The versions that the package takes: the oldest are tested, and those of the downloader are among them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OURS = {
    requirement.name: requirement
    for requirement in map(
        Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"]]
    )
}

PINNED = {
    "alembic": "1.18.4",
    "asyncpg": "0.31.0",
    "graphql-core": "3.2.11",
    "httpx": "0.28.1",
    "loguru": "0.7.3",
    "pillow": "12.2.0",
    "pydantic": "2.13.4",
    "rich": "15.0.0",
    "sqlalchemy": "2.0.51",
    "stash-graphql-client": "0.12.12",
}
"""The versions in the lock of the downloader's v0.15.1, of the packages that both use."""

DECLARED = [
    "alembic>=1.17.0",
    "asyncpg>=0.30.0,<0.32.0",
    "greenlet>=3.2.1",
    "httpx[http2]>=0.28.1",
    "httpx-retries>=0.4.3",
    "loguru>=0.7.2",
    "pillow>=12.0.0",
    "psycopg[binary,pool]>=3.2.10,<4.0.0",
    "psycopg2-binary>=2.9.10,<3.0.0",
    "rich>=13.7.0,<16.0.0",
    "sqlalchemy[asyncio]>=2.0.44,<3.0.0",
    "stash-graphql-client>=0.12.10",
    "websockets>=15.0.0",
]
"""The requirements that v0.15.1 declares, of the packages that both use and of those that go with them."""


def floor(requirement: Requirement) -> Version:
    """The oldest version that a requirement takes."""
    (oldest,) = (Version(one.version) for one in requirement.specifier if one.operator in {">=", "=="})
    return oldest


def test_the_lock_of_the_floors_has_the_floors() -> None:
    """Each direct dependency stands in requirements-floor.lock at the oldest version that pyproject.toml takes."""
    lock = (ROOT / "requirements-floor.lock").read_text("utf-8")
    locked = {
        name: Version(version)
        for name, version in re.findall(r"^([\w-]+)==([\w.]+)[ ;\\]", lock, re.MULTILINE)
    }
    oldest = {name.lower(): floor(requirement) for name, requirement in OURS.items()}
    assert {name: locked.get(name) for name in oldest} == oldest


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-floor.lock"])
def test_a_lock_names_no_registry(name: str) -> None:
    """A lock holds versions and digests, and neither an address nor a path."""
    lock = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://|^-|^--|(^|\s)/", re.sub(r"^\s+--hash=.*$", "", lock, flags=re.MULTILINE))


@pytest.mark.parametrize(("name", "version"), PINNED.items())
def test_the_downloaders_versions_are_taken(name: str, version: str) -> None:
    """Every version that the downloader has pinned is within the bounds of this package."""
    assert version in OURS[name].specifier


def test_both_resolve_together() -> None:
    """One environment takes both: pip finds versions that the downloader's requirements and these take. It needs a registry, and installs nothing."""
    words = ["install", "--dry-run", "--ignore-installed", "--quiet", "--retries", "0", "--timeout", "10"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *DECLARED, *map(str, OURS.values())],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if "NewConnectionError" in done.stderr or "Connection refused" in done.stderr:
        pytest.skip("no package registry is within reach")
    assert done.returncode == 0, done.stderr


def test_the_line_that_the_page_says_is_what_pyproject_takes() -> None:
    """The line of the how-to asks for versions that pyproject.toml takes, and for none besides."""
    page = (ROOT / "docs/how-to/inside-the-downloader.md").read_text("utf-8")
    (line,) = re.findall(r"^pip install (.+)$", page, re.MULTILINE)
    said = [Requirement(word) for word in shlex.split(line)]
    assert [str(one) for one in said] == [str(OURS[one.name]) for one in said]
