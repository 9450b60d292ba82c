"""What a stranger's verifier takes, and what it refuses: a liar with the log's key, and one without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from register_sites import Published
from registers import AUTHOR, CHANGES, DRAFT, NOW, OTHER, REVIEWER, Story, evidence
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.verify import Refused
from stillwatch.registry.actors import Place, make_actor
from stillwatch.registry.changes import AddEvidence, GiveNotice, Publish, Renew, Signed
from stillwatch.registry.rules import DAY
from stillwatch.registry.statuses import NEXT, Step
from stillwatch.registry.verify_register import TABLE, Replay, check_signature, report

LATER = NOW + 200 * DAY
Tamper = Callable[[dict[str, Any]], object]


def verified(target: Path, *, policy: Path | None = None, seen: Path | None = None) -> tuple[int, str]:
    said: list[str] = []
    code = report(target, policy, seen, said.append, now=LATER)
    return code, "\n".join(said)


def test_the_site_and_each_entry_of_it_hold(published: Published) -> None:
    code, said = verified(published.site)
    assert code == 0, said
    assert "R-2: contested: Quillfern Model Works Ltd; 5 changes" in said
    assert "R-4: erased" in said
    assert "the site's own word" in said
    for path in (published.site / "entries").glob("*.json"):
        assert verified(path)[0] == 0
    assert verified(published.site, policy=published.site / "policy.txt", seen=published.site / "checkpoint")[0] == 0


def test_it_needs_nothing_of_ours_but_the_two_files(published: Published, tmp_path: Path) -> None:
    for file in ("verify.py", "verify_register.py"):
        shutil.copy(published.site / file, tmp_path)
    alone = "import runpy, sys; sys.path.insert(0, '.'); sys.modules['stillwatch'] = None; "
    run = "runpy.run_path('verify_register.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", alone + run, str(published.site)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "lead to the signed root" in done.stdout


def _swap_words(said: dict[str, Any]) -> None:
    leaf = said["leaves"][0]
    leaf["disclosures"]["note"] = said["leaves"][1]["disclosures"]["note"]


FILE_LIES: dict[str, tuple[Tamper, str]] = {
    "a change left out": (lambda s: s["leaves"].pop(1), "not step 2"),
    "the last change left out": (lambda s: s["leaves"].pop(), "withholds"),
    "two changes swapped": (lambda s: s["leaves"].reverse(), "out of order"),
    "a change twice": (lambda s: s["leaves"].append(s["leaves"][-1]), "out of order"),
    "other words": (_swap_words, "not what the entry committed to"),
    "closed, not erased": (lambda s: [leaf.update(erased=True) for leaf in s["leaves"]], "closed, not erased"),
    "the first closed": (lambda s: s["leaves"][0].update(erased=True), "closed, not erased"),
    "one in between closed": (lambda s: s["leaves"][1].update(erased=True), "cannot be opened"),
    "another entry's name": (lambda s: s.update(entry="R-9"), "not step 1 of R-9"),
    "another log": (lambda s: s.update(origin="other.example"), "another log"),
    "another format": (lambda s: s.update(format="x"), "another format"),
    "no leaves": (lambda s: s.update(leaves=[]), "out of order"),
    "nonsense": (lambda s: s["leaves"][0].update(index="x"), "malformed"),
}


@pytest.mark.parametrize("name", FILE_LIES)
def test_a_file_that_lies_is_refused(published: Published, tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    path = site / "entries/R-1.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    tamper, why = FILE_LIES[name]
    tamper(said)
    path.write_text(json.dumps(said), encoding="utf-8")
    code, words = verified(site)
    assert (code, why in words) == (1, True), words


def _rewrite(file: str, before: str, after: str) -> Callable[[Path], object]:
    def lie(site: Path) -> None:
        path = site / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")

    return lie


SITE_LIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an entry hidden": (lambda s: (s / "entries/R-3.json").unlink(), "lists other entries"),
    "an entry under another's name": (
        lambda s: shutil.copy(s / "entries/R-1.json", s / "entries/R-2.json"),
        "of another",
    ),
    "a withdrawn one listed as alleged": (
        _rewrite("register.csv", "R-3,withdrawn", "R-3,alleged"),
        "listed as alleged",
    ),
    "an alleged one listed as upheld": (_rewrite("register.csv", "R-1,alleged", "R-1,upheld"), "listed as upheld"),
    "no log": (lambda s: shutil.rmtree(s / "log/tile"), "malformed"),
    "another checkpoint": (_rewrite("checkpoint", "register.example\n", "register.example\n1"), "does not hold"),
}


@pytest.mark.parametrize("name", SITE_LIES)
def test_a_site_that_lies_is_refused(published: Published, tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    lie, why = SITE_LIES[name]
    lie(site)
    code, words = verified(site)
    assert (code, why in words) == (1, True), words


def test_an_edited_log_does_not_lead_to_the_root(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    (bundle,) = (site / "log/tile/entries/000.p").iterdir()
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b'"step":1', b'"step":7', 1))
    assert "do not lead to the signed root" in verified(site)[1]


def test_a_stranger_s_policy_does_not_take_another_key(published: Published, tmp_path: Path) -> None:
    other = tmp_path / "policy.txt"
    other.write_text(f"log {new_signer('register.example', Algorithm.ED25519).verifier}\nquorum none\n")
    code, said = verified(published.site, policy=other)
    assert (code, "not signed by a key that the policy has" in said) == (1, True), said


def test_the_verifier_s_table_is_the_register_s() -> None:
    ours = {
        step.value: {(before.value if before else ""): {a.value for a in afters} for before, afters in befores.items()}
        for step, befores in NEXT.items()
    }
    assert ours == TABLE


def replayed(*signed: Signed) -> None:
    replay = Replay("R-1")
    for one in signed:
        replay.take(json.loads(one.text()))


def at(days: float, change: Any, by: str = AUTHOR) -> Signed:
    return Signed(NOW + int(days * DAY), by, change)


def notice(days: float, *, until: float) -> Signed:
    return at(days, GiveNotice("letter", NOW + int(until * DAY)))


def publish(days: float, *, by: str = REVIEWER, until: float) -> Signed:
    return at(days, Publish("Sound.", NOW + int(until * DAY)), by)


PLACE = Place("register.example", "R-1", None)
SPOT = "register.example\nR-1\n-"


def test_the_verifier_takes_the_register_s_signatures_and_no_forged_ones(tmp_path: Path) -> None:
    author, other = make_actor(tmp_path / "a.key", "author"), make_actor(tmp_path / "b.key", "other")
    said = json.loads(author.sign(at(0, DRAFT), PLACE).text())
    check_signature(said, SPOT, "it")
    for changed in ({"at": 5}, {"key": other.key}, {"by": "other"}, {"by": "other", "key": other.key}, {"claims": []}):
        with pytest.raises(Refused):
            check_signature(said | changed, SPOT, "it")
    for moved in ("other.example\nR-1\n-", "register.example\nR-2\n-", f"register.example\nR-1\n{'0' * 64}"):
        with pytest.raises(Refused, match="does not hold"):
            check_signature(said, moved, "it")


def test_one_key_under_two_names_is_one_person(tmp_path: Path) -> None:
    author = make_actor(tmp_path / "a.key", "author")
    steps = [replace(one, key=author.key) for one in (*BEFORE, notice(0, until=30), publish(30, until=100))]
    with pytest.raises(Refused, match="who wrote the entry"):
        replayed(*steps)
    other_name = replace(steps[-1], by="reviewer", key=author.key.replace("author+", "reviewer+"))
    with pytest.raises(Refused, match="who wrote the entry"):
        replayed(*steps[:-1], other_name)
    replayed(*steps[:-1], replace(steps[-1], key=make_actor(tmp_path / "b.key", "reviewer").key))
    with pytest.raises(Refused, match="some of the entry's changes are not signed"):
        replayed(steps[0], replace(steps[1], key=""))


BEFORE = (at(0, DRAFT), at(0, AddEvidence(evidence())))


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        ((*BEFORE, notice(0, until=29)), "less than 30 days"),
        ((*BEFORE, notice(0, until=30), publish(29, until=100)), "before the party answered"),
        ((*BEFORE, notice(0, until=30), publish(30, by=AUTHOR, until=100)), "who wrote the entry"),
        ((*BEFORE, notice(0, until=30), publish(30, until=396)), "longer than 365"),
        ((*BEFORE, publish(30, until=100)), "not for an entry that is draft"),
        ((at(0, DRAFT), notice(0, until=30)), "before there was evidence"),
        ((*BEFORE, notice(0, until=30), publish(-1, until=100)), "dated before"),
        ((*BEFORE, notice(0, until=30), publish(30, until=100), at(101, CHANGES[Step.APPEAL])), "time was over"),
        (
            (*BEFORE, notice(0, until=30), publish(30, until=300), at(40, Renew("x", NOW + 380 * DAY), REVIEWER)),
            "without new evidence",
        ),
        (
            (*BEFORE, notice(0, until=30), publish(30, until=300), at(40, CHANGES[Step.CORROBORATE], REVIEWER)),
            "by 1 independent",
        ),
        (
            (*BEFORE, notice(0, until=30), publish(30, until=300), at(31, AddEvidence(evidence(2))),
             at(90, CHANGES[Step.CORROBORATE], REVIEWER)),
            "not told of all the evidence",
        ),
        (
            (*BEFORE, notice(0, until=30), publish(30, until=300), at(40, CHANGES[Step.APPEAL]),
             at(41, CHANGES[Step.DECIDE], REVIEWER)),
            "who had a part",
        ),
    ],
)  # fmt: skip
def test_a_register_that_breaks_its_own_rules_is_caught(signed: tuple[Signed, ...], why: str) -> None:
    with pytest.raises(Refused, match=why):
        replayed(*signed)


def test_the_rules_kept_are_no_trouble() -> None:
    story = Story()
    story.published(DRAFT, evidence(1), evidence(2))
    story.do(CHANGES[Step.CORROBORATE], by=OTHER)
    replayed(
        at(0, DRAFT), at(0, AddEvidence(evidence(1))), at(0, AddEvidence(evidence(2))), notice(0, until=30),
        publish(30, until=300), at(30, CHANGES[Step.CORROBORATE], OTHER),
    )  # fmt: skip
