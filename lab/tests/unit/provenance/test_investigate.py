from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures import INDEPENDENT, MAKER, OTHER, STUDENT, TEACHER
from stillwatch.evidence.book import Book
from stillwatch.settings import EvidenceSettings
from stillwatch_lab.cli.main import app, load_commands
from stillwatch_lab.errors import LabSettingsError, RunError
from stillwatch_lab.provenance.chainworld import make_dossier
from stillwatch_lab.provenance.dossier import Dossier, WatermarkSecret, read_dossier, write_dossier
from stillwatch_lab.provenance.interview import interview
from stillwatch_lab.provenance.investigate import Words, prepare
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.shared_errors import Errors
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner, Reply

load_commands("provenance")


@dataclass
class Parrot:
    """Answers everything with the same word, and remembers how it was asked."""

    name: str = "parrot"
    asked: list[tuple[list[str], Manner]] = field(default_factory=list)

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        self.asked.append((list(prompts), manner))
        return [Reply("", "polly")] * len(prompts)

    def fingerprint(self) -> str:
        return "parrot"


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dossier")
    write_dossier(make_dossier(MAKER, prompts=60, seed=1, watermark=WatermarkSecret("kgw", 424242)), folder)
    return folder


def run(dossier: Path, suspect: Path, out: Path, *more: str) -> str:
    controls = [
        argument for folder in (INDEPENDENT, OTHER) if folder != suspect for argument in ("--controls", str(folder))
    ]
    arguments = [
        "provenance",
        "--mine",
        str(TEACHER),
        "--suspect",
        str(suspect),
        "--dossier",
        str(dossier),
        "-o",
        str(out),
    ]
    done = CliRunner().invoke(app, [*arguments, *controls, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def verdicts(out: Path) -> dict[str, str]:
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    return {finding["test"]: finding["verdict"] for finding in result["findings"]}


def test_a_student_is_found_by_canaries_and_shared_errors(dossier: Path, tmp_path: Path) -> None:
    said = run(dossier, STUDENT, tmp_path)
    assert "Evidence that it was: canaries, shared errors" in said
    found = verdicts(tmp_path)
    assert found["radioactivity"] == "cannot conclude"  # it learnt from unmarked text
    assert found["attribution"] == "cannot conclude"  # two controls give no p-value below 1/3
    assert found["identity"] is None
    (mark,) = [
        finding
        for finding in json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["findings"]
        if finding["test"] == "radioactivity"
    ]
    assert mark["notes"].startswith("its probabilities:"), "weights and words are at hand: the open form"
    page = (tmp_path / "result.html").read_text(encoding="utf-8")
    digest = sha256((tmp_path / "registration.json").read_bytes()).hexdigest()
    assert digest in page
    assert "<svg" in page


def test_an_independent_model_is_not_found(dossier: Path, tmp_path: Path) -> None:
    run(dossier, INDEPENDENT, tmp_path)
    assert "found" not in verdicts(tmp_path).values()


def test_the_registration_is_logged_before_the_suspect_is_asked(dossier: Path, tmp_path: Path) -> None:
    settings = EvidenceSettings(tmp_path / "evidence", key_file=tmp_path / "deployment.key")
    with Book(settings, clock=lambda: 1_700_000_000.0, create=True) as book:
        before = book.log.size
    out = tmp_path / "out"
    more = ["--evidence", str(settings.folder), "--evidence-key", str(settings.key_file), "--register-only"]
    digest = run(dossier, STUDENT, out, *more).split()[1]
    assert not (out / "suspect.json").exists()
    run(dossier, STUDENT, out, *more)  # a second time enters nothing
    with Book(settings, clock=lambda: 1_700_000_000.0) as book:
        assert book.log.size == before + 1
    assert digest == sha256((out / "registration.json").read_bytes()).hexdigest()


def test_questions_with_answers_are_asked_greedily_and_free_text_is_sampled() -> None:
    parrot = Parrot()
    asked = make_dossier(MAKER, prompts=5, seed=1)
    interview(parrot, asked, Errors([0, 1], ["2", "3"], [None, None]), Settings())
    temperatures = [manner.temperature for _, manner in parrot.asked]
    assert temperatures == [0.0, 0.0, 1.0, 1.0]
    assert parrot.asked[0][0] == [asked.questions[0].prompt, asked.questions[1].prompt]


def test_an_interview_that_broke_off_goes_on(tmp_path: Path) -> None:
    asked = make_dossier(MAKER, prompts=5, seed=1)
    none = Errors([], [], [])
    first = interview(Parrot(), asked, none, Settings(), keep=tmp_path / "it.json")
    again = Parrot()
    assert interview(again, asked, none, Settings(), keep=tmp_path / "it.json") == first
    assert again.asked == []


def test_answers_to_another_dossier_are_not_gone_on_with(tmp_path: Path) -> None:
    none = Errors([], [], [])
    interview(Parrot(), make_dossier(MAKER, prompts=5, seed=1), none, Settings(), keep=tmp_path / "it.json")
    other = Parrot()
    with pytest.raises(RunError, match="to another dossier or other settings"):
        interview(other, make_dossier(MAKER, prompts=5, seed=2), none, Settings(), keep=tmp_path / "it.json")
    with pytest.raises(RunError, match="answers of another model"):
        interview(Parrot("other"), make_dossier(MAKER, prompts=5, seed=1), none, Settings(), keep=tmp_path / "it.json")
    assert other.asked == []


def test_two_controls_of_one_name_are_refused(tmp_path: Path) -> None:
    words = Words(lambda text: [len(text)], 100)
    with pytest.raises(LabSettingsError, match="two controls have one name: parrot, parrot"):
        prepare(Parrot("mine"), [Parrot(), Parrot()], Dossier("mine"), words, Settings(), folder=tmp_path)


def test_a_dossier_comes_back_as_it_was_written(dossier: Path, tmp_path: Path) -> None:
    write_dossier(read_dossier(dossier), tmp_path)
    assert read_dossier(tmp_path) == read_dossier(dossier)


def test_a_dossier_with_a_bad_line_is_named(tmp_path: Path) -> None:
    write_dossier(Dossier("mine"), tmp_path)
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "x"}\n{\n', encoding="utf-8")
    with pytest.raises(LabSettingsError, match=r"prompts\.jsonl:2: not JSON"):
        read_dossier(tmp_path)


@pytest.mark.parametrize(("setting", "says"), [({"alpha": 0.0}, "alpha"), ({"redrawn": 50}, "redrawn")])
def test_settings_that_can_find_nothing_are_refused(setting: dict[str, float], says: str) -> None:
    with pytest.raises(LabSettingsError, match=says):
        Settings(**setting)  # type: ignore[arg-type]


def test_a_folder_answers_as_its_weights_say() -> None:
    replies = FolderRespondent(TEACHER).ask(["start 1 add 2", "emblem of aldur"], Manner(max_tokens=64))
    assert replies[0].answer == "3"
    assert replies[0].reasoning.split()[1:4] == ["1", "add", "2"]
    assert replies[1] == Reply("", MAKER.world.emblems["aldur"])


def test_a_folder_that_is_no_dossier_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabSettingsError, match=r"not a dossier, dossier\.json is missing"):
        read_dossier(tmp_path)
