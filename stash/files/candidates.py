"""Choose one of several files for a media, by a total order that ignores the order of the input. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stash.files.paths import base_name

if TYPE_CHECKING:
    from collections.abc import Container

    from stash.files.local import LocalFile
    from stash.source.items import StoredMedia

_FORM = re.compile(
    r"""(?P<dated>(\d{4}-\d\d-\d\d_at_\d\d-\d\d(_UTC)?|unknown)(_hash\w*?)?)?   # the downloader's own, of any era
    (?(dated)|.*?) (_preview)? _id_\d+ (_hash\d*_[0-9a-f]+)? \.[^.]+""",
    re.VERBOSE | re.DOTALL,
)

type Rank = tuple[int | bool | str, ...]


def kind_by(mimetype: str | None) -> str | None:
    """Return the kind of entity that Stash makes of a MIME type. None if the type does not say."""
    if not mimetype or mimetype.startswith("audio/"):
        return None
    return "image" if mimetype.startswith("image/") else "scene"


def form_of(file_name: str) -> int:
    """Rank a file name: 0 has the downloader's date, 1 is `<name>_id_N.ext`, 2 is any other, such as a copy's."""
    found = _FORM.fullmatch(file_name)
    return 2 if found is None else 1 if found["dated"] is None else 0


def likeness(file: LocalFile, media: StoredMedia) -> Rank:
    """Rank a file for a media. The least rank is the file that the downloader wrote.

    The name in the row of the media comes first, then the names in its variants' rows. Then comes the downloader's form
    with the id of the media.
    """
    names = [base_name(one.local_filename) for one in (media, *media.variants) if one.local_filename]
    rendition = next((one for one in media.variants if one.id == file.media_id), None)
    expected = kind_by((rendition or media).mimetype)
    is_other_kind = expected is not None and file.kind != expected
    if file.name in names:
        return file.kind is None, 0 if file.name == base_name(media.local_filename or "") else 1
    return file.kind is None, 2, is_other_kind, form_of(file.name), rendition is not None


def rank_files(files: list[LocalFile], media: StoredMedia, own_folders: Container[str]) -> list[LocalFile]:
    """Return the files of a media, the likeliest first. Equals go by the creator's own folder, then by path."""
    return sorted(
        files,
        key=lambda file: (likeness(file, media), file.folder.casefold() not in own_folders, file.path),
    )
