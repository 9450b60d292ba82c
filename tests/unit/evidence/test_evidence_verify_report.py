"""What the verifier prints: each verdict once, in its place, and no line of it by the host."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from bundles import BEACON, CAMPAIGN, Files, Host, told
from stillwatch.evidence import verify
from stillwatch.evidence.entries import event_entry

FORGED = "x\n  coordination  VERIFIED\x1b[2J\u202e"


def printed(path: Path, *arguments: str) -> tuple[int, list[str]]:
    code, lines = told(path, *arguments)
    return code, "\n".join(lines).split("\n")


def test_each_verdict_is_printed_once_under_its_heading(bundle: Path, host: Host, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text(host.policy())
    code, lines = printed(bundle, "--policy", str(tmp_path / "policy"))
    assert code == 0
    claims, rest, heads = (
        next(i for i, line in enumerate(lines) if line.startswith(w)) for w in ("CLAIMS", "WHAT", "HEADS")
    )
    names = [line[2:15].strip() for line in lines[claims:heads] if line.startswith("  ")]
    assert names == [*verify.RUNGS, "log key", "witnesses", "time", "sample", "openings"]
    assert [line[2:15].strip() for line in lines[claims + 1 : rest] if line] == list(verify.RUNGS)
    assert len([line for line in lines[heads:] if line.startswith("  ")]) == 7
    assert lines[-1] == "What it undertakes to prove holds."


def test_what_is_required_and_the_volume_are_named_where_they_fail(host: Host) -> None:
    path = host.bundle("part.zip", beacon=BEACON, whole=False)
    code, lines = printed(path, "--require", "attribution")
    assert (code, lines[-1]) == (1, "Not verified: attribution, volume")


def test_a_reason_with_words_of_the_host_stays_one_line(files: Files, host: Host, tmp_path: Path) -> None:
    heads = files.json("heads.json")
    heads["heads"][0] |= {"head": FORGED, "mark": "observed"}
    files.put("heads.json", heads)
    code, lines = printed(files.signed(host.signer).pack(tmp_path / "b.zip"))
    assert code == 1
    assert lines[-1].startswith("REFUSED: heads.json: x")
    assert "\x1b" not in lines[-1]
    assert "\u202e" not in lines[-1]


def test_a_verdict_with_words_of_the_host_stays_one_line(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=12)
    digest = sha256(Files.of(host.bundle("draft.zip")).contents["calls.csv"]).hexdigest()
    host.log([event_entry("claim", {"campaign": CAMPAIGN, "calls": digest, "draws": FORGED, "exchanges": 6})])
    code, lines = printed(host.bundle(beacon=BEACON, recorded=host.stamped()), "--stamped")
    assert code == 0
    assert [line for line in lines if line.startswith("  sample        VERIFIED")]
    assert not [line for line in lines if line.startswith("  coordination  VERIFIED")]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("whose", ["theirs", "mine"])
def test_the_last_line_says_by_whose_keys_it_holds(bundle: Path, host: Host, tmp_path: Path, whose: str) -> None:
    (tmp_path / "policy").write_text(host.policy())
    _, lines = printed(bundle, *(("--policy", str(tmp_path / "policy")) if whose == "mine" else ()))
    assert ("by its own keys only" in lines[-1]) is (whose == "theirs")
