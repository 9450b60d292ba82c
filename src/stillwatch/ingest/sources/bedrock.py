"""AWS Bedrock model-invocation logs, from S3 or CloudWatch subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.errors import SourceError
from stillwatch.ingest.content import chat, flatten
from stillwatch.ingest.exchange import merge_events
from stillwatch.ingest.fields import first, get, items, mapping, need, text, total
from stillwatch.ingest.parameters import asked, used
from stillwatch.ingest.source import Document, source
from stillwatch.ingest.sources.anthropic import FINISH_REASONS

SCHEMA_TYPE = "ModelInvocationLog"
"""``schemaType`` of these records (Amazon Bedrock user guide, "Monitor model invocation")."""

ACCOUNTS = (
    "requestMetadata.account",
    "requestMetadata.account_id",
    "requestMetadata.user_id",
    "requestMetadata.userId",
    "requestMetadata.tenant",
    "requestMetadata.tenant_id",
    "requestMetadata.tenantId",
    "identity.arn",
    "accountId",
)
"""Who calls: what an application says with each call about its own customer, else the identity that signed
it."""

STATUSES = {
    "AccessDeniedException": 403,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 400,
    "ValidationException": 400,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ServiceUnavailableException": 503,
    "InternalServerException": 500,
}
"""HTTP status of each error (Amazon Bedrock API reference, InvokeModel and Converse, "Errors")."""


def _looks_like(document: Document) -> bool:
    if document.get("schemaType") == SCHEMA_TYPE or ("modelId" in document and "requestId" in document):
        return True
    return any(SCHEMA_TYPE in str(mapping(e).get("message", ""))[:4_000] for e in items(document.get("logEvents"))[:1])


@source("bedrock", looks_like=_looks_like)
def bedrock(document: Document) -> Iterator[dict[str, object]]:
    """Read Amazon Bedrock model-invocation logs: Converse and InvokeModel, streamed or not.

    Prompts that AWS keeps apart for their size (``inputBodyS3Path``) are calls without text here.
    """
    if "logEvents" in document:
        for event in items(document["logEvents"]):
            yield from bedrock(mapping(mapping(event).get("message")))
        return
    if not document:
        raise SourceError("a CloudWatch event whose message is no JSON object")
    row = _row(document)
    need(
        row,
        "call_id",
        "account",
        "started_at",
        "model",
        looked="requestId, identity.arn, accountId, timestamp, modelId",
    )
    yield row


def _row(document: Document) -> dict[str, object]:
    request = mapping(get(document, "input.inputBodyJson"))
    model = (text(document, "modelId") or "").rpartition("/")[2]
    return {
        "call_id": text(document, "requestId"),
        "account": text(document, *ACCOUNTS),
        "started_at": document.get("timestamp"),
        "model": model,
        "channel": "aws_bedrock",
        "operation": _operation(model, request),
        **_prompt(request),
        **_asked(request, text(document, "operation") or ""),
        **_answer(document),
        "status": _status(text(document, "errorCode", "error.code")),
    }


def _operation(model: str, request: Mapping[str, object]) -> str:
    if "embed" in model:
        return "embeddings"
    return "chat" if "messages" in request or not request else "text_completion"


def _prompt(request: Mapping[str, object]) -> dict[str, object]:
    """Return the prompt of a Converse, Anthropic, Nova, Llama, Mistral, Titan or Cohere body."""
    if "messages" in request:
        return {"messages": chat(request["messages"]), "system": flatten(request.get("system")) or None}
    history = chat(request.get("chat_history"))
    if history and "message" in request:
        return {"messages": [*history, {"role": "user", "content": flatten(request["message"])}]}
    return {"prompt": flatten(first(request, "prompt", "inputText", "message", "texts")) or None}


def _asked(request: Mapping[str, object], operation: str) -> dict[str, object]:
    nested = first(request, "inferenceConfig", "textGenerationConfig")
    flat = {**request, **mapping(nested)}
    flat.setdefault("max_tokens", flat.pop("maxTokenCount", None))
    return {**asked(flat), "stream": "stream" in operation.lower() if operation else None}


def _answer(document: Document) -> dict[str, object]:
    body = get(document, "output.outputBodyJson")
    answer = merge_events(body) if isinstance(body, list) else mapping(body)
    side, reason = mapping(document.get("input")), text(answer, "stopReason", "stop_reason")
    usage = used(mapping(answer.get("usage")))
    counted = {
        "input_tokens": total(
            *(side.get(n) for n in ("inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"))
        ),
        "cached_input_tokens": side.get("cacheReadInputTokenCount"),
        "output_tokens": get(document, "output.outputTokenCount"),
        "duration_ms": first(answer, "metrics.latencyMs", "amazon-bedrock-invocationMetrics.invocationLatency"),
    }
    return {
        **usage,
        **{k: v for k, v in counted.items() if v is not None},
        "finish_reason": FINISH_REASONS.get(reason, reason) if reason else None,
    }


def _status(error: str | None) -> int:
    return STATUSES.get(error, 500) if error else 200
