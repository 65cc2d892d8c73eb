"""Name the files without a match, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stash.files.content import is_copy
from stash.files.local import FOLDER
from stash.files.paths import escaped
from stash.report import Unmatched
from stash.source.disk import reason_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from stash.files.local import LocalFile
    from stash.files.stash_index import StashFileIndex
    from stash.source.items import Item
    from stash.source.reader import Reader
    from stash.source.reading.files import FileOwner


LEFT_OUT = "--only, --skip or the settings leave some out"


def no_files_reason(of_creators: Iterable[LocalFile], everything: Iterable[LocalFile]) -> str:
    """Return the reason why a sync finds no file of its creators. Empty if one of their files exists."""
    if any(file.kind for file in of_creators):
        return ""
    others = sum(file.kind is not None for file in everything)
    what = f"of these creators ({others} of others)" if others else "that Stash takes"
    return f"the downloads folder holds no file {what}"


def why_empty(
    item: Item,
    files: Mapping[int, Sequence[LocalFile]],
    deleted: Container[int],
    index: StashFileIndex,
) -> str:
    """Return the reason why Stash has nothing of an item.

    Args:
        item: the item.
        files: the files on disk of each media, by its id.
        deleted: the media that an earlier run recorded and that are gone from Stash.
        index: the files of the run.
    """
    media = [one.media for one in item.media]
    is_locked = all(one.is_locked or one.is_preview for one in item.media)
    if is_locked and not any(file.kind for one in media for file in files[one.id]):
        return "its media are locked"
    if any(one.id in deleted for one in media):
        return "its media were deleted in Stash"
    if any(not files[one.id] and not index.lacks(one) for one in media):
        return "none of its media is in a file that can be used"
    return "none of its media is in Stash"


@dataclass(frozen=True)
class UnmatchedFiles:
    """Finds the files without a match.

    Args:
        index: the files of the run.
        matched: the media that have a scene or an image.
        deleted: the media that an earlier run recorded and that are gone from Stash.
        recorded: the media that earlier runs recorded.
        is_dry: whether the scan was left out.
        is_narrow: whether the rules leave out items of a creator.
    """

    index: StashFileIndex
    matched: Container[int]
    deleted: Container[int]
    recorded: Container[int]
    is_dry: bool
    is_narrow: bool

    async def find(self, reader: Reader, files: Iterable[LocalFile]) -> list[Unmatched]:
        """Return each file that should have a match and has none, with the reason."""
        index = self.index
        unmatched = [file for file in files if file not in index.matched or file.path in index.extra_copies]
        owners = await reader.find_media((file.name, file.media_id) for file in unmatched)
        found: list[Unmatched] = []
        for file in unmatched:
            owner = owners.get(file.name)
            reason, is_failure = self._reason(file, owner)
            if reason:
                key = str(owner.media if owner else file.media_id or "")
                kind, path = file.kind or "file", escaped(file.path)
                found.append(Unmatched(kind, key, path, reason, is_failure=is_failure))
        return found

    def _reason(self, file: LocalFile, owner: FileOwner | None) -> tuple[str, bool]:
        """Return the reason why a file has no match, and whether that is a failure. Empty if all is well."""
        if file in self.index.unusable:
            return self._why_unusable(file, owner)
        if file.kind and owner is not None and owner.media in self.matched:
            return self._why_left_over(file), False
        return self._why_unmatched(file, owner)

    def _why_unusable(self, file: LocalFile, owner: FileOwner | None) -> tuple[str, bool]:
        """Return the reason why a file or folder is unusable. A failure if its media has no other file."""
        is_media = owner is not None or file.media_id is not None
        reason = self.index.unusable[file]
        if not (file.kind or is_media or reason.startswith(FOLDER)):
            return "", False
        is_matched = owner is not None and owner.media in self.matched
        return reason, bool(file.kind and is_media and not is_matched)

    def _why_left_over(self, file: LocalFile) -> str:
        """Return the reason why a further file of a matched media has no match. Stash joins only equal files."""
        matched_path = self.index.extra_copies.get(file.path)
        if matched_path is None:
            return ""
        try:
            if is_copy(Path(file.path), Path(matched_path)):
                return ""
        except OSError as error:
            return f"it cannot be compared with {Path(matched_path).name}, the file of its media ({reason_of(error)}); look at both"
        return f"its media is matched by another file, {Path(matched_path).name}"

    def _why_unmatched(self, file: LocalFile, owner: FileOwner | None) -> tuple[str, bool]:
        if file.kind is None:
            suffix = Path(file.name).suffix or "such"
            is_media = owner is not None or file.media_id is not None
            return (f"Stash does not take {suffix} files" if is_media else ""), False
        if owner is None:
            return "no row of the metadata database knows this file", file.media_id is not None
        if owner.media not in self.recorded and self.index.unknown([file]):
            return self._why_unknown(file)
        if owner.media in self.deleted:
            return f"its {file.kind} was deleted in Stash", False
        whose = f"that is synced: {LEFT_OUT}" if self.is_narrow else "of these creators"
        return _PICTURES.get(owner.picture or "", f"its row belongs to no item {whose}"), False

    def _why_unknown(self, file: LocalFile) -> tuple[str, bool]:
        """Return the reason why Stash does not know a file of a type that it takes."""
        if (unread := self.index.unread.get(file.path)) is not None:
            return unread, True
        if self.is_dry:
            return "Stash does not know this file yet; a sync has it scanned", False
        return "Stash does not know this file; have it scan the folder, or check the path map", True


_PICTURES = {
    "avatar": "it is an avatar: the picture of a performer",
    "banner": "it is a banner, for which Stash has no place",
}
"""Reasons for pictures of an account, which have no item."""
