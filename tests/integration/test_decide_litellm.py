"""LiteLLM's real proxy asking ``stillwatch decide``: by the plug-in, and by its Generic Guardrail API."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from decide_world import (
    TOKEN,
    Reply,
    StandInModel,
    World,
    answers,
    call,
    chat,
    decide_app,
    effect,
    free_port,
    running,
    serving,
    wait_for,
)
from stillwatch.gateway.nouns import Action, Mode

VENV = Path(os.environ.get("STILLWATCH_LITELLM_VENV", Path(__file__).parents[2] / ".venv-litellm"))
pytestmark = pytest.mark.skipif(
    not (VENV / ".ready").exists(), reason="no LiteLLM environment; make .venv-litellm/.ready"
)

MASTER_KEY = "sk-" + "m4st3r" * 8
AUTH = """
from litellm.proxy._types import UserAPIKeyAuth

async def authenticate(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, user_id="user-of-" + api_key)
"""
CONFIG = """
model_list:
  - model_name: large
    litellm_params: {{model: openai/large, api_base: "http://127.0.0.1:{model}/v1", api_key: none}}
  # Servers of chat completions only: LiteLLM turns Anthropic's messages, and OpenAI's responses, into them.
  - model_name: for-messages
    litellm_params: {{model: hosted_vllm/large, api_base: "http://127.0.0.1:{model}/v1", api_key: none}}
  - model_name: for-responses
    litellm_params: {{model: deepseek/large, api_base: "http://127.0.0.1:{model}/v1", api_key: none}}
router_settings: {{disable_cooldowns: true}}
litellm_settings:
  callbacks: ["stillwatch_litellm.stillwatch"]
general_settings:
  master_key: {key}
  custom_auth: authentication.authenticate
  disable_spend_logs: true
guardrails:
  - guardrail_name: stillwatch
    litellm_params: {{guardrail: stillwatch_litellm.StillwatchGuardrail, mode: pre_call, default_on: true}}
  - guardrail_name: generic
    litellm_params:
      guardrail: generic_guardrail_api
      mode: pre_call
      api_base: "http://127.0.0.1:{decide}"
      api_key: {token}
