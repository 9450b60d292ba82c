"""A sample that was not drawn as it should be, and openings that do not fit, are refused."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bundles import BEACON, CAMPAIGN, Files, Host, refused
from stillwatch.evidence import verify
from stillwatch.evidence.commitments import SALT_BYTES
from stillwatch.evidence.entries import event_entry


def test_another_sample_than_the_beacon_draws_is_refused(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=200)
    files = Files.of(host.bundle(beacon=BEACON, sample_size=59))
    sample = files.json("audit/sample.json")
    files.put("audit/sample.json", sample | {"beacon": sha256(b"a value that suits").hexdigest()})
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "another sample than the beacon value draws")


@pytest.mark.parametrize("change", [{"size": 10**9}, {"size": 0}, {"beacon": "ab"}, {"beacon": 7}, {"size": "x"}])
def test_a_sample_of_senseless_size_or_value_is_refused(
    files: Files, host: Host, tmp_path: Path, change: dict[str, Any]
) -> None:
    files.put("audit/sample.json", files.json("audit/sample.json") | change)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "no beacon, or size|malformed|another sample")


@pytest.mark.parametrize("more", ["0", "\n", " ", "zz"])
def test_a_beacon_value_with_more_behind_it_draws_nothing(
    files: Files, host: Host, tmp_path: Path, *, more: str
) -> None:
    files.put("audit/sample.json", files.json("audit/sample.json") | {"beacon": BEACON + more})
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "no beacon, or size")


def openings(files: Files) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files.contents["audit/openings.jsonl"].splitlines()]


def put_openings(files: Files, opened: list[dict[str, Any]]) -> None:
    files.contents["audit/openings.jsonl"] = b"".join(json.dumps(o).encode() + b"\n" for o in opened)


def test_an_opening_with_another_value_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    salt, name, _ = json.loads(base64.urlsafe_b64decode(opened[0]["disclosures"]["account"] + "=="))
    lie = base64.urlsafe_b64encode(json.dumps([salt, name, "somebody"]).encode()).rstrip(b"=").decode()
    opened[0]["disclosures"]["account"] = lie
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "not what the entry committed to")


def test_openings_of_other_entries_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    opened[0]["index"], opened[1]["index"] = opened[1]["index"], opened[0]["index"]
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "not what the entry committed to")


def test_a_salt_used_twice_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    put_openings(files, [*opened, opened[0]])
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "a salt is used twice")


def test_a_short_salt_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    opened = openings(files)
    salt = base64.urlsafe_b64encode(bytes(SALT_BYTES - 4)).rstrip(b"=").decode()
    short = base64.urlsafe_b64encode(json.dumps([salt, "account", "a"]).encode()).rstrip(b"=").decode()
    opened[0]["disclosures"]["account"] = short
    put_openings(files, opened)
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "its salt too short")


def test_openings_that_show_one_account_as_two_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    lines = files.contents["calls.csv"].splitlines(keepends=True)
    for at in range(1, 4):
        index, account, call = lines[at].split(b",")
        lines[at] = b",".join([index, b"%d" % ((int(account) + 1) % 3), call])
    files.contents["calls.csv"] = b"".join(lines)
    volume = files.json("claims/volume.json")
    digest = sha256(files.contents["calls.csv"]).hexdigest()
    drawn = verify.draw(BEACON, "example.com/log", digest, count=volume["numbers"]["exchanges"], size=459)
    files.put("audit/sample.json", files.json("audit/sample.json") | {"positions": sorted(drawn)})
    refused(files.signed(host.signer).pack(tmp_path / "b.zip"), "one account counted as two")


def test_a_sample_too_small_to_prove_anything_is_not_verified(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=200)
    host.fix_list()
    path = host.bundle(beacon=BEACON, sample_size=5, whole=False, recorded=host.stamped())
    found = verify.Verification(path, stamped=True).verdicts
    assert found["sample"] == ("NOT VERIFIED", "5 drawn: too few to prove anything; draw your own")
    assert found["volume"][0] == "NOT VERIFIED"


@pytest.mark.parametrize(
    ("kind", "calls", "draws", "verdict"),
    [
        ("claim", "this", "a beacon", "VERIFIED"),
        ("claim", "another", "a beacon", "NOT VERIFIED"),
        ("finding", "this", "a beacon", "NOT VERIFIED"),
        ("claim", "this", "", "NOT VERIFIED"),
    ],
)
def test_only_a_claim_of_this_list_that_names_a_value_fixes_it(
    *, kind: str, calls: str, draws: str, verdict: str
) -> None:
    found = object.__new__(verify.Verification)
    found.verdicts = {"witnesses": ("VERIFIED", "w0"), "time": ("NOT VERIFIED", "")}
    found.counted = SimpleNamespace(kept=range(60), count=100)  # type: ignore[assignment]
    found.noted = [(7, event_entry(kind, {"campaign": CAMPAIGN, "calls": calls, "draws": draws}))]
    found._judge_sample(BEACON, "this")
    assert found.verdicts["sample"][0] == verdict


@pytest.mark.parametrize(("size", "share"), [(59, "95 % sure that 95.0 % of it"), (99, "95 % sure that 97.0 % of it")])
def test_what_a_sample_proves_is_rounded_down(tmp_path: Path, *, size: int, share: str) -> None:
    # 0.05 ** (1 / 59) is 0.9505, 0.05 ** (1 / 99) is 0.97019.
    host = Host(tmp_path / "host", calls=240)
    host.fix_list()
    path = host.bundle(beacon=BEACON, sample_size=size, recorded=host.stamped())
    assert f"with the list: {share} is as shown" in verify.Verification(path, stamped=True).verdicts["sample"][1]


def test_a_sample_of_everything_proves_everything(host: Host) -> None:
    path = host.bundle("every.zip", beacon=BEACON, recorded=host.stamped())
    assert "with the list: all of it is as shown" in verify.Verification(path, stamped=True).verdicts["sample"][1]


def test_who_says_to_have_checked_a_time_stamp_needs_one(host: Host) -> None:
    found = verify.Verification(host.bundle("bare.zip", beacon=BEACON), stamped=True).verdicts
    assert found["time"][0] == "NOT VERIFIED"
    assert found["sample"][0] == "NOT VERIFIED"


def test_no_position_is_likelier_than_another() -> None:
    # Of 2**63 + 1 positions the lower ones would come up twice as often; SHA-256 is drawn again instead.
    count, origin, digest = 2**63 + 1, "example.com/log", "00" * 32
    seed = sha256(f"stillwatch audit sample 1\n{BEACON}\n{origin}\n{digest}\n".encode()).digest()
    values = [int.from_bytes(sha256(seed + i.to_bytes(8, "big")).digest()[:8], "big") for i in range(100)]
    fair = [value for value in values if value < count]
    assert 20 < len(fair) < 80
    assert verify.draw(BEACON, origin, digest, count=count, size=20) == set(fair[:20])
    # The limit itself is drawn again too: with as many positions as the first value above the middle has, it is that.
    first = next(at for at, value in enumerate(values) if value > 2**63)
    last = values[first]
    below = [value for value in values[: first + 2] if value < last]
    assert verify.draw(BEACON, origin, digest, count=last, size=len(below)) == set(below)


def test_a_sample_of_the_largest_size_is_drawn() -> None:
    assert len(verify.draw(BEACON, "example.com/log", "00" * 32, count=10_000, size=6905)) == 6905


@pytest.mark.parametrize("names", [{"started_at"}, {"call_id"}, {"account"}])
def test_any_field_may_be_opened_alone(host: Host, names: set[str]) -> None:
    path = host.bundle("alone.zip", beacon=BEACON, disclose=frozenset(names))
    verdict, says = verify.Verification(path).verdicts["openings"]
    assert verdict == "VERIFIED"
    assert says == f"what is shown of 12 entries ({', '.join(names)}) is what was committed to"


def test_a_disclosure_under_another_name_is_refused() -> None:
    # Committed to so from the beginning: the digest fits, but what is shown as the account is something else.
    disclosure = verify.url_base64(json.dumps(["s" * 22, "call_id", "c1"]).encode())
    digests = {"account": verify.url_base64(verify.sha256(disclosure.encode()))}
    entry = verify.canonical({"private": verify.url_base64(verify.sha256(verify.canonical(digests)))})
    opening = {"index": 0, "disclosures": {"account": disclosure}, "digests": {}}
    with pytest.raises(verify.Refused, match="account is of another field"):
        verify.check_opening(opening, entry, set())
