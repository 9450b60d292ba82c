"""A bundle is made whole, the same each time, and holds nothing private but what was disclosed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bundles import ACCOUNTS, AT, BEACON, CAMPAIGN, KEY, Files, Host
from stillwatch.errors import EvidenceError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.make import make_bundle
from stillwatch.evidence.bundle.membership import Ints
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), calls=40)


def test_the_same_evidence_makes_the_same_bytes(host: Host) -> None:
    disclose = frozenset({"account"})
    one, two = (host.bundle(n, beacon=BEACON, disclose=disclose) for n in ("one.zip", "two.zip"))
    assert one.read_bytes() == two.read_bytes()


def test_only_the_campaign_s_completed_calls_are_counted(host: Host) -> None:
    files = Files.of(host.bundle())
    lines = files.contents["calls.csv"].decode().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == [1 + i for i in range(40) if i % 2]
    assert files.json("claims/volume.json")["numbers"] == {
        "exchanges": 20,
        "accounts": ACCOUNTS,
        "models": {"large": 20},
        "input_tokens": sum(range(1, 40, 2)),
        "output_tokens": 10 * sum(range(1, 40, 2)),
        "reasoning_tokens": 0,
        "first_hour": int(AT.timestamp()) // 3600,
        "last_hour": int(AT.timestamp()) // 3600,
    }


def test_nothing_private_is_in_a_bundle(host: Host) -> None:
    every = b"".join(Files.of(host.bundle(beacon=BEACON)).contents.values())
    for secret in (
        b"member-",
        b"stranger-",
        b"question ",
        b"192.0.2.7",
        b'"c1"',
        KEY,
        Pseudonyms.of(KEY, CAMPAIGN).key,
    ):
        assert secret not in every
        assert secret.hex().encode() not in every
    assert f"{0x1234:016x}".encode() not in every, "an observable has a name of this bundle only"


def test_a_private_key_is_never_in_a_bundle(host: Host) -> None:
    every = b"".join(Files.of(host.bundle()).contents.values())
    assert host.signer.private_key.private_bytes_raw() not in every
    assert b"PRIVATE KEY" not in every


def test_only_what_is_disclosed_is_opened(host: Host) -> None:
    files = Files.of(host.bundle(beacon=BEACON, disclose=frozenset({"client_address"})))
    opened = [json.loads(line) for line in files.contents["audit/openings.jsonl"].splitlines()]
    assert {tuple(o["disclosures"]) for o in opened} == {("client_address",)}
    assert b"member-" not in b"".join(files.contents.values())


def test_calls_that_are_not_in_the_log_are_not_counted_and_said(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=10)
    numbers = [1, 3, 5, 7, 9, 11, 13]
    table = pa.table({"campaign": [CAMPAIGN] * 7, "call": numbers, "completed": [True] * 7})
    pq.write_table(table, host.report / "campaign_calls.parquet")
    claim = Files.of(host.bundle()).json("claims/volume.json")
    assert claim["numbers"]["exchanges"] == 5
    assert claim["contrary"][0].startswith("The report counts 7 exchanges; 2 of them are not counted here")


def test_calls_that_the_log_has_as_failed_are_not_counted_and_said(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=4)
    host.append(host.entries(range(4, 6), status=500))
    table = pa.table({"campaign": [CAMPAIGN] * 3, "call": [1, 3, 5], "completed": [True] * 3})
    pq.write_table(table, host.report / "campaign_calls.parquet")
    path = host.bundle()
    claim = Files.of(path).json("claims/volume.json")
    assert claim["numbers"]["exchanges"] == 2
    assert claim["contrary"] == ["1 calls that the report counts are not completed in the log, and not counted."]
    verify.Verification(path)


def test_erased_calls_are_not_counted_and_said(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=10)
    host.vault.erase([2])
    claim = Files.of(host.bundle()).json("claims/volume.json")
    assert claim["numbers"]["exchanges"] == 4
    assert "erased" in claim["contrary"][0]


def test_a_bundle_is_of_the_log_as_it_was_at_its_checkpoint(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", calls=10)
    before = host.recorded()
    first = host.bundle("first.zip", recorded=before)
    host.append(host.entries(range(10, 20)))
    again = host.bundle("again.zip", recorded=before)
    assert first.read_bytes() == again.read_bytes()


def test_words_of_attribution_are_kept_as_they_are(host: Host, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("operators affiliated with Example Ltd\n")
    path = host.bundle("named.zip", attribution=words)
    files = Files.of(path)
    assert files.contents["attached/attribution"] == words.read_bytes()
    assert "Example" not in files.contents["SUMMARY.html"].decode()
    found = verify.Verification(path).verdicts["attribution"]
    assert found == ("NOT VERIFIED", "a statement of the host, attached/attribution; it is not proved here")


def test_time_stamps_of_another_checkpoint_are_refused(host: Host) -> None:
    stamp = b"\x30" + verify.sha256(host.note.text.encode()) + b"\x00"
    good = host.bundle("stamped.zip", recorded=host.recorded(timestamps={"tsa": stamp}))
    assert "1 time-stamps" in verify.Verification(good).verdicts["time"][1]
    bad = host.bundle("misstamped.zip", recorded=host.recorded(timestamps={"tsa": bytes(40)}))
    with pytest.raises(verify.Refused, match=r"tsa\.tsr: a time-stamp of something else"):
        verify.Verification(bad)


@pytest.mark.parametrize("more", [{"whole": False}, {"disclose": frozenset({"account"})}])
def test_a_sample_needs_a_beacon(host: Host, more: dict[str, object]) -> None:
    with pytest.raises(EvidenceError, match="needs --beacon"):
        host.wanted(**more)


def test_a_campaign_that_is_not_in_the_report_is_refused(host: Host) -> None:
    with pytest.raises(EvidenceError, match=f"no campaign is called C-x; there are: {CAMPAIGN}"):
        make_bundle(replace(host.wanted(), campaign="C-x"), host.recorded(), host.folder / "none.zip")


def test_nothing_half_made_is_left_behind(host: Host) -> None:
    with pytest.raises(EvidenceError, match="too large"):
        host.bundle("none.zip", recorded=host.recorded(key_calls=_fails))
    assert not [p for p in host.folder.iterdir() if "none" in p.name]


def _fails(_ids: object) -> Ints:
    raise EvidenceError("too large")


def test_members_of_the_zip_are_in_order_and_without_a_date(host: Host) -> None:
    with zipfile.ZipFile(host.bundle()) as zipped:
        names = [i.filename for i in zipped.infolist()]
        assert names == sorted(names)
        assert {i.date_time for i in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
