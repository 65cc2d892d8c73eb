"""The API's objects of a small site, and the files that the downloader saves."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stash.demo import files

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_ID = 700_000_000_000_000_001
FIRST_DAY = datetime(2025, 1, 6, 9, 30, tzinfo=UTC)

IMAGE, VIDEO, ANIMATION, AUDIO = "image/jpeg", "video/mp4", "image/gif", "audio/mp3"
_EXTENSIONS = {IMAGE: "jpeg", VIDEO: "mp4", ANIMATION: "gif", AUDIO: "mp3"}
_FOLDERS = {"image": "Pictures", "video": "Videos", "audio": "Audio"}
_TYPES = {"image": 1, "video": 2, "audio": 100}
_BYTES: dict[str, Callable[[str], bytes]] = {
    IMAGE: files.jpeg,
    VIDEO: files.mp4,
    ANIMATION: files.gif,
    AUDIO: lambda unique: b"ID3" + unique.encode(),
}


@dataclass(frozen=True)
class Person:
    """An account of the site."""

    id: int
    username: str
    name: str
    about: str = ""

    def payload(self) -> dict[str, Any]:
        """Return the account as the API sends it."""
        return {
            "id": str(self.id),
            "username": self.username,
            "displayName": self.name,
            "about": self.about,
            "createdAt": int(FIRST_DAY.timestamp()) * 1000,
        }


@dataclass
class DemoSite:
    """Assigns ids and times, makes media, and saves their files below `downloads`."""

    downloads: Path
    seed: int
    next_id: int = FIRST_ID
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a made-up world, no secret

    def new_id(self) -> int:
        """Return the next id of the site."""
        self.next_id += 1
        return self.next_id

    def moment(self, number: int) -> datetime:
        """Return the time of the n-th item: one every five hours."""
        return FIRST_DAY + timedelta(hours=5 * number)

    def media(self, owner: Person, mimetype: str, when: datetime) -> dict[str, Any]:
        """Return a new media object."""
        media_id = self.new_id()
        return {
            "id": str(media_id),
            "accountId": str(owner.id),
            "mimetype": mimetype,
            "type": _TYPES[mimetype.split("/", maxsplit=1)[0]],
            "status": 1,
            "flags": 0,
            "location": f"/{owner.id}/{media_id}.{_EXTENSIONS[mimetype]}",
            "width": 1080,
            "height": 1350,
            "createdAt": int(when.timestamp()),
            "updatedAt": int(when.timestamp()),
            "metadata": "{}",
            "variants": [],
            "locations": [{"locationId": "1", "location": f"https://cdn.example/{media_id}"}],
        }

    def held(
        self, owner: Person, media: dict[str, Any], preview: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a new accountMedia. A media with a preview is locked, so that only the preview is on disk."""
        return {
            "id": str(self.new_id()),
            "accountId": str(owner.id),
            "mediaId": media["id"],
            "previewId": preview and preview["id"],
            "createdAt": media["createdAt"],
            "deleted": False,
            "access": preview is None,
            "media": media,
            "preview": preview,
        }

    def save(
        self, owner: Person, kind: str, media: dict[str, Any], *, marker: str = "id", suffix: str = ""
    ) -> None:
        """Save the file of a media, or of its variant if it has one, as the downloader does."""
        mimetype = media["mimetype"]
        rendition = media["variants"][0] if media["variants"] else media
        stamp = datetime.fromtimestamp(media["createdAt"], UTC).strftime("%Y-%m-%d_at_%H-%M_UTC")
        name = f"{stamp}_{marker}_{rendition['id']}.{suffix or _EXTENSIONS[mimetype]}"
        place = Path(kind) / _FOLDERS[mimetype.split("/")[0]] / name
        self.write(owner, place, _BYTES[mimetype](rendition["id"]))
        taken = "images" if mimetype.startswith("image") else "scenes"
        self.count("ignored" if mimetype == AUDIO or suffix else taken)

    def write(self, owner: Person, path: Path, content: bytes) -> None:
        """Write a file below a creator's folder."""
        target = self.downloads / f"{owner.username}_fansly" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def count(self, what: str) -> None:
        """Count one more of something."""
        self.counts[what] = self.counts.get(what, 0) + 1
