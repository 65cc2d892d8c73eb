"""The page: a run or a plan in one file, whatever the source holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from stash_graphql_client.types import Gallery, Image

from stash.demo import files
from stash.errors import StateError, UsageError
from stash.page import write_page, write_page_of_run
from stash.page.of_plan import lines_of, page_of_plan
from stash.page.pictures import pictures
from stash.report import FieldChange, Report, report_of
from stash.settings import Settings
from tests.page.conftest import Parsed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.conftest import Case

BASE = "stash-sync sync"
HOSTILE = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">\'"&{{7*7}}<!--'


async def page_of(case: Case, file: Path, number: int | None = None) -> Parsed:
    """The page of a run."""
    settings = Settings(database=str(case.database), downloads=case.downloads)
    await write_page_of_run(file, settings, number, BASE)
    return Parsed(file)


async def plan_of(case: Case, file: Path, report: Report) -> Parsed:
    """The page of a plan."""
    settings = Settings(url=case.server.url, database=str(case.database), downloads=case.downloads)
    await write_page(file, settings, report, BASE)
    return Parsed(file)


def named(page: Parsed, part: str, label: str) -> dict[str, Any]:
    """The one entry of that label."""
    (found,) = [one for one in page.data[part] if one["label"] == label]
    return found


async def fill(case: Case) -> None:
    """A creator with two posts: a picture with a hashtag, a video; an unsupported and a foreign file."""
    anna = case.rows.account(username="anna", displayName="Anna")
    post = case.post(anna, case.picture(anna), content="A walk along the river")
    case.rows.tag(post, "river")
    case.post(anna, case.video(anna), content="A film about the river")
    case.write(anna, "Timeline/Pictures/from_my_phone.jpeg", "mine")
    await case.save()


async def test_a_run_is_told_in_full(case: Case, tmp_path: Path) -> None:
    """Figures, what was made with its picture, each field with names for ids, foreign files with the next step."""
    await fill(case)
    await case.sync()
    page = await page_of(case, tmp_path / "run.html")
    named_so = [one for one in page.data["changes"] if one["label"] == "A walk along the river"]
    whats = {one["type"]: one["what"] for one in named_so}
    assert whats == {"Gallery": "created", "Image": "filled"}
    gallery = next(one for one in named_so if one["type"] == "Gallery")
    fields = {name: (before, after, added) for name, before, after, added, _, _ in gallery["diffs"]}
    assert fields["performers"][2] == ["Anna"]
    assert fields["studio"][1] == "anna (Fansly)"
    assert fields["tags"][2] == ["river"]
    foreign = named(page, "unmatched", "from_my_phone.jpeg")
    assert foreign["reason"] == "no row of the metadata database knows this file"
    assert foreign["step"]
    assert [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert "galleries" in page.text


async def test_a_page_asks_nobody_for_anything(case: Case, tmp_path: Path) -> None:
    """All that a page loads is in it, and its policy forbids the rest."""
    await fill(case)
    await case.sync()
    page = await page_of(case, tmp_path / "run.html")
    assert [one for one in page.asked_for if not one.startswith("data:image/jpeg;base64,")] == []
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in str(policy)


async def test_hostile_texts_stay_texts(case: Case, tmp_path: Path) -> None:
    """Names of files and creators, titles, hashtags: none of them becomes markup or script, in a run and in a plan."""
    anna = case.rows.account(username="anna", displayName=HOSTILE)
    post = case.post(anna, case.picture(anna), content=f"Title {HOSTILE}\nmore")
    case.rows.tag(post, HOSTILE.replace("/", ""))
    case.write(anna, f"Timeline/Pictures/{HOSTILE.replace('/', '')}.jpeg", "mine")
    await case.save()
    await case.scan()
    plan = await plan_of(case, tmp_path / "plan.html", await case.sync(dry_run=True))
    await case.sync()
    run = await page_of(case, tmp_path / "run.html")
    for page in (plan, run):
        assert [tag for tag, _ in page.tags].count("script") == 2
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert any(one["label"] == f"Title {HOSTILE}" for one in page.data["changes"])
        assert all(str(a["src"]).startswith("data:") for tag, a in page.tags if tag == "img")


async def test_a_plan_has_a_line_for_whatever_is_not_wanted(case: Case, tmp_path: Path) -> None:
    """Each planned gallery, file, hashtag and creator's studio comes with a line that leaves it out, and it does."""
    await fill(case)
    await case.scan()
    report = await case.sync(dry_run=True)
    page = await plan_of(case, tmp_path / "plan.html", report)
    lines = {(one["type"], one["label"]): [line for _, line in one["lines"]] for one in page.data["changes"]}
    post = next(p.key.split()[1] for p in report.plan or () if p.type == "Gallery" and "walk" in str(p.after))
    assert f"{BASE} --skip {post}" in lines["Gallery", "A walk along the river"]
    assert f"{BASE} --skip {post}" in lines["Image", "A walk along the river"]
    assert f"STASH_SYNC_IGNORE_TAGS=river {BASE}" in lines["Tag", "river"]
    assert f"{BASE} --skip '#river'" in lines["Tag", "river"]
    assert not lines_of("hashtag Trailer", "Trailer", "", BASE)  # no setting keeps the mark of a preview away
    assert any("--skip @" in line for line in lines["Studio", "anna (Fansly)"])
    assert lines["Performer", "Anna"] == lines["Studio", "anna (Fansly)"]
    assert "nothing was written" in page.text


