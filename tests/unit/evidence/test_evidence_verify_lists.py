"""Accounts, calls and edges are listed in one way, each once, and speak only of each other."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from bundles import ACCOUNTS, BEACON, CAMPAIGN, Files, Host, refused, told
from stillwatch.evidence import verify
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm

NOBODY = ACCOUNTS
"""The number of an account that is not listed: they count from 0."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("host"), calls=12)


@pytest.fixture
def files(host: Host) -> Files:
    return Files.of(host.bundle())


def check(files: Files, host: Host, folder: Path, why: str) -> None:
    refused(files.signed(host.signer).pack(folder / "b.zip"), why)


@pytest.mark.parametrize("change", ["reversed", "twice"])
def test_accounts_are_in_order_and_each_is_one(files: Files, host: Host, tmp_path: Path, change: str) -> None:
    lines = files.contents["accounts.txt"].splitlines(keepends=True)
    files.contents["accounts.txt"] = b"".join(lines[::-1] if change == "reversed" else [lines[0], *lines])
    check(files, host, tmp_path, "accounts.txt: not in order, or an account twice")


def test_calls_of_an_account_that_is_not_listed_are_refused(files: Files, host: Host, tmp_path: Path) -> None:
    # As many accounts as are listed, but the last of them is another.
    calls = re.sub(rb",%d," % (ACCOUNTS - 1), b",%d," % NOBODY, files.contents["calls.csv"])
    assert calls != files.contents["calls.csv"]
    files.contents["calls.csv"] = calls
    check(files, host, tmp_path, "calls.csv: call [0-9]+: a malformed line")


def test_a_call_just_beyond_the_log_is_refused(files: Files, host: Host, tmp_path: Path) -> None:
    size = host.reader.checkpoint.size
    lines = files.contents["calls.csv"].splitlines(keepends=True)
    lines[-1] = b"%d," % size + lines[-1].split(b",", 1)[1]
    files.contents["calls.csv"] = b"".join(lines)
    check(files, host, tmp_path, f"entry {size}: twice, out of order, or not in the log")


@pytest.mark.parametrize("line", [b"%d,address,%s\n" % (NOBODY, b"00" * 16), b"0,address,%sx\n" % (b"00" * 16)])
def test_an_edge_is_of_a_listed_account_and_ends_where_it_ends(
    files: Files, host: Host, tmp_path: Path, line: bytes
) -> None:
    files.contents["coordination/edges.csv"] += line
    check(files, host, tmp_path, "edges.csv: malformed, or of an unlisted account")


@pytest.mark.parametrize("rung", ["volume", "coordination"])
@pytest.mark.parametrize("claimed", [False, 1, None])
def test_what_every_bundle_claims_is_claimed(
    files: Files, host: Host, tmp_path: Path, *, rung: str, claimed: object
) -> None:
    files.put(f"claims/{rung}.json", files.json(f"claims/{rung}.json") | {"claimed": claimed})
    check(files, host, tmp_path, f"claims/{rung}.json: wrong: not claimed")


def test_what_is_attached_is_a_statement_and_claimed(host: Host, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("It was somebody.")
    found = verify.Verification(host.bundle("attributed.zip", attribution=tmp_path / "words")).verdicts
    assert found["attribution"] == (
        "NOT VERIFIED", "a statement of the host, attached/attribution; it is not proved here"
    )  # fmt: skip
    assert found["training-use"] == ("NOT CLAIMED", "nothing in this bundle speaks to it")


def test_names_from_the_host_cannot_forge_a_step(files: Files, host: Host, tmp_path: Path) -> None:
    files.predicate["campaign"] = f"{CAMPAIGN}\n8. court: they did it\x1b[2J\u202e"
    _, lines = told(files.signed(host.signer).pack(tmp_path / "b.zip"))
    steps = [line for line in lines if re.match("[0-9]", line)]
    assert len(steps) == 7
    assert not [line for line in steps if "\n" in line or "\x1b" in line or "\u202e" in line]


def test_a_quorum_that_only_the_bundle_asks_for_is_asked_of_nobody(host: Host) -> None:
    witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
    path = host.bundle("quorum.zip", policy=host.policy(witness).encode())
    assert verify.Verification(path).verdicts["witnesses"][0] == "NOT VERIFIED"
    with pytest.raises(verify.Refused, match="quorum of your policy is not reached; cosigned by nobody"):
        verify.Verification(path, host.policy(witness))


def test_a_time_stamp_is_no_note_whatever_it_is_called(host: Host) -> None:
    stamp = sha256(host.note.text.encode()).digest()
    path = host.bundle("named.zip", recorded=host.recorded(timestamps={"7.json": stamp}))
    assert "log/7.json.tsr" in verify.Verification(path).bundle.sizes


def test_a_checkpoint_from_elsewhere_is_read_from_a_file(host: Host, tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(str(host.note).encode())
    code, lines = told(host.bundle(), "--seen", str(tmp_path / "seen"))
    assert code == 0
    assert any(line.startswith("  seen          VERIFIED") for line in lines)


def test_a_reason_is_told_as_it_is_and_a_surprise_with_its_kind(files: Files, tmp_path: Path) -> None:
    files.contents["heads.json"] = b"{}"
    assert told(files.pack(tmp_path / "b.zip"))[1][-1] == "REFUSED: heads.json: not the file that was signed"
    _, lines = told(tmp_path / "none.zip")
    assert lines[-1].startswith("REFUSED: malformed (FileNotFoundError: ")


def test_how_much_of_the_volume_is_shown_is_said(host: Host) -> None:
    whole, part = (
        verify.Verification(host.bundle(f"{all_of_it}.zip", beacon=BEACON, whole=all_of_it)).verdicts["volume"]
        for all_of_it in (True, False)
    )
    assert whole[0] == "VERIFIED"
    assert whole[1].endswith("which the host lists under 3 accounts, are all in its log")
    assert part[0] == "NOT VERIFIED"
    assert part[1].startswith("only a sample is shown: 6 drawn: no entry of the log fixed list and value before")
