"""The demo's made-up world."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from metadata.ingest import ingest_paths
from metadata.making import open_or_make
from stash.demo import DemoWorld, write_world
from stash.files.paths import kind_of
from stash.source.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"(\d{4}-\d\d-\d\d_at_\d\d-\d\d_UTC)_(preview_)?id_(\d+)\.(jpeg|gif|mp4|mp3|None)")
FOREIGN = "from_my_phone.jpeg"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> DemoWorld:
    """The demo's world; no test changes it."""
    return write_world(tmp_path_factory.mktemp("world"))


def responses(world: DemoWorld, pattern: str = "*") -> list[dict[str, Any]]:
    """The contents of the payloads, by name."""
    texts = (path.read_text("utf-8") for path in sorted(world.payloads.glob(f"{pattern}.json")))
    return [json.loads(text)["response"] for text in texts]


def listed(world: DemoWorld, key: str) -> list[dict[str, Any]]:
    """All objects of one list, wherever a payload carries it."""
    found: list[dict[str, Any]] = []
    for response in responses(world):
        for part in (response, response.get("aggregationData", {})):
            found += part.get(key, [])
    return found


def media(world: DemoWorld) -> dict[str, dict[str, Any]]:
    """Every media, preview and variant of the payloads by its id."""
    whole = [m for held in listed(world, "accountMedia") for m in (held["media"], held["preview"]) if m]
    return {one["id"]: one for m in whole for one in (m, *m["variants"])}


def saved(world: DemoWorld) -> list[Path]:
    """Every file of the downloads."""
    return sorted(path for path in world.downloads.rglob("*") if path.is_file())


def known(world: DemoWorld) -> list[Path]:
    """Every file of the downloads that the downloader named."""
    return [path for path in saved(world) if path.name != FOREIGN]


def print_of(folder: Path) -> dict[str, str]:
    """What a folder holds: a digest by relative path."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def test_the_same_seed_writes_the_same_world(tmp_path):
    """Two worlds of one seed are equal to the byte; another seed writes another one."""
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_world(tmp_path / name, seed=seed, items=24)
    assert print_of(tmp_path / "a") == print_of(tmp_path / "b")
    assert print_of(tmp_path / "a") != print_of(tmp_path / "c")


def test_writing_again_changes_nothing(tmp_path):
    """A world may be written over itself."""
    first = write_world(tmp_path, items=16)
    before = print_of(tmp_path)
    assert write_world(tmp_path, items=16) == first
    assert print_of(tmp_path) == before


@pytest.mark.parametrize(("creators", "items"), [(1, 60), (2, 61), (3, 20), (5, 50)])
def test_there_are_as_many_items_and_creators_as_asked(tmp_path, creators, items):
    """Posts, messages and stories together are the items asked for, carried-along posts apart."""
    world = write_world(tmp_path, creators=creators, items=items)
    assert sum(len(listed(world, key)) for key in ("posts", "messages", "mediaStories")) == items
    assert len(set(world.usernames)) == creators
    assert {path.name for path in world.downloads.iterdir()} == {f"{u}_fansly" for u in world.usernames}


def test_a_world_grows_linearly(tmp_path):
    """Ten times the items are ten times the files, give or take the fixed few."""
    small = write_world(tmp_path / "small", items=70)
    large = write_world(tmp_path / "large", items=700)
    assert large.taken == pytest.approx(10 * small.taken, rel=0.1)
    assert len(saved(large)) == large.taken + large.ignored + large.foreign


def test_the_counts_are_those_of_the_folder(world):
    """Images, scenes, ignored and foreign are the files that lie in the folder, each counted once."""
    kinds = Counter(kind_of(str(path)) for path in known(world))
    assert kinds == {"image": world.images, "scene": world.scenes, None: world.ignored}
    assert world.taken == world.images + world.scenes
    assert len(saved(world)) - len(known(world)) == world.foreign == 1


def test_the_galleries_are_the_items_with_attachments(world):
    """A gallery is expected for each post, message and story that carries media, and for no other."""
    items = [item for key in ("posts", "aggregatedPosts", "messages") for item in listed(world, key)]
    stories = listed(world, "mediaStories")
    assert world.galleries == sum(bool(item["attachments"]) for item in items) + len(stories)


def test_every_file_has_a_content_of_its_own(world):
    """No two files share a content, so Stash makes an entity of each."""
    digests = [hashlib.md5(path.read_bytes()).digest() for path in saved(world)]
    assert len(set(digests)) == len(digests)


def test_files_are_named_as_the_downloader_names_them(world):
    """Folder, instant, marker and id are the downloader's, and they are those of the media's row."""
    rows = media(world)
    for path in known(world):
        match = NAME.fullmatch(path.name)
        assert match, path.name
        assert path.parent.name in {"Pictures", "Videos", "Audio"}
        assert path.parents[1].name in {"Timeline", "Messages"} or path.parents[1].name.endswith("_fansly")
        if kind_of(str(path)):
            when = datetime.fromtimestamp(rows[match[3]]["createdAt"], UTC)
            assert match[1] == when.strftime("%Y-%m-%d_at_%H-%M_UTC")


def test_previews_alone_carry_the_marker(world):
    """`preview_id` stands in the names of previews of locked media, and in no others."""
    previews = {held["previewId"] for held in listed(world, "accountMedia") if held["previewId"]}
    marked = {match[3] for path in known(world) if (match := NAME.fullmatch(path.name)) and match[2]}
    without_type = {NAME.fullmatch(path.name)[3] for path in known(world) if path.suffix == ".None"}
    assert len(without_type) == 1
    assert marked - without_type == previews != set()


def test_what_is_locked_is_not_on_disk(world):
    """Of media without access the preview was saved, and the media itself was not."""
    ids = {NAME.fullmatch(path.name)[3] for path in known(world)}
    locked = [held for held in listed(world, "accountMedia") if not held["access"]]
    assert locked
    assert all(held["mediaId"] not in ids and held["previewId"] in ids for held in locked)


def test_a_video_may_be_saved_as_its_variant(world):
    """Some files carry the id of a variant; its parent's id is on no file."""
    ids = {NAME.fullmatch(path.name)[3] for path in known(world)}
    parents = [held["media"] for held in listed(world, "accountMedia") if held["media"]["variants"]]
    assert parents
    assert all(one["variants"][0]["id"] in ids and one["id"] not in ids for one in parents)


