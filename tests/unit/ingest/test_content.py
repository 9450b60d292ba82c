from __future__ import annotations

from typing import Any

import pytest

from stillwatch.ingest.content import chat, flatten


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"text": "converse"}, {"image": {"format": "png"}}], "converse\n[image]"),
        ([{"type": "image_url", "image_url": {"url": "data:"}}], "[image]"),
        ([{"type": "input_audio", "input_audio": {}}, {"type": "video_url"}], "[audio]\n[video]"),
        ([{"type": "file", "file": {"file_id": "f"}}, {"type": "document", "source": {}}], "[file]\n[file]"),
        ([{"type": "thinking", "thinking": "hm"}], "hm"),
        ([{"type": "brand_new"}], "[brand_new]"),
        ([{"type": "text", "content": "otel"}, 7, None], "otel"),
    ],
)
def test_keeps_text_and_stands_in_for_the_rest(content: object, text: str) -> None:
    assert flatten(content) == text


def test_stops_at_parts_inside_parts_without_end() -> None:
    nested: Any = "deep"
    for _ in range(1_000):
        nested = [{"type": "tool_result", "content": nested}]
    assert flatten(nested) == ""


@pytest.mark.parametrize(
    ("given", "role"),
    [("developer", "system"), ("model", "assistant"), ("function", "tool"), ("User", "user")],
)
def test_knows_the_roles_under_other_names(given: str, role: str) -> None:
    assert chat([{"role": given, "content": "x"}]) == [{"role": role, "content": "x"}]


def test_tool_results_inside_a_users_message_are_the_tools() -> None:
    result = {"type": "tool_result", "content": [{"type": "text", "text": "rainy"}]}
    said = chat([{"role": "user", "content": [result, {"type": "text", "text": "And tomorrow?"}]}])
    assert said == [{"role": "tool", "content": "rainy"}, {"role": "user", "content": "And tomorrow?"}]
    converse = {"role": "user", "content": [{"toolResult": {"content": [{"text": "rainy"}]}}]}
    assert chat([converse]) == [{"role": "tool", "content": "rainy"}]


def test_tool_calls_stay_with_the_assistant() -> None:
    call = {"function": {"name": "f", "arguments": '{"x": 1}'}}
    assert chat([{"role": "assistant", "content": None, "tool_calls": [call]}]) == [
        {"role": "assistant", "content": '[tool call f] {"x": 1}'}
    ]
    response = [
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "output": "1"},
    ]
    assert [m["role"] for m in chat(response) or []] == ["assistant", "tool"]


def test_takes_plain_text_json_text_and_nothing() -> None:
    assert chat("hello") == [{"role": "user", "content": "hello"}]
    assert chat('[{"role": "user", "content": "hi"}]') == [{"role": "user", "content": "hi"}]
    assert chat("hi", system="s") == [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]
    assert chat(None) is chat([]) is chat("") is None
