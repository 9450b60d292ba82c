"""The message reader against the JSON library, on well-formed lists and on what is not one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stillwatch.ingest.kernels.chat import MAX_PARTS, MAX_PREFILL_BYTES, read_chat


def separated(text: str | bytes) -> tuple[str, str, int] | None:
    """Return the user text, the system text and the number of assistant and tool messages; None if refused."""
    raw = text if isinstance(text, bytes) else text.encode()
    data = np.frombuffer(raw + bytes(8), np.uint8)
    user, system = np.zeros(len(raw) + 64, np.uint8), np.zeros(len(raw) + 64, np.uint8)
    lengths = np.zeros(3, np.int64)
    if not read_chat(data, 0, len(raw), user, system, np.zeros((MAX_PARTS, 2), np.int64), lengths):
        return None
    return (
        user[: lengths[0]].tobytes().decode().rstrip("\n"),
        system[: lengths[1]].tobytes().decode().rstrip("\n"),
        int(lengths[2]),
    )


def of(*messages: object) -> tuple[str, str, int] | None:
    return separated(json.dumps(list(messages), ensure_ascii=False))


def said(role: str, content: object, **more: object) -> dict[str, object]:
    return {"role": role, "content": content, **more}


def test_reads_the_last_user_message_and_all_system_text() -> None:
    messages = [said("system", "be brief"), said("user", "one"), said("assistant", "1"), said("user", "two")]
    assert of(*messages) == ("two", "be brief", 1)


def test_a_developer_message_is_system_text() -> None:
    assert of(said("developer", "rules"), said("system", "more"), said("user", "x")) == ("x", "rules\nmore", 0)


def test_assistant_tool_and_function_messages_are_turns() -> None:
    assert of(said("user", "x"), said("assistant", "a"), said("tool", "b"), said("function", "c")) == ("x", "", 3)


def test_a_prefill_follows_the_users_text_and_is_no_turn() -> None:
    assert of(said("user", "2 + 2?"), said("assistant", "<think>\nLet me")) == ("2 + 2?\n<think>\nLet me", "", 0)
    parts = [{"type": "text", "text": "<think>"}, {"type": "text", "text": "Hm"}]
    assert of(said("user", "x"), said("assistant", "1"), said("user", "y"), said("assistant", parts)) == (
        "y\n<think>Hm",
        "",
        1,
    )


def test_an_answer_that_is_followed_by_anything_is_no_prefill() -> None:
    assert of(said("user", "x"), said("assistant", "1"), said("tool", "2")) == ("x", "", 2)
    assert of(said("user", "x"), said("assistant", "1"), said("user", "y")) == ("y", "", 1)
    assert of(said("user", "x"), said("assistant", "1"), said("assistant", "2")) == ("x\n2", "", 1)


def test_a_long_closing_answer_was_logged_with_its_question() -> None:
    assert of(said("user", "x"), said("assistant", "a" * MAX_PREFILL_BYTES)) == ("x\n" + "a" * MAX_PREFILL_BYTES, "", 0)
    assert of(said("user", "x"), said("assistant", "a" * (MAX_PREFILL_BYTES + 1))) == ("x", "", 0)


def test_without_a_user_message_the_last_message_is_taken() -> None:
    assert of(said("assistant", "first"), said("assistant", "second")) == ("second", "", 2)


def test_text_parts_are_joined_and_other_parts_left_out() -> None:
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"text": "closely", "type": "text"},
    ]
    assert of(said("user", parts)) == ("look\nclosely", "", 0)


def test_text_inside_a_tool_result_part_is_read() -> None:
    parts = [{"type": "tool_result", "content": [{"type": "text", "text": "42 degrees"}]}]
    assert of(said("user", parts)) == ("42 degrees", "", 0)


@pytest.mark.parametrize("content", [None, "", [], 7, True, {"text": 1}])
def test_content_without_text_is_empty(content: object) -> None:
    assert of(said("user", content)) == ("", "", 0)


def test_tool_calls_and_unknown_keys_are_skipped() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"role": "user", "content": "no"}'}}
    assert of(said("user", "go", name="x", weight=1.5), said("assistant", None, tool_calls=[call])) == ("go", "", 1)


def test_keys_that_look_like_role_and_content_are_not_taken_for_them() -> None:
    assert of({"room": "kitchen", "role": "user", "content": "real", "context": "other"}) == ("real", "", 0)


def test_the_order_of_keys_does_not_matter() -> None:
    assert separated('[{"content": "x", "role": "user"}]') == ("x", "", 0)


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\u00e9\u4e2d\u0041", "é中A"),
        (r"\ud83d\ude00", "😀"),
        (r"a\"b\\c\/d", 'a"b\\c/d'),
        (r"line\nbreak\ttab\r", "line\nbreak\ttab\r"),
        (r"\ud83d alone", "\ufffd alone"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\u0000", "\0"),
    ],
)
def test_escapes_are_decoded(escaped: str, text: str) -> None:
    assert separated(f'[{{"role": "user", "content": "{escaped}"}}]') == (text.rstrip("\n"), "", 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "plain words",
        "[1, 2]",
        "[]",
        "[{}]",
        '["user", "hello"]',
        '[{"role": "user"',
        '[{"role": "user", "content": "open}]',
        '[{"role": "user", "content": "x"}',
        '[{"role": "user", "content": "x"}] and more',
        '[{"content": "nobody"}]',
        '[{"role": 3, "content": "x"}]',
        '[{"role" "user"}]',
        '{"role": "user", "content": "x"}',
        "[see the note] what is it",
        '[{"role": "user", "content": "\\',
    ],
)
def test_what_is_no_message_list_is_refused(text: str) -> None:
    assert separated(text) is None


def test_every_prefix_of_a_list_is_refused_and_read_inside_its_bounds() -> None:
    whole = json.dumps([said("system", "s\u00e9\n"), said("user", [{"type": "text", "text": "a\\\u4e2d"}])])
    assert separated(whole) is not None
    assert [separated(whole[:n]) for n in range(len(whole))] == [None] * len(whole)


def test_deep_nesting_costs_nothing() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert separated(f'[{{"role": "user", "x": {deep}, "content": "y"}}]') == ("y", "", 0)


def test_more_parts_than_are_read_are_skipped() -> None:
    parts = [{"type": "text", "text": str(i)} for i in range(MAX_PARTS + 9)]
    assert of(said("user", parts), said("tool", "a")) == ("\n".join(map(str, range(MAX_PARTS))), "", 1)