async def test_a_plan_says_what_it_cannot_tell_yet(case: Case, tmp_path: Path) -> None:
    """Files that Stash has not scanned yet are in no plan: the page says how many, and how to see them planned too."""
    await fill(case)
    page = await plan_of(case, tmp_path / "plan.html", await case.sync(dry_run=True))
    assert "2 files are not in this plan" in page.text
    assert "--dry-run --scan" in page.text
    await case.scan()
    page = await plan_of(case, tmp_path / "plan.html", await case.sync(dry_run=True))
    assert "not in this plan" not in page.text


def test_a_changed_file_knows_its_post() -> None:
    """Where the plan has no gallery of a file, the post that it belongs to is read off its URL."""
    urls = ["https://example.test", "https://fansly.com/post/77"]
    plan = [FieldChange("Image", "5", "urls", [], urls, "new in the source", "media 12")]
    (entry,) = page_of_plan(Report(plan=plan), BASE).entries
    assert [line.text for line in entry.lines] == [f"{BASE} --skip 77", f"{BASE} --only 77"]
    assert (entry.what, entry.id, entry.media) == ("filled", "5", "12")


async def test_what_was_kept_says_why(case: Case, tmp_path: Path) -> None:
    """A field that a user edited is listed with what the sync had written, and the line that writes it again, there alone."""
    await fill(case)
    await case.sync()
    async with case.stash() as store:
        gallery = next(one for one in await store.find(Gallery) if one.title == "A walk along the river")
        gallery.title = "My own title"
        await store.flush()
    await case.execute("UPDATE posts SET content = 'Another walk' WHERE content LIKE 'A walk%'")
    await case.sync()
    (kept,) = (await page_of(case, tmp_path / "run.html")).data["kept"]
    assert "you edited it; a sync had written 'A walk along the river'" in kept["reason"]
    assert re.fullmatch(rf"{BASE} --only \d+ --overwrite title", kept["line"])


async def test_an_earlier_run_can_be_told_too(case: Case, tmp_path: Path) -> None:
    """Any recorded run has its page; one that is not there is named, with where to look."""
    await fill(case)
    await case.sync()
    await case.sync()
    first = await page_of(case, tmp_path / "first.html", 1)
    second = await page_of(case, tmp_path / "second.html")
    assert first.data["changes"]
    assert second.data["changes"] == []
    assert "Run 2" in second.text
    with pytest.raises(UsageError, match="no run 9"):
        await page_of(case, tmp_path / "none.html", 9)
    with pytest.raises(StateError, match="name another file"):
        await page_of(case, tmp_path / "no" / "such" / "folder.html")


async def test_a_change_tells_what_stood_there(case: Case, tmp_path: Path) -> None:
    """Where the source changed what a sync had written, both texts and the reason are shown."""
    await fill(case)
    await case.sync()
    await case.execute("UPDATE posts SET content = 'Another walk' WHERE content LIKE 'A walk%'")
    await case.sync()
    page = await page_of(case, tmp_path / "run.html")
    assert {one["what"] for one in page.data["changes"]} == {"changed"}
    titles = [diff for one in page.data["changes"] for diff in one["diffs"] if diff[0] == "title"]
    assert [
        "title",
        "A walk along the river",
        "Another walk",
        [],
        [],
        "the source changed what we wrote",
    ] in titles


def test_broken_pictures_are_left_out(tmp_path: Path) -> None:
    """A file that is no picture, or a broken one, costs its own tile alone."""
    (tmp_path / "good.jpeg").write_bytes(files.jpeg("good"))
    (tmp_path / "cut.jpeg").write_bytes(files.jpeg("cut")[:200])
    (tmp_path / "text.jpeg").write_text("<script>")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "broken.png").write_bytes(files.png("broken")[:40] + b"\0" * 30)
    found = pictures((path.name, path) for path in sorted(tmp_path.iterdir()))
    assert found["good.jpeg"].startswith("data:image/jpeg;base64,")
    assert not found.keys() & {"text.jpeg", "empty.png", "broken.png"}


async def test_a_report_comes_back_from_its_summary(case: Case) -> None:
    """What the journal keeps of a run makes the same report again, by the same JSON."""
    await fill(case)
    report = await case.sync()
    again = report_of(json.loads(json.dumps(report.summary())))
    assert {**again.summary(), "exit_code": 0} == {**report.summary(), "exit_code": 0}
    assert again.unmatched == report.unmatched


async def test_a_plan_names_what_is_new_too(case: Case) -> None:
    """A dry run shows links to people and tags that are not in Stash yet."""
    await fill(case)
    await case.scan()
    plan = (await case.sync(dry_run=True)).plan or []
    shown = {(one.type, one.field): one.after for one in plan if one.after}
    assert shown["Gallery", "performers"] == ["Anna"]
    assert shown["Image", "tags"] == ["river"]
    async with case.stash() as store:
        assert not any(image.code for image in await store.find(Image))