"""


@dataclass
class Set:
    """LiteLLM between callers and a model, and the decision service beside it."""

    world: World
    model: StandInModel
    url: str

    def chat(self, account: str, **body: object) -> Reply:
        return chat(self.url, f"sk-{account}", body)


@pytest.fixture(scope="module")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    folder = tmp_path_factory.mktemp("litellm")
    world, model = World(), StandInModel(words=200)
    with serving(decide_app(world)) as decide, serving(model) as upstream:
        plugin = resources.files("stillwatch.gateway.adapters").joinpath("litellm_plugin.py").read_text()
        (folder / "stillwatch_litellm.py").write_text(plugin)
        (folder / "authentication.py").write_text(AUTH)
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(model=upstream, decide=decide, key=MASTER_KEY, token=TOKEN))
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "STILLWATCH_URL": f"http://127.0.0.1:{decide}",
            "STILLWATCH_TOKEN": TOKEN,
            "STILLWATCH_TIMEOUT_SECONDS": "10",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "NO_PROXY": "*",
        }
        command = [VENV / "bin" / "litellm", "--config", config, "--host", "127.0.0.1", "--port", str(port)]
        url = f"http://127.0.0.1:{port}"
        ready = lambda: answers(f"{url}/health/liveliness")  # noqa: E731
        with running(command, log=folder / "log", ready=ready, cwd=folder, env=environment):
            yield Set(world, model, url)


@pytest.fixture
def proxy(litellm: Set) -> Set:
    litellm.world.forget()
    litellm.model.forget()
    return litellm


def test_an_allowed_call_goes_through_and_is_counted(proxy: Set) -> None:
    reply = proxy.chat("alice")
    assert reply.status == 200, reply.body
    assert reply.json()["choices"][0]["message"]["content"].startswith("word")
    (hold,) = proxy.world.holds
    wait_for(lambda: hold.released == 1, "the report")
    assert (hold.captured, hold.input_tokens) == (200, 7)


def test_a_call_is_decided_once_although_two_hooks_ask(proxy: Set) -> None:
    proxy.chat("alice", n=2, logprobs=True, tools=[], max_tokens=99)
    ((caller, ask),) = proxy.world.asked
    assert (ask.model, ask.n, ask.logprobs, ask.max_output_tokens) == ("large", 2, True, 99)
    assert len(caller.account) == 64, "the key's hash, as in LiteLLM's logs"


def test_callers_cannot_share_a_call_id_to_be_decided_once(proxy: Set) -> None:
    for _ in range(2):
        body = {"model": "large", "messages": [{"role": "user", "content": "hello"}]}
        url = f"{proxy.url}/v1/chat/completions"
        assert call(url, body, authorization="Bearer sk-sly", x_litellm_call_id="mine").status == 200
    assert len(proxy.world.asked) == 2


def test_a_suspended_account_is_told_why_and_where_to_turn(proxy: Set) -> None:
    proxy.chat("bad")
    account = proxy.world.asked[0][0].account
    proxy.model.bodies.clear()
    proxy.world.effects[account] = [effect(Action.SUSPEND)]
    reply = proxy.chat("bad")
    assert reply.status == 403
    error = reply.json()["error"]
    assert "because (https://example.com/x)" in error["message"]
    assert error["type"] == "account_suspended"
    assert proxy.model.bodies == []
    assert proxy.chat("alice").status == 200


def test_a_call_over_its_limits_gets_a_429_with_retry_after(proxy: Set) -> None:
    proxy.chat("busy")
    proxy.world.over_limit.add(proxy.world.asked[0][0].account)
    reply = proxy.chat("busy")
    assert reply.status == 429
    assert reply.headers["retry-after"] == "3"
    assert "campaign" not in reply.body.decode().lower()


def test_caps_and_withheld_reasoning_are_applied_and_said(proxy: Set) -> None:
    proxy.chat("capped")
    account = proxy.world.asked[0][0].account
    proxy.model.bodies.clear()
    actions = (Action.CAP_N, Action.CAP_OUTPUT_TOKENS)
    proxy.world.effects[account] = [effect(action, 1) for action in actions]
    proxy.world.effects[account] += [effect(Action.STRIP_LOGPROBS), effect(Action.WITHHOLD_REASONING)]
    reply = proxy.chat("capped", n=4, logprobs=True, top_logprobs=3, max_tokens=500)
    assert reply.status == 200, reply.body
    (sent,) = proxy.model.bodies
    assert (sent["n"], sent["max_tokens"]) == (1, 1)
    assert not {"logprobs", "top_logprobs"} & set(sent)
    assert b"secret thought" not in reply.body
    said = reply.headers["stillwatch-effect"]
    assert all(action.value in said for action in (*actions, Action.STRIP_LOGPROBS, Action.WITHHOLD_REASONING))


def test_a_shadow_changes_nothing(proxy: Set) -> None:
    proxy.chat("shadowed")
    account = proxy.world.asked[0][0].account
    proxy.world.effects[account] = [effect(Action.SUSPEND, mode=Mode.SHADOW), effect(Action.CAP_N, 1, mode=Mode.SHADOW)]
    reply = proxy.chat("shadowed", n=2)
    assert reply.status == 200
    assert proxy.model.bodies[-1]["n"] == 2
    assert "stillwatch-effect" not in reply.headers
    assert b"secret thought" in reply.body


def test_a_stream_is_paused_while_its_budgets_say_so_and_counted_once(proxy: Set) -> None:
    proxy.world.pauses.extend([0.2, 0.0])
    reply = proxy.chat("streaming", stream=True)
    assert reply.status == 200
    assert reply.body.count(b'"content":"word') == 200
    assert reply.body.rstrip().endswith(b"[DONE]")
    (hold,) = proxy.world.holds
    wait_for(lambda: hold.released == 1, "the report")
    assert proxy.world.pauses == []
    # Estimated on the way, 1.6 tokens a word; the model server's count comes last and is less here.
    assert 200 <= hold.captured <= 400


def test_a_caller_that_hangs_up_pays_for_what_was_delivered(proxy: Set) -> None:
    proxy.model.seconds = 0.02
    body = {"model": "large", "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    lines = {"content-type": "application/json", "authorization": "Bearer sk-hasty"}
    client = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=60)
    client.request("POST", "/v1/chat/completions", json.dumps(body), lines)
    client.getresponse().read(4000)
    client.close()
    proxy.model.seconds = 0.0
    (hold,) = proxy.world.holds
    wait_for(lambda: hold.released == 1, "the report")
    assert hold.captured > 5


def test_a_paced_stream_is_whole_and_says_that_it_is_paced(proxy: Set) -> None:
    proxy.chat("paced")
    proxy.world.effects[proxy.world.asked[0][0].account] = [effect(Action.PACE, 2000)]
    for stream in (True, False):
        reply = proxy.chat("paced", stream=stream)
        assert b"word199" in reply.body
        assert reply.headers["stillwatch-effect"] == 'pace;amount=2000;reason="because"'


def test_no_verdict_is_a_refusal(proxy: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy.world, "effects", None)
    reply = proxy.chat("alice")
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert proxy.model.bodies == []


def test_reasoning_is_withheld_from_a_stream_too(proxy: Set) -> None:
    proxy.chat("quiet")
    proxy.world.effects[proxy.world.asked[0][0].account] = [effect(Action.WITHHOLD_REASONING)]
    reply = proxy.chat("quiet", stream=True)
    assert b"word" in reply.body
    assert b"secret thought" not in reply.body


MESSAGES = {"max_tokens": 500, "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("/v1/messages", MESSAGES),
        ("/v1/messages", MESSAGES | {"stream": True}),
        ("/v1/responses", {"input": "hello"}),
        ("/v1/responses", {"input": "hello", "stream": True}),
    ],
)
def test_other_api_shapes_are_decided_and_counted_too(proxy: Set, path: str, ask: dict[str, object]) -> None:
    body = {"model": path.replace("/v1/", "for-"), **ask}
    reply = call(proxy.url + path, body, authorization="Bearer sk-other")
    assert reply.status == 200, reply.body
    assert b"word199" in reply.body
    (hold,) = proxy.world.holds
    wait_for(lambda: hold.released == 1, "the report")
    assert hold.captured >= 200
    ((caller, _),) = proxy.world.asked
    proxy.world.effects[caller.account] = [effect(Action.SUSPEND)]
    assert call(proxy.url + path, body, authorization="Bearer sk-other").status == 403


def test_the_generic_guardrail_api_blocks_without_any_plug_in(proxy: Set) -> None:
    first = proxy.chat("generic", guardrails=["generic"])
    assert first.status == 200, first.body
    accounts = {caller.account for caller, _ in proxy.world.asked}
    assert len(proxy.world.asked) == 2, "the plug-in and the guardrail asked"
    assert len(accounts) == 1, "both call the account the same"
    proxy.world.over_limit |= accounts
    assert proxy.chat("generic", guardrails=["generic"]).status in {400, 429}
