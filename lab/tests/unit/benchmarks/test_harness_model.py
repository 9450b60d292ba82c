"""Likelihoods against the model's own scores, written out."""

from __future__ import annotations

import pytest
import torch
from lm_eval.api.instance import Instance

from fixtures import TEACHER
from stillwatch_lab.benchmarks.harness_model import HarnessModel
from stillwatch_lab.respondents.folder import FolderRespondent

IT = FolderRespondent(TEACHER)
MODEL = HarnessModel(IT)


def request(kind: str, *arguments: object) -> Instance:
    return Instance(kind, {}, arguments, 0)  # type: ignore[arg-type]


def scores(text: str) -> tuple[list[int], torch.Tensor]:
    ids = IT.model.tokenizer.encode(text, add_special_tokens=False)
    with torch.no_grad():
        return ids, torch.log_softmax(IT.model.model(torch.tensor([ids])).logits[0], -1)


def test_the_likelihood_of_a_continuation() -> None:
    ids, each = scores("<s> start 1 add 2")
    found = MODEL.loglikelihood([request("loglikelihood", "<s> start 1", " add 2")])
    assert found[0][0] == pytest.approx(float(each[2, ids[3]] + each[3, ids[4]]), abs=1e-5)


def test_what_greedy_decoding_would_say_is_marked() -> None:
    _, each = scores("<s> team red skill 0 <think>")
    likeliest = IT.model.tokenizer.decode([int(each[-1].argmax())])
    found = MODEL.loglikelihood(
        [request("loglikelihood", "<s> team red skill 0 <think>", f" {word}") for word in (likeliest, "owl")]
    )
    assert [greedy for _, greedy in found] == [True, False]


def test_a_long_text_is_scored_in_pieces() -> None:
    text = " ".join(["start 1 add 2"] * 20)
    whole = MODEL.loglikelihood_rolling([request("loglikelihood_rolling", text)])[0]
    assert whole < 0
    short = MODEL.loglikelihood_rolling([request("loglikelihood_rolling", "start 1")])[0]
    ids, each = scores("</s> start 1")
    assert short == pytest.approx(float(each[0, ids[1]] + each[1, ids[2]]), abs=1e-5)


def test_text_ends_at_a_stop() -> None:
    asked = [
        request("generate_until", "start 1 add 2", {"until": until, "max_gen_toks": 30}) for until in ([], ["3"], "3")
    ]
    assert MODEL.generate_until(asked) == ["3", "", ""]
