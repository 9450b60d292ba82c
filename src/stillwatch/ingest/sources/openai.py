"""OpenAI-compatible requests and responses as a gateway logs them, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.ingest.content import chat, flatten
from stillwatch.ingest.exchange import has_exchange, read_exchange
from stillwatch.ingest.fields import first, get, items, mapping, need, text
from stillwatch.ingest.parameters import asked, used
from stillwatch.ingest.source import Document, source
from stillwatch.ingest.sources.anthropic import is_anthropic


def _looks_like(document: Document) -> bool:
    return has_exchange(document) and not is_anthropic(document)


@source("openai", looks_like=_looks_like)
def openai(document: Document) -> Iterator[dict[str, object]]:
    """Read OpenAI-compatible exchanges: chat completions, completions, responses and embeddings.

    Shapes: OpenAI's API reference (chat/completions, completions, responses, embeddings).
    """
    exchange = read_exchange(document)
    request, response = exchange.request, exchange.response
    row = {
        **exchange.row,
        "model": text(request, "model") or text(document, "model") or text(response, "model"),
        "operation": _operation(exchange.path, request),
        **_prompt(request),
        **asked(request),
        **used(mapping(response.get("usage"))),
        "finish_reason": _finish_reason(response),
    }
    need(
        row,
        "call_id",
        "account",
        "started_at",
        "model",
        looked="the record, its metadata, headers and bodies",
    )
    yield row


def _operation(path: str, request: Mapping[str, object]) -> str:
    if "embedding" in path or ("input" in request and "encoding_format" in request):
        return "embeddings"
    if "prompt" in request and "messages" not in request:
        return "text_completion"
    is_embedding = "embedding" in str(request.get("model", "")) and "input" in request
    return "embeddings" if is_embedding else "chat"


def _prompt(request: Mapping[str, object]) -> dict[str, object]:
    if "messages" in request:
        return {"messages": chat(request["messages"])}
    if "input" in request and isinstance(request["input"], str):
        return {"prompt": request["input"], "system": flatten(request.get("instructions")) or None}
    if "input" in request and any(isinstance(entry, Mapping) for entry in items(request["input"])):
        return {"messages": chat(request["input"]), "system": flatten(request.get("instructions")) or None}
    return {"prompt": flatten(first(request, "prompt", "input")) or None}


def _finish_reason(response: Mapping[str, object]) -> str | None:
    choices = items(response.get("choices"))
    if choices:
        return text(choices[0], "finish_reason")
    incomplete = get(response, "incomplete_details.reason")
    return "length" if incomplete == "max_output_tokens" else text(response, "status")
