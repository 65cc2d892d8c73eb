"""The page in a real browser: quick, quiet, accessible, safe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from stash.demo import write_world
from stash.embedded import EmbeddedStash, serve
from stash.page import write_page_of_run
from stash.page.model import Diff, DiffLine, Note, PageEntry
from stash.page.model import Page as PageModel
from stash.page.rendering import render
from stash.run import SyncSource, run
from stash.settings import Settings
from stash.sync import SyncOptions
from tests.conftest import Silent
from tests.page.test_page import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDE, PHONE = {"width": 1100, "height": 1200}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run over 2,500 media."""
    folder = tmp_path_factory.mktemp("page")
    asyncio.run(_write(folder))
    return folder / "run.html"


async def _write(folder: Path) -> None:
    world = write_world(folder, creators=1, items=1290)
    with EmbeddedStash([world.downloads]) as stash:
        async with serve(stash) as url:
            settings = Settings(url=url, database=str(folder / "metadata.sqlite"), downloads=world.downloads)
            report = await run(settings, SyncOptions(), Silent(), SyncSource(payloads=(world.payloads,)))
            assert report.entities["images"].updated + report.entities["scenes"].updated >= 2500
    await write_page_of_run(folder / "run.html", settings, None, "stash-sync sync")


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, file: Path, browser: Browser) -> Iterator[Page]:
    """The page, opened; whatever it says on the console, or asks for, is an error."""
    opened = browser.new_page(viewport=request.param)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request",
        lambda asked: said.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None,
    )
    opened.goto(file.as_uri())
    yield opened
    opened.close()
    assert said == []


def test_it_is_interactive_within_two_seconds(page: Page) -> None:
    """Of 2,500 media the page is there, and its search answers, within 2 seconds of navigation."""
    page.wait_for_selector("#changes summary")
    timing: dict[str, Any] = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
    assert 0 < timing["domInteractive"] < 2000
    assert 0 < timing["loadEventEnd"] < 2000


def test_search_and_filter_leave_what_fits(page: Page) -> None:
    """A word leaves what has it; a type leaves that; what is hidden comes a part at a time."""
    assert page.locator("#changes .list > li").count() == 51
    page.locator("#changes .list > li > button").click()
    assert page.locator("#changes .list > li").count() == 101
    page.select_option("#type", "Studio")
    assert page.locator("#count").inner_text() == "2 found"
    page.select_option("#type", "")
    page.fill("#words", "no such word")
    page.get_by_text("0 found").wait_for()
    page.fill("#words", "from_my_phone")
    page.get_by_text("1 found").wait_for()
    assert "Next: Let the downloader fetch" in page.locator("#unmatched").inner_text()


def test_no_serious_violation_of_accessibility(page: Page) -> None:
    """Axe finds nothing critical or serious, with a change opened, in light and in dark."""
    page.locator("#changes summary").nth(5).click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        result = Axe().run(page).response
        assert len(result["passes"]) > 15
        assert [one["id"] for one in result["violations"] if one["impact"] in {"serious", "critical"}] == []


def test_the_keyboard_is_enough(page: Page) -> None:
    """The first Tab leads to the changes; a change opens with Enter and tells its fields."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#changes summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("#changes .diff").wait_for()
    assert page.locator("#changes .diff dt").count() >= 1


def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    """No part makes the page scroll sideways, on a phone neither, and no word of the figures is broken."""
    assert page.evaluate(
        "[...document.querySelectorAll('#figures th')].every(th => th.getClientRects()[0].height < 40)"
    )
    page.locator("#changes summary").nth(20).click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_hostile_texts_run_nothing(browser: Browser, tmp_path: Path) -> None:
    """Markup and scripts in texts of the source are shown as they are, and none runs."""
    note = Note(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    diff = Diff(HOSTILE, HOSTILE, HOSTILE, [HOSTILE], [HOSTILE], HOSTILE)
    entry = PageEntry(
        "Gallery", "1", HOSTILE, "failed", HOSTILE, HOSTILE, "1", [diff], [DiffLine(HOSTILE, HOSTILE)]
    )
    model = PageModel(
        HOSTILE, HOSTILE, False, [(HOSTILE, HOSTILE)], [(HOSTILE, [1])], [entry],  # noqa: FBT003 - no plan
        kept=[note], unmatched=[note], skipped=[note], pictures={"1": "data:,"}, stash_url="javascript:alert(1)",
    )  # fmt: skip
    file = tmp_path / "page.html"
    file.write_text(render(model), "utf-8")
    opened = browser.new_page()
    opened.goto(file.as_uri())
    opened.locator("#changes summary").click()
    assert opened.evaluate("window.pwned") is None
    assert opened.evaluate("document.querySelectorAll('main img, main script').length") == 1
    assert opened.evaluate("document.querySelectorAll('main a').length") == 0
    assert opened.locator("#changes summary").inner_text().startswith("failed")
    assert HOSTILE in opened.locator("#changes summary").text_content()
    opened.close()
