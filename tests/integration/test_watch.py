"""``stillwatch watch`` and ``stillwatch journal`` as commands, over traffic that went through the journal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from commands import run_command
from journals import END
from scan_reports import KEY, Traffic
from stillwatch.gateway.journal.layout import Layout
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli import main; main()"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / ".stillwatch").mkdir(mode=0o700)
    (tmp_path / ".stillwatch/key").write_bytes(KEY)
    (tmp_path / ".stillwatch/key").chmod(0o600)
    return Journal(folder=tmp_path / ".stillwatch/journal", segment_bytes=1 << 20)


def record(journal: Journal, calls: Iterable[dict[str, Any]]) -> None:
    """Write calls as the proxy does."""
    writer = JournalWriter(journal)
    for row in calls:
        writer.admit(row["call_id"], {k: v for k, v in row.items() if k not in END and v is not None})
        writer.finish(row["call_id"], {k: row[k] for k in END})
    writer.close()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, cwd=folder, seconds=300)


def standing(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / ".stillwatch/standing/snapshot.json").read_bytes())
    return read


def watch(folder: Path, traffic: Traffic) -> dict[str, Any]:
    done = run(folder, "watch", "--once", "--days", "400", "--keep-days", "4000", "--accounts", str(traffic.accounts))
    assert done.returncode == 0, done.stderr
    return standing(folder)


def test_a_campaign_is_listed_without_anyone_s_hand_and_honest_callers_are_not(
    tmp_path: Path, journal: Journal, evasion: Traffic
) -> None:
    calls = evasion.calls().sort_by("started_at").to_pylist()
    record(journal, calls[: len(calls) // 5])
    early = watch(tmp_path, evasion)
    record(journal, calls[len(calls) // 5 : -600])
    before = watch(tmp_path, evasion)
    record(journal, calls[-600:])
    after = watch(tmp_path, evasion)
    assert len(early["accounts"]) < len(after["accounts"])
    members = evasion.members()
    assert len(set(after["accounts"]) & members) >= 0.8 * len(members)
    assert not set(after["accounts"]) - members
    assert len(after["campaigns"]) == 1
    assert set(after["campaigns"]) == set(before["campaigns"]), "it keeps its name while it grows"
    one = next(iter(after["accounts"].values()))
    assert one["strength_bits"] > 2.5
    assert sum(bits > 0 for bits in one["bits"].values()) >= 2
    assert one["since"] <= before["made_at"] < after["made_at"]
    assert not [p for p in journal.folder.rglob("*") if p.is_file() and b"prompt" in p.read_bytes()]


def test_watch_goes_on_until_it_is_stopped_and_one_is_enough(
    tmp_path: Path, journal: Journal, evasion: Traffic
) -> None:
    record(journal, evasion.calls().slice(0, 200).to_pylist())
    command = [*STILLWATCH, "watch", "--every", "0.2", "--keep-days", "4000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "200 calls sealed" in process.stderr.readline()
        second = run(tmp_path, "watch", "--once")
        assert second.returncode == 2
        assert "another process is watching" in second.stderr
        process.send_signal(signal.SIGTERM)
        assert "stopped" in process.stderr.read()
        assert process.wait(60) == 0
    assert standing(tmp_path)["version"] == 1


KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow.parquet as pq
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.settings import Journal

writer = JournalWriter(Journal(folder=Path(sys.argv[1])))
for number, row in enumerate(pq.read_table(sys.argv[2]).to_pylist()):
    writer.admit(row["call_id"], row)
    if number < 40:
        writer.finish(row["call_id"], {"status": 200})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_killed_is_recovered_by_hand(tmp_path: Path, journal: Journal, evasion: Traffic) -> None:
    pq.write_table(evasion.calls().slice(0, 50), tmp_path / "calls.parquet")
    command = [sys.executable, "-c", KILLED, str(journal.folder), str(tmp_path / "calls.parquet")]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    (segment, *_) = Layout(journal.folder).segments()
    segment.path.write_bytes(segment.path.read_bytes() + b"\xffSWA torn")
    listed = run(tmp_path, "journal", "list", str(journal.folder))
    assert "to be sealed" in listed.stdout
    assert "9 bytes torn" in run(tmp_path, "journal", "check", str(journal.folder)).stdout
    done = run(tmp_path, "journal", "recover", str(journal.folder))
    assert done.returncode == 0, done.stderr
    assert "50 calls" in done.stdout
    assert "10 of them without an end" in done.stdout
    rows = [n for p in Layout(journal.folder).sealed_files() for n in pq.read_table(p)["output_tokens"].to_pylist()]
    assert len(rows) == 50
    assert not Layout(journal.folder).segments()


def test_a_journal_in_use_is_not_recovered_over_its_head(tmp_path: Path, journal: Journal) -> None:
    writer = JournalWriter(journal)
    done = run(tmp_path, "journal", "recover", str(journal.folder))
    assert done.returncode == 2
    assert "1 worker(s) still write here" in done.stderr
    assert run(tmp_path, "journal", "seal", str(journal.folder)).returncode == 0
    assert "nothing new to seal" in run(tmp_path, "watch", "--once").stderr
    writer.close()


def test_kept_text_is_decrypted_by_hand(tmp_path: Path, journal: Journal, evasion: Traffic) -> None:
    calls = evasion.calls().slice(0, 20)
    record(journal, calls.to_pylist())
    assert run(tmp_path, "journal", "seal", str(journal.folder), "--keep-text").returncode == 0
    (file,) = Layout(journal.folder).text.iterdir()
    done = run(tmp_path, "journal", "text", str(file), "--out", "text.parquet")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "text.parquet")["messages"].to_pylist() == calls["messages"].to_pylist()
    assert (tmp_path / "text.parquet").stat().st_mode & 0o777 == 0o600
    again = run(tmp_path, "journal", "text", str(file), "--out", "text.parquet")
    assert again.returncode == 2
    assert "exists" in again.stderr


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "journal", "list", "nowhere")
    assert done.returncode == 2
    assert "no journal here" in done.stderr
