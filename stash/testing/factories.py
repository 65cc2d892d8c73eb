"""Factories of what the reader returns, and of Stash's entities. `CreatorFactory.build()` makes one."""

from __future__ import annotations

from datetime import UTC, datetime

from factory import LazyAttribute, LazyFunction, Sequence, SubFactory, make_factory
from stash_graphql_client.types import Gallery, Image, Performer, Scene, Studio, Tag

from stash.source.items import (
    AggregatedPost,
    Creator,
    Item,
    ItemHashtag,
    ItemMedia,
    ItemRef,
    Mention,
    StoredMedia,
)

CREATED = datetime(2024, 5, 1, 12, tzinfo=UTC)
_CREATOR, _MEDIA, _POST, _INNER_POST = (number * 10**16 for number in (70, 71, 72, 73))


def create_hashtag(value: str) -> ItemHashtag:
    """Return a hashtag as the reader has it, without its `#`."""
    return ItemHashtag(value.removeprefix("#"))


# --- of the reader ---

StoredMediaFactory = make_factory(
    StoredMedia,
    id=Sequence(lambda n: _MEDIA + n),
    accountId=_CREATOR,
    mimetype="image/jpeg",
    createdAt=CREATED,
    local_filename=LazyAttribute(lambda media: f"{CREATED:%Y-%m-%d}_id_{media.id}.jpg"),
    is_downloaded=True,
)
CreatorFactory = make_factory(
    Creator,
    id=Sequence(lambda n: _CREATOR + n),
    username=Sequence(lambda n: f"creator{n}"),
    displayName=LazyAttribute(lambda creator: creator.username.capitalize()),
    about=LazyAttribute(lambda creator: f"About {creator.displayName}"),
)
ItemHashtagFactory = make_factory(ItemHashtag, value=Sequence(lambda n: f"hashtag{n}"))
MentionFactory = make_factory(Mention, handle=Sequence(lambda n: f"mentioned{n}"))
ItemFactory = make_factory(
    Item,
    kind="post",
    id=Sequence(lambda n: _POST + n),
    account=SubFactory(CreatorFactory),
    content=Sequence(lambda n: f"The text of post {n}"),
    createdAt=CREATED,
)
ItemMediaFactory = make_factory(
    ItemMedia,
    media=SubFactory(StoredMediaFactory),
    owner=Sequence(lambda n: ItemRef(CREATED, _POST + n, "post")),
)
AggregatedPostFactory = make_factory(
    AggregatedPost,
    id=Sequence(lambda n: _INNER_POST + n),
    account=SubFactory(CreatorFactory),
    content=Sequence(lambda n: f"The text of inner post {n}"),
    createdAt=CREATED,
)

# --- of Stash: entities that it has ---

_ID = Sequence(lambda n: str(n + 1))

PerformerFactory = make_factory(
    Performer,
    id=_ID,
    name=Sequence(lambda n: f"Performer {n}"),
    alias_list=LazyFunction(list),
    urls=LazyFunction(list),
)
StudioFactory = make_factory(Studio, id=_ID, name=Sequence(lambda n: f"Studio {n}"), urls=LazyFunction(list))
TagFactory = make_factory(Tag, id=_ID, name=Sequence(lambda n: f"tag{n}"), aliases=LazyFunction(list))
SceneFactory = make_factory(Scene, id=_ID, title=Sequence(lambda n: f"Scene {n}"), organized=False)
ImageFactory = make_factory(Image, id=_ID, title=Sequence(lambda n: f"Image {n}"), organized=False)
GalleryFactory = make_factory(
    Gallery,
    id=_ID,
    title=Sequence(lambda n: f"Gallery {n}"),
    code=Sequence(lambda n: str(_POST + n)),
    organized=False,
)
