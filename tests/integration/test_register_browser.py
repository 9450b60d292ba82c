"""The register's site in a real browser: quiet, inside its screen, readable in light and dark, searchable offline."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_report_browser import CONTRAST

from register_sites import publish_all
from registers import NOW
from stillwatch.registry.example import make_example

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the addresses of the example's pages, and of a hostile register's."""
    folder = tmp_path_factory.mktemp("sites")
    make_example(folder / "register", folder / "example", now=NOW)
    hostile = publish_all(folder / "hostile").site
    found = [*sorted((folder / "example").rglob("*.html")), hostile / "index.html", hostile / "entries/R-5.html"]
    return [page.as_uri() for page in found]


def opened(browser: Browser, address: str, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """Open a page; return it with everything it said or asked for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    noise: list[str] = []
    page.on("console", lambda message: noise.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))
    page.on("dialog", lambda dialog: noise.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: None if request.url == address else noise.append(f"request: {request.url}"))
    page.goto(address)
    return page, noise


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_every_page_is_quiet_inside_its_screen_and_readable(
    browser: Browser, pages: list[str], scheme: str, width: int
) -> None:
    trouble = []
    for address in pages if width > 400 else pages[::3]:
        page, noise = opened(browser, address, width=width, scheme=scheme)
        wide = page.evaluate("document.documentElement.scrollWidth")
        poor = page.evaluate(CONTRAST)
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
        dead = page.evaluate(
            "[...document.querySelectorAll('a[href^=\"#\"]')].filter((a) => !document.querySelector(a.hash)).length"
        )
        page.close()
        steps = levels.count(1) != 1 or any(after - before > 1 for before, after in pairwise(levels))
        if noise or wide > width or poor["poor"] or steps or dead or poor["seen"] < 20:
            trouble.append((address, noise, wide, poor, levels, dead))
    assert trouble == []


def test_the_search_finds_names_in_every_script_without_asking_anybody(browser: Browser, pages: list[str]) -> None:
    index = next(address for address in pages if address.endswith("example/index.html"))
    page, noise = opened(browser, index)
    found = {}
    for text in ("羽蕨", "ЛУННЫЙ", "النورس", "가상", "vole logins", "saltmarsh-api.example", "nothing like it", ""):
        page.locator("#search").fill(text)
        found[text] = page.locator("tr[data-text]:visible").count()
    page.close()
    assert found == {
        "羽蕨": 1, "ЛУННЫЙ": 1, "النورس": 1, "가상": 1, "vole logins": 1, "saltmarsh-api.example": 1,
        "nothing like it": 0, "": 9,
    }  # fmt: skip
    assert noise == []


def test_without_script_everything_is_there_but_the_search(browser: Browser, pages: list[str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(next(address for address in pages if address.endswith("example/index.html")))
    rows, boxes = page.locator("tr[data-text]:visible").count(), page.locator("#search:visible").count()
    context.close()
    assert (rows, boxes) == (9, 0)


def test_no_page_runs_a_script_that_is_not_ours(browser: Browser, pages: list[str]) -> None:
    page, noise = opened(browser, pages[-1])
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=1'}))"
    )
    title = page.title()
    page.close()
    assert title != "1"
    assert "Content Security Policy" in noise[0]
