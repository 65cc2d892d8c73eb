"""What a payload's media objects mean as rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from metadata.ingest import payload as api

if TYPE_CHECKING:
    from metadata.ingest.rows import Rows, Values

_PARTS_OF_MEDIA = {"metadata", "variants", "locations"}
_LIMIT = 2**31
_PARTS_OF_OFFER = {"media", "preview", "price", "likeCount"}
_PARTS_OF_BUNDLE = {"preview", "accountMediaIds", "bundleContent", "price", "likeCount"}


class MediaCollector:
    """Turns media, and how accounts offer them, into rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def account_media(self, value: object) -> None:
        """A media as an account offers it, with the media itself and its preview."""
        one = self._rows.read(api.AccountMediaPayload, value, "account_media")
        if one is None:
            return
        media = self.media(one.media, one.accountId) if one.media is not None else None
        preview = self.media(one.preview, one.accountId) if one.preview is not None else None
        plain = _without_null(one.model_dump(exclude_unset=True, exclude=_PARTS_OF_OFFER))
        number = one.mediaId or media
        if number is None:
            self._rows.report("account_media", one.id, "names no media")
            return
        if media != number:
            self._rows.put_if_new("media", {"id": number}, {"accountId": one.accountId})
        self._put_preview("account_media", one.id, plain, one.previewId or preview)
        self._rows.put("account_media", {"id": plain.pop("id")}, plain | {"mediaId": number})
        self._rows.put_facts("account_media", one.id, price=one.price, likes=one.likeCount)

    def bundle(self, value: object) -> None:
        """A bundle with the places of its media."""
        one = self._rows.read(api.BundlePayload, value, "account_media_bundles")
        if one is None:
            return
        preview = self.media(one.preview, one.accountId) if one.preview is not None else None
        plain = _without_null(one.model_dump(exclude_unset=True, exclude=_PARTS_OF_BUNDLE))
        self._put_preview("account_media_bundles", one.id, plain, one.previewId or preview)
        self._rows.put("account_media_bundles", {"id": plain.pop("id")}, plain)
        self._rows.put_facts("account_media_bundles", one.id, price=one.price, likes=one.likeCount)
        listed = enumerate(one.accountMediaIds or ())
        named: list[object] = [{"accountMediaId": number, "pos": place} for place, number in listed]
        for place in self._rows.read_each(
            api.BundleContentPayload, named + (one.bundleContent or []), "account_media_bundle_media"
        ):
            key = {"bundle_id": one.id, "media_id": place.accountMediaId}
            self._rows.put("account_media_bundle_media", key, {"pos": place.pos or 0})

    def media(self, value: object, account: int) -> int | None:
        """A media with its variants and locations. `account` has it, if it does not say. Its id."""
        one = self._one(value, account)
        if one is None:
            return None
        for variant in one.variants or ():
            known = self._one(variant, one.accountId or account)
            if known is not None and known.id != one.id:
                self._rows.put("media_variants", {"mediaId": one.id, "variantId": known.id})
        return one.id

    def _one(self, value: object, account: int) -> api.MediaPayload | None:
        one = self._rows.read(api.MediaPayload, value, "media")
        if one is None:
            return None
        plain = one.model_dump(exclude_unset=True, exclude=_PARTS_OF_MEDIA)
        plain["accountId"] = one.accountId or account
        if one.metadata:
            plain["meta_info"] = one.metadata
            plain |= _facts(one)
        self._rows.put("media", {"id": plain.pop("id")}, plain)
        for place in self._rows.read_each(api.LocationPayload, one.locations, "media_locations"):
            key = {"mediaId": one.id, "locationId": place.locationId}
            location = place.location.partition("?")[0] if place.location is not None else None
            self._rows.put("media_locations", key, {"location": location})
        return one

    def _put_preview(self, table: str, key: int, plain: Values, preview: int | None) -> None:
        if preview is None:
            return
        plain["previewId"] = preview
        if (preview,) not in self._rows.tables["media"]:
            reason = f"the preview {preview} is not in the payload"
            self._rows.report(table, key, reason, is_malformed=False)


def _without_null(plain: Values) -> Values:
    """Without the keys that say nothing: columns that take no NULL have a default."""
    return {key: value for key, value in plain.items() if value is not None}


def _facts(media: api.MediaPayload) -> Values:
    """Return what a media's own metadata adds: the length of a video in seconds, and a size that is missing."""
    try:
        metadata = json.loads(media.metadata or "")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(metadata, dict):
        return {}
    facts: Values = {}
    duration = metadata.get("duration")
    if _is_number(duration) and (media.mimetype or "").startswith("video/"):
        facts["duration"] = float(duration)
    original = metadata.get("original")
    if isinstance(original, dict):
        for side, known in (("width", media.width), ("height", media.height)):
            if known is None and _is_number(original.get(side)):
                facts[side] = int(original[side])
    return facts


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT
