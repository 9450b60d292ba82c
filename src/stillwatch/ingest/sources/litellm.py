"""LiteLLM's StandardLoggingPayload, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.content import chat, flatten
from stillwatch.ingest.fields import first, get, hide_credential, items, mapping, need, number, text
from stillwatch.ingest.parameters import asked, used
from stillwatch.ingest.source import Document, source

ACCOUNTS = (
    "metadata.user_api_key_hash",
    "metadata.user_api_key_user_id",
    "metadata.user_api_key_team_id",
    "metadata.user_api_key_org_id",
    "end_user",
    "metadata.user_api_key_end_user_id",
)
"""Who holds the credential, then who stands behind it; ``end_user`` is what the caller says, so it comes
last."""

OPERATIONS = {
    "text_completion": "text_completion",
    "atext_completion": "text_completion",
    "embedding": "embeddings",
    "aembedding": "embeddings",
}
"""LiteLLM's call types that are not chat (litellm.types.utils.CallTypes)."""

UNKNOWN_FAILURE = 500
"""Status of a failure without an error code."""


def _looks_like(document: Document) -> bool:
    return "startTime" in document and ("call_type" in document or "litellm_call_id" in document)


@source("litellm", looks_like=_looks_like)
def litellm(document: Document) -> Iterator[dict[str, object]]:
    """Read LiteLLM's standard logging payload (litellm.types.utils.StandardLoggingPayload)."""
    call_type = text(document, "call_type") or ""
    operation = OPERATIONS.get(call_type, "chat")
    row = {
        "call_id": text(document, "id", "litellm_call_id", "trace_id"),
        "account": hide_credential(text(document, *ACCOUNTS)),
        "started_at": first(document, "startTime"),
        "model": text(document, "model_group", "model"),
        "operation": operation,
        "channel": text(document, "custom_llm_provider"),
        "client_address": text(document, "requester_ip_address", "metadata.requester_ip_address"),
        "user_agent": text(document, "user_agent", "metadata.user_agent"),
        **_prompt(document, operation),
        "stream": document.get("stream"),
        **asked(mapping(document.get("model_parameters"))),
        **_tokens(document),
        "duration_ms": _duration(document),
        "status": _status(document),
        "finish_reason": _finish_reason(document),
    }
    need(
        row,
        "call_id",
        "account",
        "started_at",
        "model",
        looked="the key's hash, user, team, organization and end user",
    )
    yield row


def _prompt(document: Document, operation: str) -> dict[str, object]:
    messages = document.get("messages")
    if isinstance(messages, dict) and "messages" in messages:
        return {"messages": chat(messages["messages"]), "system": flatten(messages.get("system")) or None}
    if operation == "chat" and not isinstance(messages, str):
        return {"messages": chat(messages)}
    spoken = chat(messages) if isinstance(messages, list) else None
    return {"prompt": "\n".join(m["content"] for m in spoken) if spoken else flatten(messages) or None}


def _tokens(document: Document) -> dict[str, object]:
    detailed = first(document, "metadata.usage_object", "hidden_params.usage_object", "response.usage")
    usage = dict(mapping(detailed))
    usage.setdefault("prompt_tokens", document.get("prompt_tokens"))
    usage.setdefault("completion_tokens", document.get("completion_tokens"))
    return used(usage)


def _duration(document: Document) -> int | None:
    start, end = number(document.get("startTime")), number(document.get("endTime"))
    seconds = number(document.get("response_time"))
    if start is not None and end is not None and 0 <= end - start < 2**31:
        return round((end - start) * 1_000)
    return round(seconds * 1_000) if seconds is not None and 0 <= seconds < 2**31 else None


def _status(document: Document) -> int | None:
    if document.get("status") == "success":
        return 200
    if document.get("status") == "failure":
        code = number(get(document, "error_information.error_code"))
        return int(code) if code is not None and 100 <= code < 600 else UNKNOWN_FAILURE
    return None


def _finish_reason(document: Document) -> str | None:
    choices = items(get(document, "response.choices"))
    return text(choices[0], "finish_reason") if choices else None
