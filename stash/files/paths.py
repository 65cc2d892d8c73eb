"""Translate paths between this host and Stash, and read the media id from a file name. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEDIA_NAME = re.compile(r"_(?:(?P<preview>preview)_)?id_(?P<id>\d{1,19})(?=\D|$)")
_QUOTED = r'"(?:[^"]|"")*"'
_PAIRS = re.compile(rf"(?:{_QUOTED}|[^;])+")
_SIDES = re.compile(rf"(?:{_QUOTED}|[^=])+")
_LARGEST_ID = 2**63 - 1

_SUFFIXES = {
    "image": "jpg jpeg png gif webp avif",
    "scene": "m4v mp4 mov wmv avi mpg mpeg rmvb rm flv asf mkv webm f4v",
}
_KINDS = {f".{suffix}": kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


class MediaName(NamedTuple):
    """The media id in a file name, and whether the file is a preview."""

    id: int
    is_preview: bool


def media_name(file_name: str) -> MediaName | None:
    """Return the media id in a file name, in the form of any era. None if the name has none."""
    found = _MEDIA_NAME.findall(file_name)
    if not found:
        return None
    preview, number = found[-1]
    return MediaName(int(number), bool(preview)) if int(number) <= _LARGEST_ID else None


def media_id(file_name: str) -> int | None:
    """Return the media id in a file name. None if the name has none."""
    found = media_name(file_name)
    return None if found is None else found.id


def kind_of(file_name: str) -> str | None:
    """Return the kind of entity that Stash makes of a file by default: `image`, `scene`, or None."""
    return _KINDS.get(file_name[file_name.rfind(".") :].lower()) if "." in file_name else None


_COMPANIONS = (
    "part partial crdownload download tmp temp ytdl aria2 json jsonl xml nfo txt info description md5 sha1 sha256 sfv "
    "torrent db ini lnk url log bak srt vtt ass lrc"
)
_COMPANION_SUFFIXES = frozenset(_COMPANIONS.split())
"""Suffixes of files that programs put beside a picture or video, and of unfinished downloads."""

_THUMBNAIL = re.compile(
    r"""^thumb(nail)?[._-]                                        # thumb_….jpg
    | _id_\d+ .* [ ._-] (thumb(nail)?|poster|fanart|sprite)s? \.[^.]+$     # …_id_5_thumb.jpg, …_id_5.mp4-poster.jpg
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ASIDE = frozenset(
    {"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx"}
)
"""Folders of the operating system or a disk station, in lower case."""

_THUMBNAILS = frozenset({"thumb", "thumbs", "thumbnail", "thumbnails"})


def is_companion(file_name: str) -> bool:
    """Tell whether a file only accompanies another one: hidden, unfinished, a thumbnail, or metadata."""
    if file_name.startswith("."):
        return True
    stem, dot, suffix = file_name.rpartition(".")
    if dot and suffix.lower() in _COMPANION_SUFFIXES:
        return True
    if kind_of(file_name) != "image":
        return False
    return kind_of(stem) == "scene" or _THUMBNAIL.search(file_name) is not None


def is_aside(folder_name: str, *, is_topmost: bool = False) -> bool:
    """Tell whether a folder holds only companions. A topmost folder may have the name of a creator."""
    name = folder_name.casefold()
    return name.startswith(".") or name in _ASIDE or (name in _THUMBNAILS and not is_topmost)


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def is_text(path: str) -> bool:
    """Tell whether a path is UTF-8. Python decodes other bytes to lone surrogates."""
    return path.isascii() or _HALF_CHARACTER.search(path) is None


def escaped(text: str) -> str:
    """Return a text that may be shown and sent. A byte that is no UTF-8 becomes a backslash and `xe9`."""
    return text if is_text(text) else _HALF_CHARACTER.sub(_escape, text)


def _escape(half: re.Match[str]) -> str:
    number = ord(half[0])
    return f"\\x{number & 0xFF:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"  # noqa: PLR2004 - PEP 383


def base_name(path: str) -> str:
    """Return the last component of a POSIX or Windows path. A path from the root is a POSIX path."""
    if path.startswith("/"):
        return path[path.rfind("/") + 1 :]
    return path[max(path.rfind("/"), path.rfind("\\")) + 1 :]


def folders_of(username: str) -> frozenset[str]:
    """Return the names that the downloader may give the folder of a creator, in lower case."""
    name = username.casefold()
    return frozenset({name, f"{name}_fansly"})


