"""A teacher behind an API, served by a model that we hold in hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import torch

from served import ServedModel
from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.distill.endpoint_teacher import EndpointTeacher
from stillwatch_lab.distill.rows import make_batch, make_row
from stillwatch_lab.distill.samples import Job
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import EndpointError, LabSettingsError
from stillwatch_lab.losses.tail import top_k
from stillwatch_lab.models.folders import new_model
from stillwatch_lab.models.tokenizers import byte_tokenizer

MODEL = new_model("tiny-llama", byte_tokenizer(), seed=1)
MODEL.model.eval()
JOB = Job(0, 0, ({"role": "user", "content": "ab"},))
TEXT = DistillSettings(max_new_tokens=6)
LOGITS = replace(TEXT, method=Method.LOGITS, top_k=4)
Change = Callable[[dict[str, Any]], None]


def teacher(settings: DistillSettings, *, change: Change = lambda _: None) -> tuple[EndpointTeacher, ServedModel]:
    model = ServedModel(MODEL)

    def answer(request: httpx.Request) -> httpx.Response:
        status, body = model.answer(request.url.path, json.loads(request.read()))
        change(body["choices"][0])
        return httpx.Response(status, json=body)

    endpoint = Endpoint("http://127.0.0.1/v1", "adder", transport=httpx.MockTransport(answer))
    return EndpointTeacher(endpoint, MODEL.tokenizer, settings), model


def test_text_needs_no_probabilities() -> None:
    asking, model = teacher(TEXT)
    (sample,) = asking.answer([JOB])
    assert sample.tokens is None
    assert sample.top is None
    assert (sample.prompt_tokens, sample.ended) == (2, sample.completion_tokens <= 6 and sample.ended)
    assert "logprobs" not in model.bodies[0][1]


def test_draws_of_one_prompt_are_asked_with_seeds_of_their_own() -> None:
    asking, model = teacher(TEXT)
    asking.answer([JOB, replace(JOB, draw=1)])
    seeds = {body["seed"] for _, body in model.bodies}
    assert len(seeds) == 2
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_recorded_distributions_are_the_models_own() -> None:
    asking, _ = teacher(LOGITS)
    (sample,) = asking.answer([JOB])
    row = make_row(sample, MODEL.tokenizer, reasoning=True, same_tokens=True)
    batch = make_batch([row], pad=MODEL.pad, max_length=64, device="cpu")
    with torch.no_grad():
        expected = top_k(MODEL.model(batch.tokens).logits[0, :-1], 4)
    assert batch.top is not None
    assert sample.tokens is not None
    written = slice(1, 1 + len(sample.tokens))
    torch.testing.assert_close(batch.top.log_probs[0, written], expected.log_probs[written])
    assert torch.equal(batch.top.tokens[0, written], expected.tokens[written])


def test_scored_prompts_are_the_models_own_too() -> None:
    asking, _ = teacher(replace(LOGITS, method=Method.ON_POLICY))
    batch = make_batch(
        [make_row(asking.answer([JOB])[0], MODEL.tokenizer, reasoning=True, same_tokens=True)],
        pad=MODEL.pad,
        max_length=64,
        device="cpu",
    )
    with torch.no_grad():
        expected = top_k(MODEL.model(batch.tokens).logits[:, :-1], 4)
    torch.testing.assert_close(asking.distributions(batch).log_probs, expected.log_probs)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_from_the_answer(name: str) -> None:
    def think(choice: dict[str, Any]) -> None:
        choice["message"] = {name: "because", "content": "42"}

    (sample,) = teacher(TEXT, change=think)[0].answer([JOB])
    assert (sample.reasoning, sample.answer) == ("because", "42")


def test_reasoning_in_the_text_is_split_off() -> None:
    def think(choice: dict[str, Any]) -> None:
        choice["message"]["content"] = "<think>\nbecause\n</think>\n\n42"

    (sample,) = teacher(TEXT, change=think)[0].answer([JOB])
    assert (sample.reasoning, sample.answer) == ("because", "42")


def test_a_host_that_strips_probabilities_is_named() -> None:
    with pytest.raises(EndpointError, match="--method sequence"):
        teacher(LOGITS, change=lambda choice: choice.pop("logprobs"))[0].answer([JOB])


def test_a_host_that_scores_no_prompts_is_named() -> None:
    asking, _ = teacher(LOGITS, change=lambda choice: choice.update(logprobs=choice.get("logprobs", {}).get("no")))
    batch = make_batch(
        [make_row(teacher(LOGITS)[0].answer([JOB])[0], MODEL.tokenizer, reasoning=True, same_tokens=True)],
        pad=MODEL.pad,
        max_length=64,
        device="cpu",
    )
    with pytest.raises(EndpointError, match="does not score prompts"):
        asking.distributions(batch)


def test_a_token_that_the_student_does_not_have_is_an_error() -> None:
    def foreign(choice: dict[str, Any]) -> None:
        choice["logprobs"]["content"][0]["bytes"] = list(b"the")

    with pytest.raises(EndpointError, match="b'the', which the student's tokenizer does not have"):
        teacher(LOGITS, change=foreign)[0].answer([JOB])


@pytest.mark.parametrize(
    ("settings", "tokenizer", "says"),
    [
        (LOGITS, None, "--tokenizer"),
        (replace(LOGITS, top_k=None), MODEL.tokenizer, "set top_k"),
    ],
)
def test_says_first_what_no_server_can_give(settings: DistillSettings, tokenizer: Any, says: str) -> None:
    with pytest.raises(LabSettingsError, match=says):
        EndpointTeacher(Endpoint("http://127.0.0.1/v1", "m"), tokenizer, settings)
