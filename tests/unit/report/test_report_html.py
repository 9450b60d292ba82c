"""The page as bytes: escaping, the policy, determinism, failures."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from report_folder import (
    REASONING,
    SAMPLES,
    START,
    member_rows,
    operator,
    reasoning_campaign,
    scan,
    tenant,
    write_folder,
)

from stillwatch.errors import ReportError
from stillwatch.report.html import write_report_html

BREAKOUT = "</script></style><script>alert(1)</script>"
ATTRIBUTE = "\" onload='alert(1)' x=\""
OVERRIDE = "\u202eexe.gnp"


class Elements(HTMLParser):
    """Counts elements and attributes by name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]


def written(folder: Path, samples: dict[str, list[str]] | None = None) -> str:
    write_report_html(folder, samples=SAMPLES if samples is None else samples)
    return (folder / "report.html").read_text(encoding="utf-8")


def hostile(folder: Path) -> Path:
    members = member_rows(REASONING, 4, share=0.9, rng=Random(1))
    for row, name in zip(members, (BREAKOUT, ATTRIBUTE, OVERRIDE, "n" * 10_000), strict=True):
        row["account"] = name
    campaign = reasoning_campaign(campaign=REASONING, objective=BREAKOUT, next_steps=[BREAKOUT], otherwise=[ATTRIBUTE])
    for observable in campaign["observables"]:
        observable |= {"label": BREAKOUT, "signal": ATTRIBUTE}
    odd = scan(rejects=[{"kind": BREAKOUT, "count": 1, "first": OVERRIDE, "warning": False}], version=BREAKOUT)
    owner = tenant(organization=ATTRIBUTE, account_names=[BREAKOUT, OVERRIDE], says=BREAKOUT)
    relay = operator(operator=BREAKOUT, account_names=[ATTRIBUTE, OVERRIDE], says=BREAKOUT, why_no_campaign=[ATTRIBUTE])
    return write_folder(folder, campaigns=[campaign], tenants=[owner], operators=[relay], summary=odd, members=members)


def test_text_from_outside_never_becomes_markup(tmp_path: Path) -> None:
    page = Elements(written(hostile(tmp_path), {REASONING: [BREAKOUT, ATTRIBUTE]}))
    assert page.tags.count("script") == 1
    assert page.tags.count("style") == 1
    assert not [name for name in page.attributes if name.startswith("on") or name in {"style", "src"}]


def test_direction_overrides_are_written_out(tmp_path: Path) -> None:
    text = written(hostile(tmp_path), {REASONING: [OVERRIDE]})
    assert "\u202e" not in text
    assert text.count(r"\u202eexe.gnp") == 5


def test_a_name_of_ten_thousand_characters_is_cut_and_says_so(tmp_path: Path) -> None:
    text = written(hostile(tmp_path))
    assert "(10,000 characters)" in text
    assert "n" * 100 not in text


def test_a_lone_surrogate_does_not_stop_the_report(tmp_path: Path) -> None:
    assert r"\ud800" in written(write_folder(tmp_path, tenants=[tenant(organization="\ud800")]))


def test_the_policy_allows_exactly_this_style_and_script(tmp_path: Path) -> None:
    text = written(write_folder(tmp_path))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    directives = dict(d.strip().split(" ", 1) for d in policy[1].split(";"))
    assert directives["default-src"] == "'none'"
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert body is not None
        digest = base64.b64encode(hashlib.sha256(body[1].encode()).digest()).decode()
        assert directives[f"{tag}-src"] == f"'sha256-{digest}'"


def test_nothing_is_fetched(tmp_path: Path) -> None:
    text = written(write_folder(tmp_path))
    assert not re.search(r"https?://|url\(|@import|<link|<img|<iframe", text)


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    write_folder(tmp_path)
    assert written(tmp_path) == written(tmp_path)


def test_ids_are_unique_and_links_lead_somewhere(tmp_path: Path) -> None:
    text = written(write_folder(tmp_path))
    ids = Elements(text).ids
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'href="#([^"]*)"', text)) | {
        one for refs in re.findall(r'aria-labelledby="([^"]*)"', text) for one in refs.split()
    }
    assert targets <= set(ids)


