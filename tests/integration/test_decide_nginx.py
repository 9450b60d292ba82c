"""A real nginx asking ``stillwatch decide`` with ``auth_request``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    serving,
)
from real_proxies import needs_nginx, running_nginx
from stillwatch.gateway.nouns import Action, Caller

CONFIG = Path(__file__).parents[2] / "docs/examples/nginx-decide.conf"
pytestmark = needs_nginx


@dataclass
class Set:
    """nginx between callers and a model, and the decision service beside it."""

    world: World
    model: StandInModel
    url: str

    def chat(self, key: str) -> Reply:
        return chat(self.url, key, {}, stillwatch_account="forged")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Set]:
    folder = tmp_path_factory.mktemp("nginx")
    world, model = World(), StandInModel()
    with serving(decide_app(world)) as decide, serving(model) as upstream:
        port = free_port()
        text = CONFIG.read_text(encoding="utf-8").replace("TOKEN", TOKEN)
        for old, new in (("10000", port), ("8082", decide), ("8000", upstream)):
            text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
        url = f"http://127.0.0.1:{port}"
        with running_nginx(text, folder, ready=lambda: answers(url)):
            yield Set(world, model, url)


@pytest.fixture
def proxy(nginx: Set) -> Set:
    nginx.world.forget()
    nginx.model.forget()
    nginx.world.keys |= {"sw-alice": Caller("alice"), "sw-bad": Caller("bad")}
    return nginx


def test_an_allowed_call_goes_through_under_its_own_name(proxy: Set) -> None:
    reply = proxy.chat("sw-alice")
    assert reply.status == 200
    assert reply.json()["choices"]
    assert proxy.model.headers[0]["stillwatch-account"] == "alice"
    assert proxy.model.bodies[-1]["model"] == "large"


def test_a_suspended_account_is_refused(proxy: Set) -> None:
    proxy.world.effects["bad"] = [effect(Action.SUSPEND)]
    reply = proxy.chat("sw-bad")
    assert reply.status == 403
    assert reply.json()["error"] == {"message": "because", "type": "account_suspended", "code": "account_suspended"}
    assert proxy.model.headers == []


def test_a_call_over_its_limits_gets_a_429_with_retry_after(proxy: Set) -> None:
    proxy.world.over_limit.add("bad")
    reply = proxy.chat("sw-bad")
    assert (reply.status, reply.headers["retry-after"]) == (429, "3")
    assert reply.json()["error"]["code"] == "rate_limit_exceeded"


def test_limits_that_cannot_be_checked_give_a_503(proxy: Set) -> None:
    proxy.world.closed = True
    assert proxy.chat("sw-alice").status == 503


def test_an_unknown_key_gets_a_401(proxy: Set) -> None:
    reply = proxy.chat("sw-nobody")
    assert (reply.status, reply.json()["error"]["code"]) == (401, "invalid_api_key")


def test_what_acts_is_said_in_the_response(proxy: Set) -> None:
    proxy.world.effects["bad"] = [effect(Action.LOWER_LIMITS, 0.5)]
    assert proxy.chat("sw-bad").headers["stillwatch-effect"] == 'lower_limits;amount=0.5;reason="because"'


def test_nobody_reaches_the_decision_itself(proxy: Set) -> None:
    assert call(f"{proxy.url}/stillwatch").status == 404
