"""Records that LiteLLM itself makes are read."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects

KEY = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def _call(patch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    litellm = pytest.importorskip("litellm", reason="LiteLLM is not installed")
    from litellm.integrations.custom_logger import CustomLogger  # noqa: PLC0415 - after the setting above

    made: list[dict[str, Any]] = []

    class Recorder(CustomLogger):  # type: ignore[misc, unused-ignore]
        def log_success_event(self, kwargs: Any, *_: object, **__: object) -> None:
            made.append(kwargs["standard_logging_object"])

        log_failure_event = log_success_event

    patch.setattr(litellm, "callbacks", [Recorder()])
    said = [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, PICTURE]},
    ]
    known = {"user_api_key_hash": KEY, "user_api_key_user_id": "u1", "requester_ip_address": "203.0.113.7"}
    common = {"model": "gpt-4o-mini", "metadata": known}
    litellm.completion(**common, messages=said, mock_response="hello", temperature=0.3, max_tokens=50, user="end-1")
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(**common, messages=said, mock_response="litellm.RateLimitError")
    list(litellm.completion(**common, messages=said, mock_response="abc def", stream=True))
    for _ in range(200):  # LiteLLM logs in a thread
        if len(made) >= 3:
            break
        time.sleep(0.05)
    return made


@pytest.fixture(scope="module")
def payloads() -> list[dict[str, Any]]:
    """Three calls through LiteLLM with a mocked provider: answered, refused by a limit, streamed."""
    patch = pytest.MonkeyPatch()
    patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LiteLLM's own types warn with today's Pydantic
        made = _call(patch)
    patch.undo()
    return sorted(made, key=lambda p: p["startTime"])


def test_reads_what_litellm_logs(payloads: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "litellm.jsonl"
    file.write_text("\n".join(json.dumps(p, default=str) for p in payloads))
    rejects = Rejects(None)
    (batch,) = read_calls(find_inputs([file]), rejects=rejects)
    answered, refused, streamed = batch.to_pylist()
    assert rejects.summary() == []
    assert {c["account"] for c in (answered, refused, streamed)} == {KEY}
    assert [c["status"] for c in (answered, refused, streamed)] == [200, 429, 200]
    assert [c["stream"] for c in (answered, refused, streamed)] == [None, None, True]
    assert json.loads(answered["messages"]) == [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": "hi\n[image]"},
    ]
    assert answered["temperature"] == 0.3
    assert answered["max_output_tokens"] == 50
    assert answered["client_address"] == "203.0.113.7"
    assert answered["started_at"].timestamp() == pytest.approx(payloads[0]["startTime"], abs=1e-3)
    assert answered["input_tokens"] == payloads[0]["prompt_tokens"]
    assert streamed["output_tokens"] == payloads[2]["completion_tokens"]
