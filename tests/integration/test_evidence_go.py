"""Go's reference implementation of transparency logs reads the log that we write."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm

SUMDB = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")
SOURCE = Path(__file__).parent / "go_sumdb/check.go"

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None or not SUMDB.is_dir(),
    reason="needs Go and its x/mod sources (Debian: golang-go golang-golang-x-mod-dev)",
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    environment = {**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "", "GOPROXY": "off"}
    subprocess.run(
        ["go", "build", "-o", folder / "check", SOURCE],
        check=True,
        env={**environment, "GOCACHE": str(folder / "cache")},
        timeout=180,
    )
    return folder / "check"


@pytest.fixture(scope="module")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("log")
    signers = [new_signer("example.com/log", a) for a in (Algorithm.ED25519, Algorithm.ML_DSA_44_COSIGNATURE)]
    with Log(folder, signers, clock=lambda: 1_700_000_000.0) as log:
        log.append([b"entry %d" % i for i in range(65_000)])
        old_root = base64.b64encode(log.checkpoint.root).decode()
        log.append([b"entry %d" % i for i in range(65_000, 70_000)])
    return folder, str(signers[0].verifier), old_root


def check(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, folder / "public", *arguments], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("index", ["0", "65535", "65536", "69999"])
def test_go_opens_the_checkpoint_and_proves_past_and_entries(
    program: Path, log_folder: tuple[Path, str, str], index: str
) -> None:
    folder, vkey, old_root = log_folder
    done = check(program, folder, vkey, "65000", old_root, index)
    assert done.returncode == 0, done.stdout
    assert f'entry "entry {index}"' in done.stdout
    assert "size 70000, consistency 15 hashes" in done.stdout


def test_go_refuses_another_past(program: Path, log_folder: tuple[Path, str, str]) -> None:
    folder, vkey, _ = log_folder
    done = check(program, folder, vkey, "65000", base64.b64encode(bytes(32)).decode(), "0")
    assert done.returncode == 1