def test_ids_are_unique(world):
    """No id means two things."""
    keys = ("posts", "aggregatedPosts", "messages", "mediaStories", "accountMedia", "accountMediaBundles")
    ids = [one["id"] for key in keys for one in listed(world, key)] + list(media(world))
    accounts = {account["id"] for account in listed(world, "accounts")}
    assert len(set(ids)) == len(ids)
    assert not accounts & set(ids)


def test_every_reference_leads_somewhere(world):
    """Each attachment, bundle entry, story, group and account id is one that the payloads carry."""
    held = {one["id"] for one in listed(world, "accountMedia")}
    bundles = {one["id"] for one in listed(world, "accountMediaBundles")}
    posts = {one["id"] for one in listed(world, "aggregatedPosts")}
    there = {1: held, 2: bundles, 8: posts}
    items = [item for key in ("posts", "aggregatedPosts", "messages") for item in listed(world, key)]
    for attachment in (one for item in items for one in item["attachments"]):
        assert attachment["contentId"] in there[attachment["contentType"]]
    assert all(
        one in held for bundle in listed(world, "accountMediaBundles") for one in bundle["accountMediaIds"]
    )
    assert all(story["contentId"] in held for story in listed(world, "mediaStories"))
    groups = {group["id"] for group in listed(world, "groups")}
    assert {message["groupId"] for message in listed(world, "messages")} == groups
    accounts = {account["id"] for account in listed(world, "accounts")}
    senders = {one["senderId"] for one in listed(world, "messages")}
    owners = {item["accountId"] for key in ("posts", "aggregatedPosts") for item in listed(world, key)}
    assert senders | owners <= accounts


def test_every_kind_of_item_occurs(world):
    """Each creator has items with one media, several, a bundle, a carried-along post, and none."""
    for page in responses(world, "timeline_*"):
        types = [tuple(one["contentType"] for one in post["attachments"]) for post in page["posts"]]
        assert {(1,), (1, 1, 1), (2,), (1, 8), ()} <= set(types)


def test_attachments_and_bundles_are_in_order(world):
    """Positions count from zero without a gap."""
    items = [item for key in ("posts", "aggregatedPosts", "messages") for item in listed(world, key)]
    assert all(
        [a["pos"] for a in item["attachments"]] == [*range(len(item["attachments"]))] for item in items
    )
    for bundle in listed(world, "accountMediaBundles"):
        content = [(one["accountMediaId"], one["pos"]) for one in bundle["bundleContent"]]
        assert content == [(one, place) for place, one in enumerate(bundle["accountMediaIds"])]


def test_texts_hold_hashtags(world):
    """Hashtags stand in the texts, some in small letters and some with a capital."""
    texts = " ".join(post["content"] for post in listed(world, "posts"))
    assert {"#sea", "#Ceramics"} <= set(re.findall(r"#\w+", texts))


def test_mentions_are_of_known_and_unknown_accounts(world):
    """Some posts mention another creator by id, some a handle that no account has."""
    mentions = [one for post in listed(world, "posts") for one in post["accountMentions"]]
    accounts = {account["id"]: account["username"] for account in listed(world, "accounts")}
    assert any(accounts.get(one["accountId"]) == one["handle"] for one in mentions)
    strangers = [one for one in mentions if one["accountId"] is None]
    assert strangers
    assert all(one["handle"] not in accounts.values() for one in strangers)


def test_a_lone_creator_mentions_no_one_known(tmp_path):
    """A world of one creator has no other to mention: its mentions are strangers."""
    world = write_world(tmp_path, creators=1, items=30)
    mentions = [one for post in listed(world, "posts") for one in post["accountMentions"]]
    assert mentions
    assert all(one["accountId"] is None for one in mentions)


def test_long_timelines_come_in_pages(tmp_path):
    """A payload holds at most a hundred posts, as the API's do."""
    world = write_world(tmp_path, creators=1, items=300)
    sizes = [len(page["posts"]) for page in responses(world, "timeline_*")]
    assert sizes == [100, 100, 24]


def test_files_that_stash_does_not_take_occur(world):
    """A sound and a preview without a type lie among the files, as in every real folder."""
    assert {path.suffix for path in known(world) if not kind_of(str(path))} == {".mp3", ".None"}


async def test_ingest_takes_every_payload(world, tmp_path):
    """Every payload goes in whole, and the tables hold what the payloads do."""
    database = await open_or_make(str(tmp_path / "metadata.sqlite"))
    try:
        result = await ingest_paths(database, [world.payloads])
        creators = await Reader(database).creators()
    finally:
        await database.close()
    assert not result.failures
    assert not result.problems
    assert len(result.files) == len(list(world.payloads.iterdir()))
    assert {creator.username for creator in creators} == set(world.usernames)
