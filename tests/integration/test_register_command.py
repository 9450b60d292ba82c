"""``stillwatch register`` as commands: an entry from draft to tombstone, and what is said when a step is wrong."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundles import Host
from stillwatch.cli.main import _run
from stillwatch.plugins import load_modules
from stillwatch.registry.actors import make_actor

DRAFT = """
claims = [{rung = "volume", words = "10 completed calls of 3 accounts", said_by = "Example Host", confidence = 90}]
[entity]
kind = "Company"
name = "Quillfern Model Works Ltd"
aliases = ["羽蕨模型工坊有限公司"]
domains = ["quillfern.example"]
[criteria]
category = "model_extraction_attack"
authorised_use = {applies = false, words = "No agreement was found."}
limbs = [{head = "terms", mark = "observed", words = "Section 4 of the terms."}]
purpose = [{head = "accounts", mark = "inferred", words = "3 accounts, one template."}]
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Command = Callable[..., Done]


@dataclass
class Days:
    """How many days the commands' clock is ahead."""

    ahead: float = 0


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    ahead, real = Days(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + ahead.ahead * 86_400)
    return ahead


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run ``stillwatch register`` in this process, in a folder of its own."""
    load_modules("stillwatch.cli.commands")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draft.toml").write_text(DRAFT, encoding="utf-8")
    for name in ("author", "reviewer", "second"):
        make_actor(tmp_path / f"{name}.key", name)
    monkeypatch.setenv("STILLWATCH_ACTOR", "author.key")

    def go(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["stillwatch", "register", *map(str, arguments)])
        code = _run()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return go


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Host(tmp_path_factory.mktemp("host"), 20).bundle()


def drafted(command: Command) -> str:
    done = command("draft", "draft.toml", "--actor", "author.key", "--origin", "register.example")
    found = re.match(r"(R-[0-9a-f]{12}) is draft: entry 1 of the register's log\.", done.out)
    assert found, done
    return found[1]


def notified(command: Command, bundle: Path) -> str:
    name = drafted(command)
    attached = command(
        "evidence",
        name,
        "--actor",
        "author.key",
        "--provider",
        "Example Host",
        "--shows",
        "One template.",
        "--bundle",
        bundle,
    )
    assert attached.code == 0, attached
    letter = command("letter", name, "--reply-to", "answers@register.example")
    Path("letter.txt").write_text(letter.out, encoding="utf-8")
    assert "Quillfern Model Works Ltd" in letter.out
    done = command("notice", name, "--actor", "author.key", "--channel", "registered letter", "--letter", "letter.txt")
    assert "is notified" in done.out
    return name


def test_an_entry_goes_its_whole_way(command: Command, bundle: Path, days: Days) -> None:
    name = notified(command, bundle)
    early = command("publish", name, "--actor", "reviewer.key", "--reasons", "Sound.")
    assert (early.code, "may still answer, for 3" in early.err) == (2, True)
    days.ahead = 33
    assert "publish or withdraw" in command("due", "--json").out
    assert "is alleged" in command("publish", name, "--actor", "reviewer.key", "--reasons", "Sound.").out
    Path("appeal.txt").write_text("We were hacked.", encoding="utf-8")
    filed = command("appeal", name, "--from", "counsel", "--ground", "facts_wrong", "--file", "appeal.txt")
    assert "is under review" in filed.out
    own = command("decide", name, "withdrawn", "--actor", "reviewer.key", "--reasons", "They were.")
    assert (own.code, "decided about this entry before" in own.err) == (2, True)
    assert (
        "is withdrawn" in command("decide", name, "withdrawn", "--actor", "second.key", "--reasons", "They were.").out
    )
    shown = json.loads(command("show", name, "--json").out)
    assert [change["step"] for change in shown["history"]] == [
        "draft", "evidence", "notice", "publish", "appeal", "decide",
    ]  # fmt: skip
    assert shown["entry"]["ended_because"] == "They were."
    assert "They were." in command("show", name).out
    assert "is erased" in command("erase", name, "--actor", "second.key", "--reasons", "The party asked.").out
    listed = json.loads(command("list", "--json").out)
    assert listed == [{"entry": name, "status": "erased", "name": "", "answer": "", "expires": ""}]
    assert "Quillfern" not in command("show", name).out


def test_an_answer_is_kept_word_for_word_and_a_dispute_shows(command: Command, bundle: Path, days: Days) -> None:
    name = notified(command, bundle)
    Path("answer.txt").write_text("That was not us.\n", encoding="utf-8")
    days.ahead = 1
    command("answer", name, "--from", "counsel", "--stance", "disputes", "--file", "answer.txt")
    assert "is contested" in command("publish", name, "--actor", "reviewer.key", "--reasons", "Sound.").out
    shown = json.loads(command("show", name, "--json").out)
    assert shown["entry"]["answers"][0]["text"] == "That was not us.\n"
    assert name in command("list").out
    assert json.loads(command("list", "--status", "alleged", "--json").out) == []


def test_what_is_over_expires_by_the_timer(command: Command, bundle: Path, days: Days) -> None:
    name = notified(command, bundle)
    days.ahead = 33
    published = command("publish", name, "--actor", "reviewer.key", "--reasons", "Sound.", "--days", "60")
    assert "is alleged" in published.out, published
    assert "or it expires" in command("due", "--json").out
    assert "No entry's time is over." in command("expire").out
    days.ahead = 94
    assert "is expired" in command("expire").out
    assert "Nothing waits" in command("due").out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["draft", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["publish", "R-1", "--reasons", "x"], "no entry is called 'R-1'"),
        (["evidence", "R-1", "--provider", "p", "--shows", "s"], "one of --bundle, --digest or --authority"),
    ],
)
def test_a_wrong_step_says_what_is_wrong_and_ends_with_2(command: Command, arguments: list[str], why: str) -> None:
    drafted(command)
    done = command(*arguments)
    assert (done.code, why in done.err.replace("\n", " ")) == (2, True), done


def test_a_register_that_was_never_begun_is_no_register(command: Command) -> None:
    done = command("list")
    assert (done.code, "no log was begun here" in done.err.replace("\n", " ")) == (2, True)


def test_a_misspelt_draft_is_refused_before_anything_is_made(command: Command) -> None:
    Path("draft.toml").write_text(DRAFT.replace("purpose =", "purposes ="), encoding="utf-8")
    done = command("draft", "draft.toml")
    assert (done.code, "criteria: no such field: purposes" in done.err.replace("\n", " ")) == (2, True)
    assert not Path(".stillwatch").exists()


def test_a_site_is_published_and_verified_by_a_stranger(command: Command, bundle: Path, days: Days) -> None:
    name = notified(command, bundle)
    days.ahead = 33
    command("publish", name, "--actor", "reviewer.key", "--reasons", "Sound.")
    done = command("site", "site", "--title", "Ours", "--contact", "answers@register.example")
    assert (done.code, "1 public entries" in done.out) == (0, True), done
    shown = Path("site/actors.txt").read_text(encoding="utf-8").splitlines()
    assert shown == [Path(f"{who}.key.vkey").read_text(encoding="utf-8").strip() for who in ("author", "reviewer")]
    stranger = command("verify", "site", "--actors", "author.key.vkey")
    assert (stranger.code, "by reviewer, with no key that you trust" in stranger.out) == (1, True), stranger
    held = command("verify", "site", "--policy", "site/policy.txt", "--actors", "site/actors.txt")
    assert "signed with 2 key(s)" in held.out
    assert (held.code, f"{name}: alleged: Quillfern" in held.out) == (0, True), held
    entry = Path("site/entries") / f"{name}.json"
    entry.write_text(entry.read_text(encoding="utf-8").replace('"step', '"stap', 1), encoding="utf-8")
    refused = command("verify", entry)
    assert (refused.code, "REFUSED" in refused.out) == (1, True), refused


@pytest.mark.parametrize("form", ["ftm", "csv", "stix", "feed"])
def test_each_machine_form_is_exported_alone(command: Command, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drafted(command)
    stands_still = time.time()
    monkeypatch.setattr(time, "time", lambda: stands_still)
    done = command("export", "--format", form)
    assert done.code == 0, done
    assert "Quillfern" not in done.out
    command("export", "--format", form, "-o", "out")
    assert Path("out").read_text(encoding="utf-8").splitlines() == done.out.splitlines()


def test_a_person_makes_a_key_once(command: Command) -> None:
    made = command("actor", "third-reviewer", "--actor", "third.key")
    assert (made.code, made.out) == (0, Path("third.key.vkey").read_text(encoding="utf-8"))
    assert made.out.startswith("third-reviewer+")
    again = command("actor", "third-reviewer", "--actor", "third.key")
    assert (again.code, "a key already" in again.err) == (2, True)
    unnamed = command("draft", "draft.toml", "--actor", "nobody.key")
    assert (unnamed.code, "stillwatch register actor NAME" in unnamed.err.replace("\n", " ")) == (2, True)
    assert not Path(".stillwatch").exists()


def test_an_unknown_form_is_refused(command: Command) -> None:
    drafted(command)
    done = command("export", "--format", "pdf")
    assert (done.code, "write one of ftm, csv, stix, feed" in done.err.replace("\n", " ")) == (2, True)


def test_the_example_is_one_command(command: Command) -> None:
    done = command("example", "example")
    assert (done.code, "9 fictional entries" in done.out) == (0, True), done
    assert command("verify", "example/site").code == 0
    assert command("example", "example").code == 2