@dataclass(frozen=True)
class PathMap:
    """Pairs of a folder on this host and the same folder as Stash sees it. The longest host folder wins.

    `is_reorganised` says that Stash keeps the files in other subfolders.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    is_reorganised: bool = False

    @classmethod
    def parse(cls, text: str | None, *, is_reorganised: bool = False) -> PathMap:
        """Parse pairs `host=stash` with semicolons between them.

        A side with a semicolon or an equals sign stands in double quotes. A double quote within is written twice.

        Raises:
            UsageError: a pair has no `=`, or an empty side.
        """
        pairs = []
        for part in _PAIRS.findall(text or ""):
            if not part.strip():
                continue
            sides = [_trimmed(side) for side in _SIDES.findall(part)]
            if len(sides) != 2 or not all(sides):  # noqa: PLR2004 - a pair
                raise UsageError(
                    f"{part.strip()!r} is no path map; write host=stash, for example /home/me/dl=/data/dl."
                )
            pairs.append((sides[0], sides[1]))
        longest_first = sorted(pairs, key=lambda pair: -len(_parts(pair[0])))
        return cls(tuple(longest_first), is_reorganised)

    def folders(self, stash_paths: Iterable[str]) -> list[str]:
        """Return the folders, as Stash sees them, that contain these files of Stash."""
        if self.is_reorganised and self.pairs:
            return sorted({stash for _, stash in self.pairs})
        folders = {path[: -len(base_name(path))] for path in stash_paths}
        return sorted(folder.rstrip("/\\") for folder in folders if folder)

    def to_stash(self, host_path: str) -> str:
        """Return the path of a host file as Stash sees it. An unmapped path stays."""
        return (self._mapped(host_path, self.pairs) or host_path) if self.pairs else host_path

    def to_host(self, stash_path: str) -> str | None:
        """Return the path of a file of Stash on this host. None if maps are set and none matches."""
        if not self.pairs:
            return stash_path
        backwards = sorted(
            ((stash, host) for host, stash in self.pairs), key=lambda pair: -len(_parts(pair[0]))
        )
        return self._mapped(stash_path, backwards)

    def _mapped(self, path: str, pairs: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> str | None:
        parts = _parts(path)
        for source, target in pairs:
            prefix = _parts(source)
            if _folded(parts[: len(prefix)], source) == _folded(prefix, source):
                separator = "\\" if _is_windows(target) else "/"
                return separator.join([target.rstrip("/\\"), *parts[len(prefix) :]]) or separator
        return None


def without_common_tail(host_path: str, stash_path: str) -> tuple[str, str]:
    """Return the folders of a file on both sides, without the trailing components that both share."""
    host, stash = _parts(host_path), _parts(stash_path)
    is_folded = _is_windows(host_path) or _is_windows(stash_path)
    common = 0
    for host_part, stash_part in zip(reversed(host[1:]), reversed(stash[1:]), strict=False):
        if host_part != stash_part and not (is_folded and host_part.casefold() == stash_part.casefold()):
            break
        common += 1
    return _joined(host[: len(host) - common], host_path), _joined(stash[: len(stash) - common], stash_path)


def is_within(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies below that folder."""
    return PathMap(((folder, folder),)).to_host(path) is not None


def map_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as a path map is written, quoted where a name needs it."""
    return ";".join("=".join(map(_as_side, pair)) for pair in pairs)


def _as_side(folder: str) -> str:
    return quoted(folder) if set(folder) & set("\"';=") or folder != folder.strip() else folder


def _joined(parts: list[str], like: str) -> str:
    separator = "\\" if _is_windows(like) else "/"
    root = parts[0].removesuffix("/")
    if root.startswith("\\\\"):
        return root + separator.join(parts[1:])
    return separator.join([root, *parts[1:]]) or "/"


def quoted(folder: str) -> str:
    """Return a folder as one side of a path map, in double quotes."""
    doubled = folder.replace('"', '""')
    return f'"{doubled}"'


def _trimmed(text: str) -> str:
    text = text.strip()
    is_quoted = re.fullmatch(_QUOTED, text) is not None
    text = text[1:-1].replace('""', '"') if is_quoted else text.strip("\"'")
    return text.rstrip("/\\") or text[:1]


def _is_windows(path: str) -> bool:
    return bool(re.match(r"[A-Za-z]:([\\/]|$)", path)) or path.startswith("\\\\")


def _parts(path: str) -> list[str]:
    root = "\\\\" if path.startswith("\\\\") else ""
    pieces = re.split(r"[\\/]+" if _is_windows(path) or root else r"/+", path.strip())
    return [root + (pieces[0] or "/"), *[piece for piece in pieces[1:] if piece]]


def _folded(parts: list[str], path: str) -> list[str]:
    return [part.casefold() for part in parts] if _is_windows(path) else parts


def place_key(path: str) -> bytes:
    """Return the key by which Stash orders the images of a gallery: folder and name joined without a separator."""
    name = base_name(path)
    return natural_key(path[: -len(name) - 1] + name)


def natural_key(text: str) -> bytes:
    """Return a key whose byte order is Stash's natural order of paths, without case: a2 < A3 < a10.

    Numbers are ordered by value. Of equal numbers the one with fewer leading zeros comes first. Letters count as capitals.
    """
    key = bytearray()
    for run in _DIGITS_OR_NOT.findall(text):
        if run[0] in "0123456789":
            number = run.lstrip("0")
            zeros = len(run) - len(number)
            key += b"0" + len(number).to_bytes(2) + number.encode() + min(zeros, 255).to_bytes(1)
        elif run.isascii():
            key += run.upper().encode()
        else:
            key += "".join(min(char, char.upper()[0], char.lower()[0]) for char in run).encode(
                "utf-8", "replace"
            )
    return bytes(key)


_DIGITS_OR_NOT = re.compile(r"[0-9]+|[^0-9]+")
