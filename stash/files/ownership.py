"""Find which files on disk belong to which creators, by the rows of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash.files.paths import folders_of, media_id

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from stash.files.local import LocalFile
    from stash.files.stash_index import StashFileIndex
    from stash.source.items import Creator
    from stash.source.reader import Reader
    from stash.store import StashStore


@dataclass(frozen=True)
class CreatorFiles:
    """The files of a run's creators.

    Args:
        all: every file in the creators' folders, and files elsewhere that their rows name.
        owned: the number of files that their rows name.
        new: the files of media that no run recorded.
        unusable: the unusable files and folders below the same folders.
    """

    all: list[LocalFile]
    owned: int
    new: list[LocalFile]
    unusable: list[LocalFile]


async def find_creator_files(
    reader: Reader, index: StashFileIndex, creators: Sequence[Creator], recorded: Container[int]
) -> CreatorFiles:
    """Return the files that the creators' rows name, and every file in the same folders.

    The owner of each file is not stored, because that takes as much memory as all files.

    Args:
        reader: the database.
        index: the files on disk. It receives the folders of the creators.
        creators: the creators of the run.
        recorded: the media that earlier runs recorded, by id.
    """
    everything = [*index.on_host, *index.unusable]
    owners = await reader.find_media((file.name, file.media_id) for file in everything)
    wanted = {creator.id for creator in creators}
    folders = {f.folder for f in everything if f.name in owners and owners[f.name].accountId in wanted}
    index.creator_folders.update({one.id: folders_of(one.username) for one in creators})
    own_folders = frozenset().union(*(index.creator_folders[one.id] for one in creators))
    folders |= {folder for folder in {file.folder for file in everything} if folder.casefold() in own_folders}
    found = [file for file in index.on_host if file.folder in folders]
    owned = [(file, owners[file.name].media) for file in found if file.kind and file.name in owners]
    new = [file for file, media in owned if media not in recorded]
    return CreatorFiles(found, len(owned), new, [file for file in index.unusable if file.folder in folders])


async def find_absent_files(
    reader: Reader,
    index: StashFileIndex,
    store: StashStore,
    creators: Sequence[Creator],
    recorded: Container[int],
) -> None:
    """Find in Stash the files that left the downloads and whose media were never recorded."""
    names = await reader.named_files(creators, index.is_absent)
    owners = await reader.find_media((name, media_id(name)) for name in names)
    wanted = [name for name, owner in owners.items() if owner.media not in recorded]
    await index.find_absent(store, wanted)
