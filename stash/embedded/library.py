"""The rows of the library's files, and how files find their images, scenes and galleries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stash.files.paths import natural_key

from .database import id_list
from .files import release_files
from .sql import IN_IDS, delete, insert, select, update
from .zips import pictures_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .database import Database
    from .media import Media

_COLUMNS = ("format", "width", "height", "duration", "video_codec", "audio_codec", "frame_rate", "bit_rate")
_NOUNS = {"image": "image", "video": "scene", "gallery": "gallery"}
_ON_DISK = "coalesce((SELECT zip.path FROM file AS zip WHERE zip.id = file.zip_file_id), file.path)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file on disk, or in a zip file, that may have to be read.

    Attributes:
        zip_file_id: the row of the zip file that it is in.
    """

    path: Path
    size: int
    mod_time: str
    zip_file_id: int | None = None


class Library:
    """Writes files and what they belong to. The caller holds the transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def folder_id(self, path: Path) -> int | None:
        """Return the row of a folder. None where it was never scanned."""
        found: int | None = self._database.value(select("id", "folder", "path = ?"), (str(path),))
        return found

    def add_folder(self, path: Path, mod_time: str | None = None) -> int:
        """Return the row of a folder, made where missing."""
        known = self.folder_id(path)
        if known is not None:
            return known
        now = self._database.now()
        changed = mod_time or self._database.moment(path.stat().st_mtime)
        sql = insert("folder", "path", "parent_id", "mod_time", "created_at", "updated_at")
        return self._database.run(sql, (str(path), self.folder_id(path.parent), changed, now, now))

    def knows(self, candidate: Candidate) -> bool:
        """Tell whether a file has a row with an entity and, by its time, did not change since."""
        for file_id, changed in self._database.rows(
            select("id, mod_time", "file", "path = ?"), (str(candidate.path),)
        ):
            return bool(changed == candidate.mod_time) and self._has_entity(file_id)
        return False

    def _has_entity(self, file_id: int) -> bool:
        """Tell whether a file belongs to anything: an entity that was deleted left it behind."""
        return any(
            self._database.rows(select("1", f"{noun}_file", "file_id = ?"), (file_id,))
            for noun in _NOUNS.values()
        )

    def candidate(self, path: Path) -> Candidate:
        """Describe a file as it lies on disk."""
        stat = path.stat()
        return Candidate(path, stat.st_size, self._database.moment(stat.st_mtime))

    def take(self, candidate: Candidate, media: Media) -> int | None:
        """Write a file that is new, moved or changed, and tie a new one to its entity.

        Returns:
            The entity that a new file was tied to.
        """
        values = self._values(candidate, media)
        known = self._database.value(select("id", "file", "path = ?"), (str(candidate.path),))
        if known is None:
            known = self._moved_from(media)
        if known is not None:
            self._database.run(update("file", list(values)), (*values.values(), known))
            self._write_fingerprints(known, media)
            return None if self._has_entity(known) else self._attach(known, media)
        values["created_at"] = values["updated_at"]
        file_id = self._database.run(insert("file", *values), tuple(values.values()))
        self._write_fingerprints(file_id, media)
        owner = self._attach(file_id, media)
        if media.kind == "gallery":
            self._take_pictures(candidate.path, file_id, owner)
        return owner

    def clean(self, paths: Iterable[Path]) -> None:
        """Take out files that are gone from the disk, and entities that are left without any file."""
        roots = [str(path) for path in paths]
        gone = [
            file_id
            for file_id, path in self._database.rows(select(f"id, {_ON_DISK}", "file"))
            if any(path == root or path.startswith(f"{root}/") for root in roots) and not Path(path).exists()
        ]
        for noun in _NOUNS.values():
            emptied = release_files(self._database, noun, gone)
            self._database.run(delete(noun, f"id {IN_IDS}"), (id_list(emptied),))
        self._database.run(delete("file", f"id {IN_IDS}"), (id_list(gone),))
        for folder_id, path in self._database.rows(select("id, path", "folder", order="path DESC")):
            used = self._database.rows(select("1", "file", "folder_id = ?"), (folder_id,))
            within = any(path == root or path.startswith(f"{root}/") for root in roots)
            if within and not used and not Path(path).exists():
                self._database.run(delete("folder", "id = ?"), (folder_id,))

    def _values(self, candidate: Candidate, media: Media) -> dict[str, Any]:
        path = candidate.path
        zipped = candidate.zip_file_id is not None
        return {
            "kind": media.kind,
            "folder_id": self.add_folder(path.parent, candidate.mod_time if zipped else None),
            "basename": path.name,
            "path": str(path),
            "path_key": natural_key(str(path.parent) + path.name),
            "zip_file_id": candidate.zip_file_id,
            "size": candidate.size,
            "mod_time": candidate.mod_time,
            "updated_at": self._database.now(),
            **{name: getattr(media, name) for name in _COLUMNS},
        }

    def _write_fingerprints(self, file_id: int, media: Media) -> None:
        self._database.run(delete("fingerprint", "file_id = ?"), (file_id,))
        rows = ((file_id, kind, value) for kind, value in media.fingerprints)
        self._database.run_many(insert("fingerprint", "file_id", "type", "value"), rows)

    def _moved_from(self, media: Media) -> int | None:
        """Return the row of the same content whose file is no longer where it was."""
        tables = "fingerprint JOIN file ON file.id = file_id"
        sql = select(f"file.id, {_ON_DISK}", tables, "value = ? AND type = ?")
        for kind, value in media.fingerprints:
            for file_id, path in self._database.rows(sql, (value, kind)):
                if not Path(path).exists():
                    return int(file_id)
        return None

    def _attach(self, file_id: int, media: Media) -> int:
        """Tie a new file to the entity that has the same content, else to a new one."""
        noun = "image" if media.format == "gif" else _NOUNS[media.kind]
        now = self._database.now()
        entity_id = None
        sql = select(
            f"{noun}_id",
            f"{noun}_file JOIN fingerprint USING (file_id)",
            "value = ? AND type = ?",
            f"{noun}_id",
        )
        for kind, value in media.fingerprints:
            entity_id = entity_id or self._database.value(sql, (value, kind))
        if entity_id is None:
            owner = self._database.run(insert(noun, "created_at", "updated_at"), (now, now))
        else:
            owner = int(entity_id)
            self._database.run(update(noun, ["updated_at"]), (now, owner))
        sql = insert(f"{noun}_file", f"{noun}_id", "file_id", "is_primary")
        self._database.run(sql, (owner, file_id, entity_id is None))
        return owner

    def _take_pictures(self, path: Path, zip_file_id: int, gallery_id: int) -> None:
        for inner, size, changed, media in pictures_in(path):
            image_id = self.take(Candidate(inner, size, self._database.moment(changed), zip_file_id), media)
            if image_id is not None:
                sql = insert("gallery_image", "gallery_id", "image_id", verb="INSERT OR IGNORE")
                self._database.run(sql, (gallery_id, image_id))
