"""What ``--device cuda`` runs, on a device that behaves like a GPU as far as devices go (pretended.py)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from fixtures import STUDENT, TEACHER, WORLD
from pretended import ELSEWHERE, pretend
from stillwatch_lab.attackers import inversion
from stillwatch_lab.attackers.attacker import find_attackers
from stillwatch_lab.audit.fidelity import find_fidelity
from stillwatch_lab.curves import examine
from stillwatch_lab.curves.grid import Cell, Piece
from stillwatch_lab.curves.pieces import Setting, run_piece
from stillwatch_lab.defences import antidistillation
from stillwatch_lab.defences.defence import find_defences
from stillwatch_lab.distill.folder_teacher import FolderTeacher
from stillwatch_lab.distill.loop import Training
from stillwatch_lab.distill.rows import Row
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Ledger
from stillwatch_lab.ensemble.decoders import Decoders, Shape
from stillwatch_lab.ensemble.export import from_hugging_face
from stillwatch_lab.ensemble.files import write_ensemble
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.models.folders import LanguageModel, bundled_configurations, new_model, read_model
from stillwatch_lab.models.sampling import complete
from stillwatch_lab.models.tokenizers import byte_tokenizer
from stillwatch_lab.provenance.white_box import open_inside
from stillwatch_lab.respondents.crowd import Crowd
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner

BYTES = byte_tokenizer()
# Read before anything is pretended: transformers reads folders by way of a device without numbers.
MODELS = {folder: read_model(folder) for folder in (TEACHER, STUDENT)}
ASKED = from_hugging_face(MODELS[TEACHER].model.float())


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with pretend(monkeypatch) as device:
        yield device


@pytest.fixture(autouse=True)
def little_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "RECIPE", Recipe(steps=1, rows=4))
    monkeypatch.setattr(inversion, "OWN_LESSONS", 20)
    monkeypatch.setattr(antidistillation, "LESSONS", 20)
    monkeypatch.setattr(examine, "CHAINS", 8)
    monkeypatch.setattr(examine, "SORTS", 4)


def _moved(it: LanguageModel, device: str) -> LanguageModel:
    it.model.to(device)
    assert it.device.type == ELSEWHERE
    return it


def test_the_pretended_device_refuses_what_a_gpu_refuses(elsewhere: str) -> None:
    there, here = torch.ones(3, device=elsewhere), torch.ones(3)
    with pytest.raises(RuntimeError, match="all tensors on one device"):
        there + here
    with pytest.raises(RuntimeError):
        there.numpy()
    with pytest.raises(RuntimeError, match="generator"):
        torch.rand(3, device=elsewhere, generator=torch.Generator())
    assert (there * 2).cpu().tolist() == [2, 2, 2]


@pytest.mark.parametrize("attacker", list(find_attackers()))
def test_students_of_every_attacker_are_made_there(elsewhere: str, attacker: str) -> None:
    _make_students(elsewhere, Cell("none", attacker, (24,), seeds=1, steps=4))


@pytest.mark.parametrize("defence", list(find_defences()))
def test_every_defence_serves_there(elsewhere: str, defence: str) -> None:
    quick = (("proxy_steps", 2),) if defence == "antidistillation" else ()
    _make_students(elsewhere, Cell(defence, "text", (24,), seeds=1, steps=2, settings=quick))


def _make_students(device: str, cell: Cell) -> None:
    teacher = copy.deepcopy(ASKED).to(device)
    made = run_piece(Piece("there", (cell,)), Setting(WORLD, teacher, teacher.shape, Recipe(rows=4), device))
    assert len(made["students"]) == 1


def test_an_ensemble_learns_there_what_it_learns_here(elsewhere: str, tmp_path: Path) -> None:
    ids = torch.randint(5, 20, (2, 30, 8), generator=torch.Generator().manual_seed(1)).short()
    said = torch.ones(2, 30, 8, dtype=torch.bool)

    def learn(device: str) -> torch.Tensor:
        models = Decoders(Shape(20, 8, width=16, layers=1, heads=2), members=2, seed=1).to(device)
        train(models, Corpora(ids, said), Recipe(steps=3, rows=4))
        train(models, Corpora(ids, said, next_words(models, ids.long()).half()), Recipe(steps=3, rows=4))
        write_ensemble(models, tmp_path / f"{device}.safetensors")
        Crowd(models, WORLD, "crowd").members()[0].fingerprint()
        given = torch.full((2, 4), 3)
        return sample(models, ids[:, :4].long(), given, Sampling(temperature=0))

    assert torch.equal(learn("cpu"), learn(elsewhere))


@pytest.mark.parametrize("configuration", bundled_configurations())
@pytest.mark.parametrize("method", list(Method))
def test_each_architecture_is_trained_there_by_each_method(
    elsewhere: str, tmp_path: Path, configuration: str, method: Method
) -> None:
    settings = DistillSettings(
        method=method, steps=2, batch_size=2, max_new_tokens=2, on_policy_share=1.0, device=elsewhere
    )
    teacher, student = (_moved(new_model(configuration, BYTES, seed=seed), elsewhere) for seed in (1, 2))
    prompts = [tuple(BYTES(text).input_ids) for text in ("3+4=", "1+1=")]
    rows = [Row((*prompt, 55, BYTES.eos_token_id), len(prompt)) for prompt in prompts]
    training = Training(
        student=student,
        teacher=FolderTeacher(teacher, tmp_path, settings),
        settings=settings,
        learning_rate=1e-3,
        prompts=prompts,
        rows=rows,
        held_out=rows,
        checkpoint=tmp_path / "checkpoint.pt",
        scoring=Ledger(),
    )
    progress, over = training.run()
    assert over
    assert len(progress.losses) == 2


def test_models_there_are_asked_compared_and_opened(elsewhere: str) -> None:
    one, other = (_respondent(folder, elsewhere) for folder in (TEACHER, STUDENT))
    assert complete(one.model, [(1, 5, 6)], max_new_tokens=2, temperature=1.0, seed=1)
    assert find_fidelity(one, other, ["start 1 add 2"], one.say(["start 1 add 2"], Manner()))
    assert open_inside(one.model, ["start 1 add 2"]).states.device.type == "cpu"


def _respondent(folder: Path, device: str) -> FolderRespondent:
    it = FolderRespondent(folder)
    it._model = _moved(copy.deepcopy(MODELS[folder]), device)
    return it
