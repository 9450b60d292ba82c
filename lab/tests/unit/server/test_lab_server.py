from __future__ import annotations

import asyncio
import math
from typing import Any

import httpx
import pytest
import torch

from fixtures import TEACHER
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.server.app import make_app
from stillwatch_lab.server.serving import Policy, Served, Shown
from stillwatch_lab.watermarks.kgw import GreenList

CHAIN = [{"role": "user", "content": "start 1 add 2 sub 4"}]


@pytest.fixture(scope="module")
def model() -> Any:
    return read_model(TEACHER)


def ask(served: Served, body: dict[str, Any], path: str = "/v1/chat/completions") -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=make_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
            return await client.post(path, json=body, headers={"authorization": "Bearer sk-attacker"})

    return asyncio.run(send())


def test_reasoning_and_answer_come_apart(model: Any) -> None:
    served = Served(model, Policy(), "teacher")
    answer = ask(served, {"messages": CHAIN, "temperature": 0}).json()
    (choice,) = answer["choices"]
    assert choice["message"]["content"] == "4"
    words = choice["message"]["reasoning_content"].split()
    assert words[1:4] == ["1", "add", "2"]
    assert len(words) == 14
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == 14 + 3  # the mark, the answer, the end
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 14


def test_log_probabilities_are_the_models_and_as_many_as_the_policy_gives(model: Any) -> None:
    served = Served(model, Policy(top_logprobs=3), "teacher")
    body = {"messages": CHAIN, "temperature": 0, "logprobs": True, "top_logprobs": 20}
    scored = ask(served, body).json()["choices"][0]["logprobs"]
    (answer,) = scored["content"]
    assert answer["token"] == "4"  # noqa: S105 - a word
    assert [len(place["top_logprobs"]) for place in scored["reasoning_content"]] == [3] * 14
    for place in [answer, *scored["reasoning_content"]]:
        best = place["top_logprobs"][0]
        assert best["token"] == place["token"]
        assert best["logprob"] == pytest.approx(place["logprob"])
        assert sum(math.exp(one["logprob"]) for one in place["top_logprobs"]) <= 1 + 1e-5


def test_hidden_reasoning_is_paid_for_and_not_seen(model: Any) -> None:
    served = Served(model, Policy(reasoning=Shown.HIDDEN), "teacher")
    answer = ask(served, {"messages": CHAIN, "temperature": 0, "logprobs": True}).json()
    (choice,) = answer["choices"]
    assert set(choice["message"]) == {"role", "content"}
    assert set(choice["logprobs"]) == {"content"}
    assert answer["usage"]["completion_tokens"] == 17


def test_without_log_probabilities_none_leave(model: Any) -> None:
    served = Served(model, Policy(top_logprobs=0), "teacher")
    choice = ask(served, {"messages": CHAIN, "logprobs": True, "top_logprobs": 5}).json()["choices"][0]
    assert choice["logprobs"] is None


def test_the_same_seed_says_the_same_and_a_watermark_another(model: Any) -> None:
    body = {"messages": CHAIN, "seed": 5}
    plain = [ask(Served(model, Policy(), "teacher"), body).json()["choices"][0]["message"] for _ in range(2)]
    assert plain[0] == plain[1]
    scheme = GreenList(int(model.model.config.vocab_size), ratio=0.5, bias=20.0)
    marked = Served(model, Policy(scheme=scheme, key=77), "teacher")
    said = ask(marked, body).json()["choices"][0]["message"]["reasoning_content"].split()
    ids = model.tokenizer.convert_tokens_to_ids(said)
    green = scheme.marks(77, torch.tensor(ids)[:-1, None])
    assert float(green[range(len(ids) - 1), ids[1:]].mean()) > 0.6


def test_the_ledger_counts_by_key(model: Any) -> None:
    served = Served(model, Policy(), "teacher")
    ask(served, {"messages": CHAIN, "temperature": 0, "logprobs": True, "top_logprobs": 2})
    (key,) = served.ledger.counts
    assert dict(served.ledger.counts[key]) == {
        "calls": 1,
        "prompt_tokens": 8,
        "completion_tokens": 17,
        "logprob_entries": 15 * 3,
    }


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "messages"),
        ({"messages": [{"role": "user", "content": [1]}]}, "messages"),
        ({"messages": CHAIN, "stream": True}, "stream"),
        ({"messages": CHAIN, "n": 2}, "n:"),
        ({"messages": CHAIN, "logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"messages": CHAIN, "max_tokens": "many"}, "numbers"),
        ({"messages": [{"role": "user", "content": "add " * 40}]}, "room"),
    ],
)
def test_a_request_that_cannot_be_answered_is_told_why(model: Any, body: dict[str, Any], says: str) -> None:
    answer = ask(Served(model, Policy(), "teacher"), body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_what_is_not_served_is_not_found(model: Any) -> None:
    assert ask(Served(model, Policy(), "teacher"), {}, path="/v1/embeddings").status_code == 404
