"""Model folders and configurations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from stillwatch_lab.errors import LabSettingsError, ModelError
from stillwatch_lab.models.folders import bundled_configurations, new_model, read_configuration, read_model, write_model
from stillwatch_lab.models.tokenizers import byte_tokenizer

TOKENIZER = byte_tokenizer()


def test_one_seed_makes_one_model_and_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(5)
    first = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (new_model("tiny-llama", TOKENIZER, seed=seed).model.lm_head.weight for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), first)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", bundled_configurations())
def test_every_bundled_configuration_names_an_architecture(name: str) -> None:
    assert read_configuration(name)["model_type"] in name.replace("-", "_")


def test_a_configuration_file_works_like_a_bundled_one(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(read_configuration("tiny-llama") | {"num_hidden_layers": 1}), encoding="utf-8")
    assert new_model(str(path), TOKENIZER, seed=1).model.config.num_hidden_layers == 1


def test_says_what_is_there_instead_of_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Nothing is downloaded"):
        read_model(tmp_path)
    with pytest.raises(ModelError, match="nor one of tiny-"):
        read_configuration("no-such")
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="model_type"):
        read_configuration(str(tmp_path / "bad.json"))


def test_refuses_a_tokenizer_with_more_tokens_than_the_model_has_rows(tmp_path: Path) -> None:
    path = tmp_path / "narrow.json"
    path.write_text(json.dumps(read_configuration("tiny-llama") | {"vocab_size": 100}), encoding="utf-8")
    with pytest.raises(ModelError, match="258 tokens, the model only 100"):
        new_model(str(path), TOKENIZER, seed=1)


def test_refuses_a_tokenizer_without_an_end() -> None:
    endless = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE(vocab={"a": 0}, merges=[])))
    with pytest.raises(ModelError, match="no answer could end"):
        new_model("tiny-llama", endless, seed=1)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    write_model(new_model("tiny-llama", TOKENIZER, seed=1), tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        read_model(tmp_path)


def test_a_device_that_this_torch_cannot_use_is_named(tmp_path: Path) -> None:
    write_model(new_model("tiny-llama", byte_tokenizer(), seed=1), tmp_path)
    with pytest.raises(LabSettingsError, match=r"device 'vulkan:0'.*cannot use it"):
        read_model(tmp_path, device="vulkan:0")
