"""A sample that was not drawn as it should be, and openings that do not fit, are refused."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bundles import BEACON, Files, Host, refused
from stillwatch.evidence import verify
from stillwatch.evidence.commitments import SALT_BYTES


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
