"""``stillwatch register screen``, ``rescreen`` and ``whitelist`` as commands."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from registers import AUTHOR, REVIEWER, evidence
from stillwatch.cli.main import _run
from stillwatch.evidence.opened import open_log
from stillwatch.plugins import load_modules
from stillwatch.registry.changes import AddEvidence, Withdraw
from stillwatch.registry.example import make_example
from stillwatch.registry.register import Register

pytest.importorskip("icu", reason="PyICU is not built (Debian: apt-get install libicu-dev g++)")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    load_modules("stillwatch.cli.commands")
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["stillwatch", "register", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return go


@pytest.fixture
def register(tmp_path: Path) -> Path:
    make_example(tmp_path / "register", tmp_path / "site", now=time.time())
    return tmp_path / "register"


def test_a_file_is_screened_recorded_and_screened_again_when_the_list_changes(command: Command, register: Path) -> None:
    Path("customers.csv").write_text(
        "customer,name,city,domains\n"
        "c1,羽蕨模型工坊,,\n"
        "c2,Lunnyy Paporotnik,,\n"
        "c3,Quillfern,,\n"
        "c4,Nobody In Particular SA,,\n"
        "c5,Anything,,api.saltmarsh.example\n",
        encoding="utf-8",
    )
    done = command("screen", "customers.csv", "--list", "site", "--json")
    assert done.code == 0, done
    said = json.loads(done.out)
    outcomes = {one["customer"]: one["outcome"] for one in said["screened"]}
    assert outcomes == {"c1": "strong", "c2": "strong", "c3": "weak", "c4": "clear", "c5": "strong"}
    log = open_log(Path(".stillwatch/evidence"))
    entry = json.loads(log.reader.entry(said["recorded"]))
    assert entry["list"] == {name: said["list"][name] for name in ("origin", "size", "root")}
    assert "Lunn" not in log.reader.entry(said["recorded"]).decode()
    same = json.loads(command("rescreen", "--list", register, "--json").out)
    assert same["changes"] == []
    hit = said["screened"][0]["hits"][0]["entry"]
    with Register(register, clock=time.time, typed_names=True) as opened:
        opened.make(hit, Withdraw("A mistake."), by=AUTHOR)
    changed = json.loads(command("rescreen", "--list", register, "--json").out)
    assert {c["customer"]: c["gone"] for c in changed["changes"]} == {"c1": [hit], "c3": [hit]}
    old = command("rescreen", "--list", "site")
    assert (old.code, "fewer than at the last screening" in old.err.replace("\n", " ")) == (2, True), old


def test_a_cleared_customer_is_asked_about_again_when_the_entry_changes(command: Command, register: Path) -> None:
    first = json.loads(command("screen", "Quillfern Model Works", "--list", register, "--json").out)
    entry = first["screened"][0]["hits"][0]["entry"]
    wrong = command("whitelist", "Quillfern Model Works", "R-0", "--reason", "x")
    assert (wrong.code, "no hit of R-0" in wrong.err.replace("\n", " ")) == (2, True)
    cleared = command("whitelist", "Quillfern Model Works", entry, "--reason", "A bakery of that name.", "--days", "90")
    assert "or until the entry changes" in cleared.out
    assert (
        json.loads(command("screen", "Quillfern Model Works", "--list", register, "--json").out)["screened"][0]["hits"]
        == []
    )
    with Register(register, clock=time.time, typed_names=True) as opened:
        opened.make(entry, AddEvidence(evidence(77)), by=REVIEWER)
    again = json.loads(command("screen", "Quillfern Model Works", "--list", register, "--json").out)
    assert [hit["entry"] for hit in again["screened"][0]["hits"]] == [entry]


def test_a_person_reads_reasons_and_that_it_is_no_refusal(command: Command, register: Path) -> None:
    Path("brands.txt").write_text("Saltmarsh Token Exchange | Salzwiese\n", encoding="utf-8")
    done = command("screen", "Salzwiese", "--list", register, "--aliases", "brands.txt", "--no-record")
    assert "Salzwiese / Salzwiese: the same name" in done.out
    assert "not recorded" in done.out
    assert "never one to refuse" in done.out.replace("\n", " ")
    assert not Path(".stillwatch/evidence").exists()
