"""Which files are the creators', and which of theirs are not on the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.files.paths import folders_of, media_id
from stash.processing.context import Working

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from stash.files.local import LocalFile
    from stash.source.items import Creator
    from stash.source.reader import Reader


@dataclass(frozen=True)
class FilesOf:
    """The files of a run's creators: how many of them rows name, and which of those are of media that no run recorded.

    `unusable` lie in the same folders.
    """

    all: list[LocalFile]
    owned: int
    new: list[LocalFile]
    unusable: list[LocalFile]


class Finding(Working):
    """Finds files by the rows of the database."""

    async def _files_of(self, reader: Reader, creators: Sequence[Creator], known: Container[int]) -> FilesOf:
        """The files of these creators: by their rows, and all that lies in the same folders. `known` media were recorded.

        Whose each file is, is not kept: of a large library that takes as much memory as the files.
        """
        files, unusable = self.run.files.on_host, self.run.files.unusable
        everything = [*files, *unusable]
        owners = await reader.find_media((file.name, file.media_id) for file in everything)
        wanted = {creator.id for creator in creators}
        folders = {f.folder for f in everything if f.name in owners and owners[f.name].accountId in wanted}
        homes = {one.id: folders_of(one.username) for one in creators}
        self.run.files.creator_folders.update(homes)
        at_home = frozenset().union(*homes.values())
        folders |= {folder for folder in {file.folder for file in everything} if folder.casefold() in at_home}
        ours = [file for file in files if file.folder in folders]
        owned = [(file, owners[file.name].media) for file in ours if file.kind and file.name in owners]
        new = [file for file, media in owned if media not in known]
        return FilesOf(ours, len(owned), new, [file for file in unusable if file.folder in folders])

    async def _recorded_media(self) -> set[int]:
        return set() if self.run.journal is None else await self.run.journal.known_media()

    async def _find_absent(self, reader: Reader, creators: Sequence[Creator], known: Container[int]) -> None:
        """Find in Stash what was moved out of the downloads and was never matched. `known` media were."""
        names = await reader.named_files(creators, self.run.files.is_absent)
        owners = await reader.find_media((name, media_id(name)) for name in names)
        wanted = [name for name, owner in owners.items() if owner.media not in known]
        await self.run.files.find_absent(self.store, wanted)
