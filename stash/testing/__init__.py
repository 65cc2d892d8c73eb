"""The test kit for whoever keeps a downloader: canned replies, factories, a counter of calls, and pytest fixtures.

A `conftest.py` names the fixtures by `pytest_plugins = ["stash.testing.plugin"]`. The extra `testing` installs what
the kit needs. The program itself never imports it.
"""

from stash.testing.canned import Refusal
from stash.testing.counting import ApiCalls, count_api_calls
from stash.testing.factories import (
    AggregatedPostFactory,
    CreatorFactory,
    GalleryFactory,
    ImageFactory,
    ItemFactory,
    ItemHashtagFactory,
    ItemMediaFactory,
    MentionFactory,
    PerformerFactory,
    SceneFactory,
    StoredMediaFactory,
    StudioFactory,
    TagFactory,
    create_hashtag,
)
from stash.testing.library import add_image, add_scene
from stash.testing.stash_replies import StashCall, StashReplies
from stash.testing.transport import RootFieldTransport

__all__ = [
    "AggregatedPostFactory",
    "ApiCalls",
    "CreatorFactory",
    "GalleryFactory",
    "ImageFactory",
    "ItemFactory",
    "ItemHashtagFactory",
    "ItemMediaFactory",
    "MentionFactory",
    "PerformerFactory",
    "Refusal",
    "RootFieldTransport",
    "SceneFactory",
    "StashCall",
    "StashReplies",
    "StoredMediaFactory",
    "StudioFactory",
    "TagFactory",
    "add_image",
    "add_scene",
    "count_api_calls",
    "create_hashtag",
]
