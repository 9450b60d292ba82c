"""From a call log to a bundle that a stranger checks and audits, through the command line."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bundles import Files
from commands import run_command
from scan_reports import Report, Scanner, Traffic

BEACON, LATER = (sha256(b"beacon round %d" % i).hexdigest() for i in range(2))
SECONDS = 60
NAME = re.compile(rb"acct_[0-9a-f]{12}|call_[0-9a-f]{16}")


def stillwatch(folder: Path, *words: str, code: int = 0) -> str:
    done = run_command(*words, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, evasion: Traffic, evasion_report: Report, session_scanner: Scanner
) -> Path:
    """Keep a log of the scanned calls, with the list of a campaign's calls fixed in it."""
    folder = tmp_path_factory.mktemp("host")
    (folder / ".stillwatch").mkdir(mode=0o700)
    shutil.copy(session_scanner.key, folder / ".stillwatch/key")
    shutil.copytree(evasion_report.folder, folder / "report")
    stillwatch(folder, "evidence", "append", str(evasion.log), "--origin", "example.com/log")
    stillwatch(folder, "evidence", "report", "report")
    stillwatch(folder, "evidence", "claim", "report", "--campaign", campaign(folder), "--draw-by", "beacon, round 7")
    return folder


def campaign(folder: Path) -> str:
    return str(json.loads((folder / "report/campaigns.json").read_bytes())[0]["campaign"])


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    options = ("--beacon", BEACON, "--sample-size", "59", "--disclose", "account", "--replay")
    stillwatch(folder, "evidence", "bundle", "report", "--campaign", campaign(folder), "-o", "b.zip", *options)
    return folder / "b.zip"


def test_a_stranger_checks_it_without_the_project(bundle: Path, evasion_report: Report, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(Files.of(bundle).contents["verify.py"])
    shutil.copy(bundle, tmp_path / "b.zip")
    command = [sys.executable, "-I", "verify.py", "b.zip", "--require", "volume"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    exchanges = evasion_report.campaigns[0]["exchanges"]
    assert f"{exchanges} completed calls, no entry and no call's pseudonym twice" in done.stdout
    assert "as are 3 notes about them" in done.stdout, "the list, the finding and the source"


def test_it_holds_no_name_of_an_account_or_text_that_was_not_disclosed(bundle: Path, evasion: Traffic) -> None:
    files = Files.of(bundle).contents
    opened = [json.loads(line)["disclosures"] for line in files.pop("audit/openings.jsonl").splitlines()]
    packed = [pq.read_table(BytesIO(files.pop(name))) for name in sorted(files) if name.endswith(".parquet")]
    inside = [str(table[name].to_pylist()).encode() for table in packed for name in strings(table)]
    calls = {name.encode() for name in evasion.calls()["call_id"].to_pylist()}
    accounts = {name.encode() for name in evasion.calls()["account"].to_pylist()}
    assert all(NAME.fullmatch(name) for name in calls | accounts), "a name of another shape would not be looked for"
    assert not set(NAME.findall(b"\n".join([*files.values(), *inside]))) & (calls | accounts)
    disclosed = {tuple(json.loads(urlsafe_b64decode(f"{one}=="))[1:]) for row in opened for one in row.values()}
    assert {field for field, _ in disclosed} == {"account"}
    assert {value.encode() for _, value in disclosed} <= accounts


def strings(table: pa.Table) -> list[str]:
    return [field.name for field in table.schema if not pa.types.is_primitive(field.type)]


def test_the_command_says_what_the_script_says(bundle: Path, folder: Path) -> None:
    text = stillwatch(folder, "evidence", "verify", "b.zip")
    assert "volume        VERIFIED" in text
    stillwatch(folder, "evidence", "verify", "b.zip", "--require", "coordination", code=1)
    data = bundle.read_bytes()
    (folder / "broken.zip").write_bytes(data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :])
    assert "REFUSED" in stillwatch(folder, "evidence", "verify", "broken.zip", code=1)


def test_an_outside_auditor_has_a_sample_opened(bundle: Path, folder: Path) -> None:
    (folder / "token").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "wrong").write_text("0123456789abcdef0123456789abcdee\n")
    with serving(folder, bundle) as url:
        audit = ("evidence", "audit", "b.zip", "--host", url, "--beacon", LATER, "--sample-size", "299")
        text = stillwatch(folder, *audit, "--token-file", "token")
        assert "299 drawn, all as the bundle says: with 95 % confidence at least 99 %" in text
        stillwatch(folder, *audit, "--token-file", "wrong", code=2)


def test_anybody_scans_the_shown_fingerprints_again(bundle: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copy(bundle, tmp_path / "b.zip")
    text = stillwatch(tmp_path, "evidence", "replay", "b.zip", "--threads", "1")
    assert text.count("the same  ") == 6, text
    assert not (tmp_path / ".stillwatch").exists(), "it takes no key"
    repeated = json.loads(Files.of(bundle).contents["replay/campaigns.json"])
    report = json.loads((folder / "report/campaigns.json").read_bytes())
    for campaign in report:
        for observable in campaign["observables"]:
            observable["label"] = None
    assert repeated == report


def test_an_auditor_alone_scans_again_what_the_bundle_only_has_digests_of(folder: Path) -> None:
    stillwatch(folder, "evidence", "bundle", "report", "--campaign", campaign(folder), "-o", "closed.zip")
    stillwatch(folder, "evidence", "replay", "closed.zip", code=2)
    assert not [name for name in Files.of(folder / "closed.zip").contents if name.startswith("replay/")]
    text = stillwatch(folder, "evidence", "replay", "closed.zip", "--fingerprints", "report/fingerprints")
    assert text.count("the same  ") == 6, text


@contextmanager
def serving(folder: Path, bundle: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["evidence", "openings", bundle.name, "--token-file", "token", "--port", str(port)]
    command = [sys.executable, "-c", "from stillwatch.cli import main; main()", *words]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the audit endpoint did not start")
