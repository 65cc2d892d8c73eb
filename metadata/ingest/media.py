"""Turn a payload's media objects into rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from metadata.ingest import payload as api

if TYPE_CHECKING:
    from metadata.ingest.rows import Rows, Values

_LIMIT = 2**31


class MediaCollector:
    """Turns media, and how accounts offer them, into rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def account_media(self, value: object) -> None:
        """Take a media as an account offers it, with the media itself and its preview."""
        one = self._rows.read(api.ACCOUNT_MEDIA, value)
        if one is None:
            return
        offer, account = one["id"], one["accountId"]
        media, preview = self._nested(one, "media"), self._nested(one, "preview")
        number = one.get("mediaId") or media
        if number is None:
            self._rows.report("account_media", offer, "names no media")
            return
        if media != number:
            self._rows.put_if_new("media", {"id": number}, {"accountId": account})
        self._put_offer(api.ACCOUNT_MEDIA, one, preview, mediaId=number)

    def bundle(self, value: object) -> None:
        """Take a bundle with the places of its media."""
        one = self._rows.read(api.BUNDLE, value)
        if one is None:
            return
        self._put_offer(api.BUNDLE, one, self._nested(one, "preview"))
        numbers = enumerate(one.get("accountMediaIds") or ())
        named: list[object] = [{"accountMediaId": number, "pos": place} for place, number in numbers]
        for place in self._rows.read_each(api.BUNDLE_CONTENT, named + (one.get("bundleContent") or [])):
            key = {"bundle_id": one["id"], "media_id": place["accountMediaId"]}
            self._rows.put("account_media_bundle_media", key, {"pos": place.get("pos") or 0})

    def media(self, value: object, account: int) -> int | None:
        """Take a media with its variants and locations. `account` has it, if it does not say. Return its id."""
        one = self._one(value, account)
        if one is None:
            return None
        number: int = one["id"]
        for variant in one.get("variants") or ():
            known = self._one(variant, one.get("accountId") or account)
            if known is not None and known["id"] != number:
                self._rows.put("media_variants", {"mediaId": number, "variantId": known["id"]})
        return number

    def _one(self, value: object, account: int) -> Values | None:
        one = self._rows.read(api.MEDIA, value)
        if one is None:
            return None
        changed: Values = {"accountId": one.get("accountId") or account}
        if one.get("metadata"):
            changed |= {"meta_info": one["metadata"]} | _facts(one)
        self._rows.put_object(api.MEDIA, one, **changed)
        for place in self._rows.read_each(api.LOCATION, one.get("locations")):
            key = {"mediaId": one["id"], "locationId": place["locationId"]}
            location = place.get("location")
            without_query = None if location is None else location.partition("?")[0]
            self._rows.put("media_locations", key, {"location": without_query})
        return one

    def _nested(self, one: Values, name: str) -> int | None:
        return self.media(one[name], one["accountId"]) if one.get(name) is not None else None

    def _put_offer(self, shape: api.Shape, one: Values, preview: int | None, **more: int) -> None:
        """Ask for the row of an offer. Keys without a value are left out: columns that take no NULL have a default."""
        preview = one.get("previewId") or preview
        if preview is not None:
            more["previewId"] = preview
            if (preview,) not in self._rows.tables["media"]:
                reason = f"the preview {preview} is not in the payload"
                self._rows.report(shape.table, one["id"], reason, is_malformed=False)
        told = {key: value for key, value in one.items() if value is not None}
        self._rows.put_object(shape, told, **more)
        self._rows.put_facts(shape.table, one["id"], price=one.get("price"), likes=one.get("likeCount"))


def _facts(media: Values) -> Values:
    """Read a media's own metadata: the length of a video in seconds, and a size that is missing."""
    try:
        metadata = json.loads(media.get("metadata") or "")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(metadata, dict):
        return {}
    facts: Values = {}
    duration = metadata.get("duration")
    if _is_number(duration) and (media.get("mimetype") or "").startswith("video/"):
        facts["duration"] = float(duration)
    original = metadata.get("original")
    if isinstance(original, dict):
        for side in ("width", "height"):
            if media.get(side) is None and _is_number(original.get(side)):
                facts[side] = int(original[side])
    return facts


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT
