"""A provenance result on its way into a bundle: registered in the log, attached, checked by verify.py as it says."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures import INDEPENDENT, MAKER, OTHER, STUDENT, TEACHER
from stillwatch.evidence.book import Book
from stillwatch.settings import EvidenceSettings
from stillwatch_lab.cli.main import app, load_commands
from stillwatch_lab.provenance.chainworld import make_dossier
from stillwatch_lab.provenance.dossier import write_dossier

STILLWATCH = [sys.executable, "-c", "from stillwatch.cli.main import main; main()"]
ATTACHED = "attached/lab-test"

load_commands("provenance")


def stillwatch(folder: Path, *words: str) -> None:
    done = subprocess.run([*STILLWATCH, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Log calls, register and test a suspect, and bundle the campaign's evidence with the result."""
    folder = tmp_path_factory.mktemp("host")
    (folder / ".stillwatch").mkdir(mode=0o700)
    stillwatch(folder, "simulate", "demo", "--scale", "0.05", "--out", "demo")
    stillwatch(folder, "scan", "demo/calls.parquet", "--accounts", "demo/accounts.parquet", "--out", "report")
    stillwatch(folder, "evidence", "append", "demo/calls.parquet", "--origin", "example.com/log")
    write_dossier(make_dossier(MAKER, prompts=20, seed=1), folder / "dossier")
    controls = [word for control in (INDEPENDENT, OTHER) for word in ("--controls", str(control))]
    log = ["--evidence", str(folder / ".stillwatch/evidence"), "--evidence-key", str(folder / ".stillwatch/key")]
    parties = ["--mine", str(TEACHER), "--suspect", str(STUDENT), "--dossier", str(folder / "dossier"), *controls]
    done = CliRunner().invoke(app, ["provenance", *parties, "-o", str(folder / "tested"), *log])
    assert done.exit_code == 0, done.output
    campaign = json.loads((folder / "report/campaigns.json").read_bytes())[0]["campaign"]
    stillwatch(folder, "evidence", "report", "report")
    result = ("--lab-test", "tested/result.json")
    stillwatch(folder, "evidence", "bundle", "report", "--campaign", campaign, "-o", "bundle.zip", *result)
    return folder


def verify(folder: Path, bundle: str) -> subprocess.CompletedProcess[str]:
    """Check a bundle as a stranger does, with the program that is in it and nothing else."""
    with zipfile.ZipFile(folder / "bundle.zip") as zipped:
        (folder / "verify.py").write_bytes(zipped.read("verify.py"))
    command = [sys.executable, "-I", "verify.py", bundle]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_result_is_in_the_bundle_as_it_was_written_and_said_to_prove_nothing(host: Path) -> None:
    with zipfile.ZipFile(host / "bundle.zip") as zipped:
        attached = zipped.read(ATTACHED)
    assert attached == (host / "tested/result.json").read_bytes()
    assert "found" in {finding["verdict"] for finding in json.loads(attached)["findings"]}
    done = verify(host, "bundle.zip")
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("training-use")]
    assert "NOT VERIFIED" in line
    assert "a statement of the host, attached/lab-test" in line


def test_a_result_that_was_changed_in_the_bundle_is_refused(host: Path) -> None:
    with zipfile.ZipFile(host / "bundle.zip") as zipped, zipfile.ZipFile(host / "changed.zip", "w") as changed:
        for info in zipped.infolist():
            data = zipped.read(info)
            changed.writestr(info, data.replace(b"not found", b"found 100") if info.filename == ATTACHED else data)
    with zipfile.ZipFile(host / "changed.zip") as zipped:
        assert zipped.read(ATTACHED) != (host / "tested/result.json").read_bytes()
    done = verify(host, "changed.zip")
    assert done.returncode != 0
    assert ATTACHED in done.stdout + done.stderr


def test_the_registration_that_the_result_names_is_an_entry_of_the_log(host: Path) -> None:
    result = json.loads((host / "tested/result.json").read_bytes())
    registration = (host / "tested/registration.json").read_bytes()
    assert result["registration_sha256"] == sha256(registration).hexdigest()
    settings = EvidenceSettings(host / ".stillwatch/evidence", key_file=host / ".stillwatch/key")
    with Book(settings, clock=lambda: 1_700_000_000.0) as book:
        entries = list(book.log.reader().find([result["registration_sha256"].encode()]))
    assert len(entries) == 1
