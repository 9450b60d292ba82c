"""Fingerprints under generated input: message lists, templates, any text at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.kernels.chat import MAX_PARTS, read_chat
from stillwatch.records import CALL_LOG

PRINTS = Fingerprinter(bytes(range(32)))
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first call compiles

TEXT = st.text(st.characters() | st.sampled_from('"\\\n\u2028\U0001f600[]{}:,'), max_size=20)
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
PART = st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}) | st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": TEXT})}
)
KEY = st.text(max_size=9).filter(lambda key: key not in {"role", "content"})
ODD = st.sampled_from(['[{"role":', "`" * 9, '"' * 5, "\u300c", "\x00"])
ROLES = ("user", "assistant", "system", "developer", "tool", "function")


@st.composite
def message(draw: st.DrawFn) -> dict[str, Any]:
    made = {
        **draw(st.dictionaries(KEY, JSON_VALUE, max_size=2)),
        "role": draw(st.sampled_from(ROLES)),
        "content": draw(TEXT | st.none() | st.lists(PART, max_size=4)),
    }
    return {key: made[key] for key in draw(st.permutations(list(made)))}


def by_the_json_library(text: str) -> tuple[str, str, int]:
    """Do what ``read_chat`` does, slowly; lone surrogates become U+FFFD, and each text ends with a line feed."""
    user, system, turns, any_user = "", "", 0, False
    for entry in json.loads(text):
        content = entry["content"]
        parts = [content] if isinstance(content, str) else [p["text"] for p in content or [] if "text" in p]
        words = "".join(part + "\n" for part in parts)
        if entry["role"] in ("system", "developer"):
            system += words
        elif entry["role"] == "user" or not any_user:
            user, any_user = words, any_user or entry["role"] == "user"
        turns += entry["role"] in ("assistant", "tool", "function")
    return user, system, turns


@UNTIMED
@given(
    st.lists(message(), min_size=1, max_size=5),
    st.fixed_dictionaries({"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 1, "\t"])}),
)
def test_message_lists_are_read_as_the_json_library_reads_them(
    messages: list[dict[str, Any]], style: dict[str, Any]
) -> None:
    text = json.dumps(messages, **style)
    raw = text.encode("utf-8", "surrogatepass")
    data = np.frombuffer(raw + bytes(8), np.uint8)
    user, system, lengths = np.zeros(len(raw) + 64, np.uint8), np.zeros(len(raw) + 64, np.uint8), np.zeros(3, np.int64)
    assert read_chat(data, 0, len(raw), user, system, np.zeros((MAX_PARTS, 2), np.int64), lengths)
    read = (user[: lengths[0]].tobytes().decode(), system[: lengths[1]].tobytes().decode(), int(lengths[2]))
    # The reader gives blanks for the escapes of back space and form feed.
    blanks = str.maketrans("\b\f", "  ")
    expected = by_the_json_library(text)
    assert [t.translate(blanks) for t in read[:2]] == [t.translate(blanks) for t in expected[:2]]
    assert read[2] == expected[2]


def fingerprinted(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    filled = [{"call_id": str(i), "account": "a", "started_at": now, "model": "m"} | row for i, row in enumerate(rows)]
    made = PRINTS.fingerprint(pa.RecordBatch.from_pylist(filled, CALL_LOG.schema))
    return {name: values.to_pylist() for name, values in made.columns.items()}


@UNTIMED
@given(
    st.lists(
        st.text(max_size=200) | st.sampled_from(['[{"role":', "`" * 9, '"' * 5, "\u300c", "\x00"]),
        min_size=1,
        max_size=6,
    )
)
def test_any_text_is_fingerprinted_as_it_is_alone(texts: list[str]) -> None:
    together = fingerprinted([{"messages": text, "system": text} for text in texts])
    for i, text in enumerate(texts):
        alone = fingerprinted([{"messages": text, "system": text, "call_id": str(i)}])
        assert {name: values[0] for name, values in alone.items()} == {n: v[i] for n, v in together.items()}


@UNTIMED
@given(st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=1, max_size=30), st.data())
def test_the_item_is_blind_to_case_and_white_space(words: list[str], data: st.DataObject) -> None:
    blanks = st.sampled_from([" ", "\n", "  ", "\t", "\u3000", "\u00a0"])
    again = "".join(data.draw(st.sampled_from([str.upper, str.title, str.lower]))(w) + data.draw(blanks) for w in words)
    found = fingerprinted([{"prompt": " ".join(words)}, {"prompt": again}])
    assert found["item"][0] == found["item"][1]
    assert [found[f"topic_{i}"][0] for i in range(4)] == [found[f"topic_{i}"][1] for i in range(4)]