def test_a_page_without_campaigns_says_what_that_does_not_mean(tmp_path: Path) -> None:
    quiet = scan(candidates=[])
    nothing = write_folder(tmp_path, campaigns=[], tenants=[], operators=[], summary=quiet, members=[], sightings=[])
    text = written(nothing, {})
    assert "No campaign was found." in text
    assert "It does not mean that nobody copies the model." in text
    assert "Extraction-like use" not in text
    assert "One operator, no extraction" not in text


def test_one_operator_without_extraction_is_told_apart_and_accused_of_nothing(tmp_path: Path) -> None:
    quiet = write_folder(tmp_path, campaigns=[], tenants=[], members=[], sightings=[])
    text = written(quiet, {})
    assert "No campaign was found." in text
    assert "1 group of accounts with one operator and no extraction: listed apart." in text
    part = text[text.index('<section aria-labelledby="operators">') :]
    assert "nothing here accuses them of distillation" in part
    assert "client address (31 have the same) and payment instrument (24 have the same)" in part
    assert "relay-019 and 98 more" in part
    assert "relay-020" not in part


def test_a_report_of_before_there_were_operators_can_still_be_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "operators.json").unlink()
    assert "One operator, no extraction" not in written(folder)


def test_entries_with_nothing_but_a_name_still_make_a_page(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path, campaigns=[{"campaign": "C-1"}], tenants=[{}], operators=[{}], summary={}, members=[], sightings=[]
    )
    text = written(folder, {})
    assert "One group of accounts looks like a distillation campaign." in text


def test_what_is_not_counted_stands_once_and_outside_the_answers(tmp_path: Path) -> None:
    page = written(write_folder(tmp_path, campaigns=[reasoning_campaign()]))
    assert page.count("Context, not counted") == 1
    assert page.rindex(">Together<") < page.index("Context, not counted") < page.index("What they share")


def test_a_campaign_without_a_distribution_has_no_such_line(tmp_path: Path) -> None:
    entry = {k: v for k, v in reasoning_campaign().items() if k != "distribution"}
    assert "Context, not counted" not in written(write_folder(tmp_path, campaigns=[entry]))


def test_members_are_listed_surest_first_and_the_rest_is_pointed_to(tmp_path: Path) -> None:
    rows = member_rows(REASONING, 60, share=0.9, rng=Random(2))
    for weight, row in enumerate(rows):
        row["match_weight"] = float(weight)
    text = written(write_folder(tmp_path, campaigns=[reasoning_campaign()], tenants=[], members=rows))
    assert text.index("key-4be-0059") < text.index("key-4be-0010")
    assert "key-4be-0009" not in text
    assert "all 60 are in" in text


@pytest.mark.parametrize("missing", ["campaigns.json", "tenants.json", "scan.json", "members.parquet"])
def test_a_missing_table_is_named(tmp_path: Path, missing: str) -> None:
    (write_folder(tmp_path) / missing).unlink()
    with pytest.raises(ReportError, match=missing):
        write_report_html(tmp_path, samples={})


def test_json_that_is_none_is_named(tmp_path: Path) -> None:
    (write_folder(tmp_path) / "scan.json").write_text("{", encoding="utf-8")
    with pytest.raises(ReportError, match=r"scan\.json: not JSON"):
        write_report_html(tmp_path, samples={})


def test_without_sightings_the_graph_shows_totals(tmp_path: Path) -> None:
    (write_folder(tmp_path) / "sightings.parquet").unlink()
    assert "All members and how many of them hold each observable." in written(tmp_path)


def test_a_member_of_no_campaign_is_not_listed(tmp_path: Path) -> None:
    outsider = member_rows(REASONING, 1, share=0.1, rng=Random(3))[0] | {"account": "outsider", "campaign": None}
    outsider |= {"match_weight": None, "first_call_at": START}
    assert "outsider" not in written(write_folder(tmp_path, members=[outsider]))


def test_each_campaign_shows_the_command_of_its_bundle(tmp_path: Path) -> None:
    odd = reasoning_campaign(campaign="C-1; reboot")
    text = written(write_folder(tmp_path, campaigns=[reasoning_campaign(), odd]))
    assert f"stillwatch evidence bundle REPORT --campaign {REASONING} -o {REASONING}.zip" in text
    assert text.count("stillwatch evidence bundle REPORT") == 1
