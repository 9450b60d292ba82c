"""What a decision does to a call, as plain values."""

from __future__ import annotations

import pytest

from stillwatch.gateway.dialects.chat import Chat
from stillwatch.gateway.dialects.shape import Caps, Refusal
from stillwatch.gateway.effects import NOTHING, effect_headers, enforce, prepare
from stillwatch.gateway.nouns import ALLOWED, Action, Decision, Effect, Mode

URLS = {"verification_url": "v", "appeal_url": "a"}


def decided(*effects: Effect) -> Decision:
    return Decision(effects)


def effect(action: Action, amount: float | None = None, reason: str = "why") -> Effect:
    return Effect(action, "r", Mode.ENFORCE, reason, amount=amount)


def test_nothing_is_done_where_no_rule_applied() -> None:
    assert enforce(ALLOWED, **URLS) is NOTHING


def test_the_first_of_two_rules_with_one_action_counts() -> None:
    done = enforce(decided(effect(Action.PACE, 5), effect(Action.PACE, 50)), **URLS)
    assert done.pace == 5
    assert len(done.shown) == 1


def test_a_suspension_is_stronger_than_everything_and_names_where_to_appeal() -> None:
    with pytest.raises(Refusal) as told:
        enforce(decided(effect(Action.PACE, 5), effect(Action.SUSPEND)), **URLS)
    assert (told.value.status, told.value.url) == (403, "a")


@pytest.mark.parametrize("reason", ['say "no"\r\nset-cookie: x', "\u00e9\\", 'a"b'])
def test_no_reason_breaks_out_of_its_header(reason: str) -> None:
    ((_, value),) = effect_headers(enforce(decided(effect(Action.PACE, 2.5, reason)), **URLS))
    assert value.startswith(b'pace;amount=2.5;reason="')
    assert value.endswith(b'"')
    assert not set(value) & {10, 13}
    assert value.isascii()


def test_only_the_model_changes_where_only_its_name_differs() -> None:
    raw = b'{ "messages": [] ,\n "model" : "m", "x": 1.50}'
    sent, _ = prepare(Chat(), raw, {"messages": [], "model": "m", "x": 1.5}, caps=None, model="o", wants_usage=False)
    assert sent == b'{ "messages": [] ,\n "model" : "o", "x": 1.50}'


def test_usage_is_asked_for_without_touching_the_rest() -> None:
    raw = b'  {"model":"m","stream":true}'
    sent, _ = prepare(Chat(), raw, {"model": "m", "stream": True}, caps=None, model="m", wants_usage=True)
    assert sent == b'  {"stream_options":{"include_usage":true},"model":"m","stream":true}'


def test_other_stream_options_are_kept() -> None:
    body = {"model": "m", "stream": True, "stream_options": {"x": 1}}
    sent, _ = prepare(Chat(), b"{}", body, caps=None, model="m", wants_usage=True)
    assert sent == b'{"model":"m","stream":true,"stream_options":{"x":1,"include_usage":true}}'


def test_a_cap_above_what_was_asked_changes_nothing() -> None:
    body = {"model": "m", "n": 2, "max_tokens": 5}
    assert Chat().cap(body, Caps(n=3, output_tokens=9)) is body
