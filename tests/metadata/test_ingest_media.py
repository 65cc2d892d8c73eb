"""Media of payloads, and how accounts offer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stash.source.reader import Reader
from tests.metadata.payloads import (
    ANNA,
    ingest,
    offered,
    post,
    response,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stash.source.database import Database


async def test_media_come_with_variants_and_facts(database: Database, tmp_path: Path) -> None:
    """Variants belong to their parent's account, sizes and length come from the metadata, queries are cut off."""
    media = {
        "id": "10",
        "accountId": "6",
        "mimetype": "video/mp4",
        "metadata": '{"duration": 12.5, "original": {"width": 640, "height": 480}}',
        "height": 360,
        "locations": [{"locationId": "1", "location": "https://cdn/a.mp4?Policy=x"}, {"locationId": "102"}],
        "variants": [{"id": "11", "metadata": {"as": "object"}}, {"id": "10"}, {"id": "broken"}],
    }
    result = await ingest(database, tmp_path, response(accountMedia=[offered(9, media=media)]))
    assert await rows(database, "media", "id", "accountId", "width", "height", "duration", "meta_info") == [
        (10, 6, 640, 360, 12.5, media["metadata"]),
        (11, 6, None, None, None, '{"as": "object"}'),
    ]
    assert await rows(database, "media_variants", "mediaId", "variantId") == [(10, 11)]
    assert await rows(database, "media_locations", "locationId", "location") == [
        (1, "https://cdn/a.mp4"),
        (102, None),
    ]
    assert [one.table for one in result.problems] == ["media"]


@pytest.mark.parametrize(
    "metadata", ["", "no json", "[1]", '{"duration": "long", "original": 5}', '{"duration": 1e999}']
)
async def test_rubbish_in_metadata_does_no_harm(database: Database, tmp_path: Path, metadata: str) -> None:
    """Metadata that say nothing usable are kept as text and bring no facts."""
    media = {"id": "10", "mimetype": "video/mp4", "metadata": metadata}
    result = await ingest(database, tmp_path, response(accountMedia=[offered(9, media=media)]))
    assert result.failures == ()
    assert await rows(database, "media", "duration", "meta_info") == [(None, metadata or None)]


async def test_media_that_are_only_named_get_a_row(database: Database, tmp_path: Path) -> None:
    """Account media without the media object still has a media; one that names none is left out."""
    one, other = offered(9), offered(20)
    del one["media"], other["media"], other["mediaId"]
    result = await ingest(database, tmp_path, response(accountMedia=[one, other]))
    assert await rows(database, "media", "id", "accountId") == [(10, ANNA)]
    assert [one.reason for one in result.problems] == ["names no media"]


async def test_bundles_keep_their_order_and_their_gaps(database: Database, tmp_path: Path) -> None:
    """A bundle's places are kept for media that arrive later; a preview that is missing is named."""
    bundle = {
        "id": "30",
        "accountId": str(ANNA),
        "previewId": "40",
        "accountMediaIds": ["9", "20", {"no": "id"}],
        "bundleContent": [{"accountMediaId": "9", "pos": 7}],
        "purchased": True,
    }
    carried = [{"pos": 0, "contentType": 2, "contentId": "30"}]
    result = await ingest(
        database,
        tmp_path,
        response(posts=[post(attachments=carried)], accountMediaBundles=[bundle], accountMedia=[offered(9)]),
        response(accountMedia=[offered(20)]),
    )
    places = await rows(database, "account_media_bundle_media", "media_id", "pos")
    assert places == [(9, 7), (20, 1)]
    assert await rows(database, "account_media_bundles", "previewId", "purchased", "access") == [
        (40, True, False)
    ]
    assert {one.table for one in result.problems} == {"account_media_bundles", "account_media_bundle_media"}
    reader = Reader(database)
    windows = [window async for window in reader.pages(await reader.creator("acct_" + str(ANNA)))]
    assert [place.media.id for place in windows[0].items[0].media] == [21, 10]


async def test_previews_within_are_stored(database: Database, tmp_path: Path) -> None:
    """Previews that come as objects are media; a bundle's too, even where no previewId says so."""
    bundle = {"id": "30", "accountId": str(ANNA), "preview": {"id": "41"}}
    one = offered(9, previewId="42", preview={"id": "42"})
    result = await ingest(database, tmp_path, response(accountMediaBundles=[bundle], accountMedia=[one]))
    assert result.problems == ()
    assert await rows(database, "media") == [(10,), (41,), (42,)]
    assert await rows(database, "account_media_bundles", "previewId") == [(41,)]
