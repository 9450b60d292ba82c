"""The page for people says what is not proved, and nothing in it can run or reach out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bundles import BEACON, CAMPAIGN, NOW, Files, Host
from stillwatch.evidence.bundle.heads import HEADS
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.sample import SIZES
from stillwatch.evidence.second_sources import Statement, sign_statement


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), calls=12)


def summary(path: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", Files.of(path).contents["SUMMARY.html"].decode()))


def test_what_is_not_proved_comes_before_what_is_claimed(host: Host) -> None:
    text = summary(host.bundle())
    before, after = text.split("What is claimed")
    for words in ("That the record is true", "That the accounts belong together", "Who is behind", "trained on"):
        assert words in before
    assert "stated, not proved" in after
    assert re.search(r"What else it could be [^.]+\. The accounts belong to one customer\.", after)
    # Both answers of the fixture found the same; it is said once.
    assert after.count("What was found against it economy: Few calls in all. Counted as -0.4 bits. Where") == 1


def test_what_was_found_against_extraction_is_on_the_page_too(host: Host) -> None:
    path = host.report / "campaigns.json"
    before = path.read_text()
    (campaign,) = json.loads(before)
    doubt = {"signal": "follow_ups", "bits": -1.5, "says": "Most calls continue a conversation."}
    campaign["distillation"]["evidence"] = {"economy": {"bits": -1.5, "findings": [doubt]}}
    path.write_text(json.dumps([campaign]))
    try:
        text = summary(host.bundle("doubt.zip"))
    finally:
        path.write_text(before)
    assert "economy: Few calls in all. Counted as -0.4 bits." in text
    assert "economy: Most calls continue a conversation. Counted as -1.5 bits." in text


def test_bits_are_not_passed_off_as_a_measured_rate(host: Host) -> None:
    assert "They are its reckoning, not how often it is wrong" in summary(host.bundle())


def test_the_page_is_whole_in_itself(host: Host) -> None:
    page = Files.of(host.bundle()).contents["SUMMARY.html"].decode()
    assert not re.search(r"<script|<img|<link|src=|href=|url\(|@import", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_nobody_else_signed_is_said_where_it_is_so(host: Host) -> None:
    alone = (
        "Nobody but the host has signed or dated this state of the log: it could have been written, or written anew,"
    )
    assert alone in summary(host.bundle())
    stamped = host.bundle("stamped.zip", recorded=host.recorded(timestamps={"tsa": b"x"}))
    assert "Nobody but the host has signed or dated" not in summary(stamped)
    assert "A time-stamp is attached: it counts once you have checked it." in summary(stamped)


def test_who_cosigned_is_named_and_not_vouched_for(host: Host) -> None:
    witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
    note = host.note.signed([witness.sign(host.reader.checkpoint, time=NOW)])
    text = summary(host.bundle("cosigned.zip", recorded=host.recorded(note=note)))
    assert "witness.example signed this state of it: find out who they are, and whether they depend on the host" in text


def test_a_sample_of_a_list_that_was_not_fixed_is_not_praised(host: Host) -> None:
    assert "so the host could have made them suit each other" in summary(host.bundle(beacon=BEACON))
    assert "No sample has been drawn yet." in summary(host.bundle())


def test_a_sample_is_praised_only_under_a_log_that_others_dated(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=12)
    host.fix_list()
    assert "so the sample proves nothing" in summary(host.bundle(beacon=BEACON))
    dated = summary(host.bundle("dated.zip", beacon=BEACON, recorded=host.stamped()))
    assert "announced that “a beacon” would draw" in dated


def test_whose_the_entries_are_is_said_to_be_open_where_they_are_not_opened(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=200)
    assert "That these entries are of these accounts." in summary(host.bundle())
    opened = summary(host.bundle("opened.zip", beacon=BEACON, sample_size=59, disclose=frozenset({"account"})))
    assert "Of 100 entries 59 are opened; whose the others are is the host's word." in opened


def test_the_page_says_whose_names_are_in_the_bundle(host: Host) -> None:
    assert "Accounts have other names here than at the host, so nobody can see" in summary(host.bundle())
    opened = summary(host.bundle("named.zip", beacon=BEACON, disclose=frozenset({"account"})))
    assert "named in audit/openings.jsonl as the host names them. The others have other names here, so their" in opened
    assert "nobody can see" not in opened


def test_a_second_source_is_quoted_and_not_vouched_for(host: Host, tmp_path: Path) -> None:
    other = new_signer("other.example/log", Algorithm.ED25519)
    said = Statement("example.com/log", CAMPAIGN, HEADS[2], "The <b>same</b> cards.")
    (tmp_path / "note").write_bytes(sign_statement(said, other))
    page = Files.of(host.bundle("second.zip", second_sources=(tmp_path / "note",))).contents["SUMMARY.html"].decode()
    assert "other.example/log, of “coordinated use of multiple accounts”: “The &lt;b&gt;same&lt;/b&gt; cards.”" in page
    assert "Whether they signed it shows only with their key" in page


def test_words_of_an_attribution_do_not_get_onto_the_page(host: Host, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("<script>alert('Example Ltd')</script>")
    page = Files.of(host.bundle(attribution=words)).contents["SUMMARY.html"].decode()
    assert "Example" not in page
    assert "That those named did it." in page


def test_the_readme_has_the_sizes_and_what_they_prove(host: Host) -> None:
    text = Files.of(host.bundle()).contents["README.txt"].decode()
    for size in SIZES:
        assert f"{size:5d} entries, all good" in text
    assert "openssl ts -verify" in text
