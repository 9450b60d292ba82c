"""``stillwatch evidence witness`` and ``cosign`` as programs: another's witness, our log, and both over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from running_witness import STILLWATCH, RunningWitness
from stillwatch.evidence.checkpoints import open_checkpoint
from stillwatch.evidence.keyset import KeySet
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import VerifierKey
from stillwatch.evidence.quorum import parse_policy
from stillwatch.evidence.standing import weigh_checkpoint

ORIGIN = "example.com/log"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    KeySet.create(tmp_path / "evidence/log/keys", origin=ORIGIN)
    append(tmp_path / "evidence", b"one", b"two")
    return tmp_path / "evidence"


@pytest.fixture
def log_key(evidence: Path) -> VerifierKey:
    return KeySet.read(evidence / "log/keys").current[0]


@pytest.fixture
def witness(tmp_path: Path, log_key: VerifierKey) -> Iterator[RunningWitness]:
    running = RunningWitness(tmp_path / "witness", str(log_key))
    yield running
    running.stop()


def append(folder: Path, *entries: bytes) -> None:
    keys = KeySet.read(folder / "log/keys")
    with Log(folder / "log", keys.signers(keys.current), clock=lambda: 1_700_000_000.0) as log:
        log.append(list(entries))


def cosign(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STILLWATCH, "evidence", "cosign", "--folder", folder, "--seconds", "30", *more],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def write_policy(folder: Path, log_key: VerifierKey, witness: RunningWitness, url: str | None = None) -> None:
    lines = [f"witness w{i} {vkey} {url or witness.url}" for i, vkey in enumerate(witness.vkeys)]
    text = "\n".join([f"log {log_key}", *lines, "group both all w0 w1", "quorum both", ""])
    (folder / "policy.txt").write_text(text)


def test_a_log_is_witnessed_over_http_and_a_monitor_sees_the_same(
    evidence: Path, log_key: VerifierKey, witness: RunningWitness
) -> None:
    write_policy(evidence, log_key, witness)
    first = cosign(evidence)
    assert first.returncode == 0, first.stderr
    assert "2 entries" in first.stdout
    assert "Quorum: reached; independent parties: 1." in first.stdout
    append(evidence, b"three")
    second = cosign(evidence, "--json")
    assert json.loads(second.stdout)["has_independent_quorum"] is True
    kept = max((evidence / "witness").glob("*.checkpoint")).read_bytes()
    policy = parse_policy((evidence / "policy.txt").read_bytes())
    assert weigh_checkpoint(kept, policy).has_quorum
    head, note = open_checkpoint(witness.latest(ORIGIN), [log_key])
    assert (head.size, len(note.signatures)) == (3, 3)


def test_our_own_witness_is_labelled_and_counts_for_nothing(
    evidence: Path, log_key: VerifierKey, witness: RunningWitness
) -> None:
    write_policy(evidence, log_key, witness)
    (evidence / "operators.toml").write_text('[witness.w0]\nrun_by = "us"\n[witness.w1]\nrun_by = "us"\n')
    done = cosign(evidence)
    assert done.returncode == 0
    assert done.stdout.count("run by the log's own operator: proves nothing to others") == 2
    assert "Quorum: reached, but NOT by independent parties; independent parties: 0." in done.stdout


def test_without_witnesses_the_checkpoint_is_marked_and_the_exit_code_says_so(
    evidence: Path, log_key: VerifierKey, witness: RunningWitness
) -> None:
    write_policy(evidence, log_key, witness, url="http://127.0.0.1:1")
    done = cosign(evidence)
    assert (done.returncode, done.stdout.count("nothing from w")) == (1, 2)
    assert "Quorum: NOT reached" in done.stdout
    (marked,) = (evidence / "witness").glob("*.json")
    assert json.loads(marked.read_bytes())["has_quorum"] is False


def test_wrong_use_is_refused_with_the_place(evidence: Path) -> None:
    (evidence / "policy.txt").write_text("quorum nobody\n")
    done = cosign(evidence)
    assert done.returncode == 2
    assert "policy.txt:1: 'nobody' is not defined" in done.stderr.replace("\n", "")
