"""The report in a real browser: quiet, inside its screen, readable in light and dark, and safe with hostile names."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from stillwatch.report.html import write_report_html

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "report"))

from report_folder import REASONING, SAMPLES, member_rows, operator, reasoning_campaign, tenant, write_folder

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202egnp.exe",
    "n" * 10_000,
    "z" + "\u0300" * 300,
    "W" * 10_000,
]
CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const read = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = read(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    throw new Error("no background");
  };
  const poor = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (["SCRIPT", "title", "desc"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(read(element.closest("svg") ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (ratio < 4.5) poor.push(`${element.tagName} ${ratio.toFixed(2)} ${walker.currentNode.textContent.slice(0, 40)}`);
  }
  return { seen, poor };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_folder(tmp_path_factory.mktemp("report"))
    write_report_html(folder, samples=SAMPLES)
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    members = member_rows(REASONING, len(HOSTILE), share=0.9, rng=Random(1))
    for row, name in zip(members, HOSTILE, strict=True):
        row["account"] = name
    campaign = reasoning_campaign()
    for observable, name in zip(campaign["observables"], HOSTILE, strict=False):
        observable["label"] = name
    folder = write_folder(
        tmp_path_factory.mktemp("hostile"),
        campaigns=[campaign],
        tenants=[tenant(organization=HOSTILE[0], account_names=HOSTILE)],
        operators=[operator(operator=HOSTILE[3], account_names=HOSTILE)],
        members=members,
    )
    write_report_html(folder, samples={REASONING: HOSTILE})
    return (folder / "report.html").as_uri()


def opened(browser: Browser, address: str, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """Open a page with all its parts unfolded; return it with everything it said or asked for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    noise: list[str] = []
    page.on("console", lambda message: noise.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))
    page.on("dialog", lambda dialog: noise.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: None if request.url == address else noise.append(f"request: {request.url}"))
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    return page, noise


@pytest.mark.parametrize("which", ["report", "hostile"])
def test_the_page_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    page, noise = opened(browser, request.getfixturevalue(which))
    title = page.title()
    page.close()
    assert noise == []
    assert "owned" not in title


def test_the_policy_stops_a_script_that_is_not_ours(browser: Browser, report: str) -> None:
    page, noise = opened(browser, report)
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = 1'}))"
    )
    title = page.title()
    page.close()
    assert title != "1"
    assert "Content Security Policy" in noise[0]


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("which", ["report", "hostile"])
def test_nothing_sticks_out_of_the_screen(
    browser: Browser, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    page, _ = opened(browser, request.getfixturevalue(which), width=width)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert wide <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(browser: Browser, report: str, scheme: str) -> None:
    page, _ = opened(browser, report, scheme=scheme)
    found = page.evaluate(CONTRAST)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.close()
    assert found["poor"] == []
    assert found["seen"] > 300
    assert (background == "rgb(252, 252, 250)") == (scheme == "light")


def test_without_script_everything_is_there(browser: Browser, report: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    page.locator("summary", has_text="142 members").click()
    rows = page.locator("#campaign-1 table[data-table] tbody tr:visible").count()
    inputs = page.locator("input").count()
    context.close()
    assert (rows, inputs) == (50, 0)


def test_members_can_be_filtered_and_sorted(browser: Browser, report: str) -> None:
    page, _ = opened(browser, report)
    table = page.locator("#campaign-1 table[data-table]")
    account = table.locator("tbody th").nth(7).inner_text()
    page.locator("#campaign-1 input").fill(account.upper())
    assert table.locator("tbody tr:visible").count() == 1
    page.locator("#campaign-1 input").fill("")
    table.get_by_role("button", name="All calls").click()
    calls = [int(text) for text in table.locator("tbody td:nth-child(4)").all_inner_texts()]
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.close()
    assert calls == sorted(calls, reverse=True)
    assert len(calls) == 50


def test_paper_shows_what_is_folded_on_screen(browser: Browser, report: str) -> None:
    page = browser.new_page()
    page.goto(report)
    table = page.locator("#campaign-1 table[data-table]")
    folded = table.evaluate("(element) => element.checkVisibility({contentVisibilityAuto: true})")
    page.emulate_media(media="print")
    printed = table.evaluate("(element) => element.checkVisibility({contentVisibilityAuto: true})")
    page.close()
    assert (folded, printed) == (False, True)


def test_headings_go_down_one_step_at_a_time(browser: Browser, report: str) -> None:
    page, _ = opened(browser, report)
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))")
    page.close()
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
