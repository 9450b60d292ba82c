"""Each architecture that the lab bundles is trained, generates, is saved and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stillwatch_lab.distill.parties import Parties
from stillwatch_lab.distill.run import distill
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.models.folders import bundled_configurations, new_model, read_model, write_model
from stillwatch_lab.models.sampling import complete
from stillwatch_lab.models.tokenizers import byte_tokenizer

SETTINGS = DistillSettings(
    steps=12, batch_size=10, warmup_steps=2, learning_rate=5e-3, max_new_tokens=3, evaluate_every=6
)
PROMPT = tuple(byte_tokenizer()("3+4=").input_ids)


@pytest.mark.parametrize("configuration", bundled_configurations())
def test_a_student_of_each_architecture_learns_and_comes_back(
    adder_folder: Path, prompts: Path, tmp_path: Path, configuration: str
) -> None:
    out = tmp_path / "student"
    settings = replace(SETTINGS, method=Method.LOGITS, top_k=5)
    assert distill(Parties(teacher=str(adder_folder), student=configuration), prompts, out, settings)
    losses = json.loads((out / "run" / "losses.json").read_text(encoding="utf-8"))["losses"]
    assert losses[-1] < losses[0] - 0.5
    student = read_model(out)
    assert student.model.config.model_type in configuration.replace("-", "_")
    assert len(complete(student, [PROMPT], max_new_tokens=3, temperature=0, seed=1)) == 1


@pytest.mark.parametrize("configuration", bundled_configurations())
def test_reading_gives_the_model_that_was_written(tmp_path: Path, configuration: str) -> None:
    it = new_model(configuration, byte_tokenizer(), seed=3)
    write_model(it, tmp_path)
    tokens = torch.randint(2, 258, (2, 40), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before, after = (m.model.eval()(tokens).logits for m in (it, read_model(tmp_path)))
    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


def test_deepseek_v4_teaches_on_policy_with_its_whole_distribution(prompts: Path, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher"
    write_model(new_model("tiny-deepseek-v4", byte_tokenizer(), seed=1), teacher)
    settings = replace(SETTINGS, method=Method.ON_POLICY, beta=1.0, steps=4, queries=40)
    parties = Parties(teacher=str(teacher), student="tiny-deepseek-v4", licence="mit")
    assert distill(parties, prompts, tmp_path / "student", settings)


def test_deepseek_v4_has_the_layers_of_the_released_models() -> None:
    config = new_model("tiny-deepseek-v4", byte_tokenizer(), seed=1).model.config
    assert set(config.layer_types) == {"heavily_compressed_attention", "compressed_sparse_attention"}
    assert set(config.mlp_layer_types) == {"hash_moe", "moe"}
    assert config.hc_mult > 1
