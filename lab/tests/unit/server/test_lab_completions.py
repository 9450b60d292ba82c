"""Completions of the lab's server: prompts gone on with and scored, as OpenAI's API reference has them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import torch

from fixtures import TEACHER
from stillwatch_lab.models.folders import LanguageModel, new_model, read_model
from stillwatch_lab.models.tokenizers import byte_tokenizer
from stillwatch_lab.server.app import make_app
from stillwatch_lab.server.serving import Policy, Served, Shown


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return read_model(TEACHER)


def ask(served: Served, body: dict[str, Any]) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=make_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
            return await client.post("/v1/completions", json=body, headers={"authorization": "Bearer sk-attacker"})

    return asyncio.run(send())


def prompt(model: LanguageModel, words: str = "<s> start 1 add 2 <think> so 1 add 2") -> list[int]:
    ids = model.tokenizer.convert_tokens_to_ids(words.split())
    assert None not in ids
    return list(ids)


def scores(model: LanguageModel, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.model(torch.tensor([ids])).logits[0].log_softmax(-1)
    return found


def test_a_prompt_is_scored_as_the_model_scores_it(model: LanguageModel) -> None:
    ids = prompt(model)
    body = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 3}
    answer = ask(Served(model, Policy(), "teacher"), body).json()
    (choice,) = answer["choices"]
    assert answer["object"] == "text_completion"
    assert choice["text"] == model.tokenizer.decode(ids)
    assert choice["finish_reason"] == "length"
    told = choice["logprobs"]
    expected = scores(model, ids)
    assert told["token_logprobs"][0] is None
    assert told["top_logprobs"][0] is None
    assert told["token_logprobs"][1:] == pytest.approx([float(expected[i, t]) for i, t in enumerate(ids[1:])], abs=1e-5)
    assert told["tokens"] == model.tokenizer.convert_ids_to_tokens(ids)
    assert told["text_offset"][:3] == [0, len("<s>"), len("<s> start")]
    for place, named in enumerate(told["top_logprobs"][1:]):
        top = expected[place].topk(3)
        assert dict(named) == pytest.approx(
            dict(zip(model.tokenizer.convert_ids_to_tokens(top.indices.tolist()), top.values.tolist(), strict=True)),
            abs=1e-5,
        )
    assert answer["usage"] == {"prompt_tokens": len(ids), "completion_tokens": 0, "total_tokens": len(ids)}


def test_without_echo_only_what_comes_after_is_said_and_scored(model: LanguageModel) -> None:
    ids = prompt(model)
    body = {"prompt": ids, "max_tokens": 2, "temperature": 0, "logprobs": 1}
    (choice,) = ask(Served(model, Policy(), "teacher"), body).json()["choices"]
    likeliest = scores(model, ids)[-1]
    assert len(choice["logprobs"]["tokens"]) == 2
    assert choice["logprobs"]["token_logprobs"][0] == pytest.approx(float(likeliest.max()), abs=1e-5)
    assert choice["logprobs"]["text_offset"][0] == 0
    text = " ".join(model.tokenizer.convert_ids_to_tokens(ids))
    (same,) = ask(Served(model, Policy(), "teacher"), body | {"prompt": text}).json()["choices"]
    assert same["text"] == choice["text"], "text and its ids are one prompt"
    assert same["logprobs"] == choice["logprobs"]


def test_echo_says_both_and_a_full_prompt_leaves_no_room(model: LanguageModel) -> None:
    served = Served(model, Policy(), "teacher")
    ids = prompt(model)
    body = {"prompt": ids, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0}
    told = ask(served, body).json()["choices"][0]["logprobs"]
    assert len(told["tokens"]) == len(told["top_logprobs"]) == len(ids) + 1
    full = (ids * 5)[: model.room]
    answer = ask(served, body | {"prompt": full}).json()
    assert len(answer["choices"][0]["logprobs"]["tokens"]) == model.room
    assert answer["usage"]["completion_tokens"] == 0


def test_a_token_whose_text_is_no_whole_character_is_named_by_its_number() -> None:
    it = new_model("tiny-llama", byte_tokenizer(), seed=1)
    ids = it.tokenizer("é=").input_ids
    body = {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 1}
    told = ask(Served(it, Policy(), "bytes"), body).json()["choices"][0]["logprobs"]
    assert told["tokens"] == [f"token_id:{ids[0]}", f"token_id:{ids[1]}", "="]


def test_what_a_key_scored_is_in_the_ledger(model: LanguageModel) -> None:
    served = Served(model, Policy(top_logprobs=2), "teacher")
    ids = prompt(model)
    ask(served, {"prompt": ids, "max_tokens": 0, "echo": True, "logprobs": 5})
    (counts,) = served.ledger.counts.values()
    assert counts["prompt_tokens"] == len(ids)
    assert counts["logprob_entries"] == 1 + 3 * (len(ids) - 1), "two likeliest and the token itself"


def test_a_host_without_log_probabilities_scores_nothing(model: LanguageModel) -> None:
    body = {"prompt": prompt(model), "max_tokens": 0, "echo": True, "logprobs": 3}
    (choice,) = ask(Served(model, Policy(top_logprobs=0), "teacher"), body).json()["choices"]
    assert choice["logprobs"] is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["one", "two"]}, "prompt"),
        ({"prompt": [1, 10**6]}, "prompt"),
        ({"prompt": [1, True]}, "prompt"),
        ({"prompt": [1], "logprobs": 21}, "logprobs"),
        ({"prompt": [1], "logprobs": True}, "logprobs"),
        ({"prompt": [1], "stream": True}, "stream"),
        ({"prompt": [1], "n": 2}, "n:"),
        ({"prompt": [1], "max_tokens": 0}, "max_tokens"),
        ({"prompt": [1], "max_tokens": "many"}, "numbers"),
        ({"prompt": [1] * 25}, "room"),
        ({"prompt": [1] * 26, "echo": True}, "room"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(model: LanguageModel, body: dict[str, Any], says: str) -> None:
    answer = ask(Served(model, Policy(), "teacher"), body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_a_host_that_hides_reasoning_goes_on_with_no_bare_prompt(model: LanguageModel) -> None:
    answer = ask(Served(model, Policy(reasoning=Shown.HIDDEN), "teacher"), {"prompt": prompt(model)})
    assert answer.status_code == 403
    assert "hides" in answer.json()["error"]["message"]
