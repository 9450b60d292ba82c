"""Messages of any provider to the call log's ``[{role, content}]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stillwatch.ingest.fields import items, mapping
from stillwatch.ingest.values import to_json

ROLES = {"human": "user", "model": "assistant", "ai": "assistant", "developer": "system", "function": "tool"}
"""Other names of the four roles: LangChain, Gemini, OpenAI's newer and older APIs."""

PLACEHOLDERS = {
    "image": "[image]",
    "audio": "[audio]",
    "video": "[video]",
    "file": "[file]",
    "document": "[file]",
    "blob": "[file]",
    "uri": "[file]",
}
"""What stands for a part that is not text, by a word in its type (image_url, input_audio, …)."""

TEXT_KEYS = ("text", "content", "thinking", "input_text", "output_text", "refusal")
"""Where parts keep their text: OpenAI and Converse, OpenTelemetry, Anthropic."""

MAX_DEPTH = 8
"""Parts inside parts (a tool result with pictures is two deep): deeper is no API's shape."""

Message = dict[str, str]


def chat(messages: object, *, system: object = None) -> list[Message] | None:
    """Return messages of any provider as role and text; None if there are none.

    Tool results inside a user's message (Anthropic, Bedrock) become messages of the tool, as they are with
    OpenAI, so that the user's own last words can be told from what a tool answered.
    """
    made = [{"role": "system", "content": flat}] if (flat := flatten(system)) else []
    if isinstance(messages, str) and not messages.lstrip().startswith("["):
        return [*made, {"role": "user", "content": messages}] if messages else made or None
    entries = [messages] if isinstance(messages, Mapping) else items(messages)
    for entry in entries:
        made.extend(_message(entry))
    return made or None


def flatten(content: object, depth: int = 0) -> str:
    """Return all text of a content value, one part a line, with placeholders for what is no text."""
    if isinstance(content, str):
        return content
    if depth > MAX_DEPTH or content is None:
        return ""
    parts = content if isinstance(content, list) else [content]
    return "\n".join(filter(None, (_part(p, depth) for p in parts)))


def _message(entry: object) -> Iterator[Message]:
    if isinstance(entry, str):
        yield {"role": "user", "content": entry}
    if not isinstance(entry, Mapping):
        return
    role = _role(entry)
    content = entry.get("content", entry.get("parts", entry.get("text")))
    parts = content if isinstance(content, list) else [content]
    results = [p for p in parts if _is_result(p)] if role == "user" else []
    for result in results:
        yield {"role": "tool", "content": _part(result, 0)}
    rest = [p for p in parts if not (results and _is_result(p))]
    said = "\n".join(filter(None, [flatten(rest), *map(_tool_call, items(entry.get("tool_calls")))]))
    if said or not results:
        yield {"role": role, "content": said}


def _role(entry: Mapping[str, object]) -> str:
    kind = str(entry.get("type"))
    if kind in {"function_call_output", "custom_tool_call_output"}:
        return "tool"
    if kind in {"function_call", "custom_tool_call", "reasoning"}:
        return "assistant"
    role = str(entry.get("role") or "user").lower()
    return ROLES.get(role, role)


def _is_result(part: object) -> bool:
    if not isinstance(part, Mapping):
        return False
    return str(part.get("type")) in {"tool_result", "tool_call_response"} or "toolResult" in part


def _part(part: object, depth: int) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return ""
    kind = str(part.get("type", ""))
    if _is_result(part):
        result = mapping(part.get("toolResult")) or part
        inner = result.get("content", result.get("response", result.get("result")))
    elif kind in {"tool_use", "tool_call", "function_call"} or "toolUse" in part:
        inner = _tool_call(part)
    else:
        text = next((part[key] for key in TEXT_KEYS if key in part), f"[{kind}]" if kind else None)
        inner = _placeholder(part, kind) or text
    return flatten(inner, depth + 1)


def _placeholder(part: Mapping[str, object], kind: str) -> str | None:
    words = {kind, *(str(k) for k in part)} if not kind else {kind}
    return next((sign for word, sign in PLACEHOLDERS.items() if any(word in w for w in words)), None)


def _tool_call(call: object) -> str:
    entry = mapping(call)
    inner = mapping(entry.get("function")) or mapping(entry.get("toolUse")) or entry
    arguments = inner.get("arguments", inner.get("input", ""))
    shown = arguments if isinstance(arguments, str) else to_json(arguments)[0] if arguments else ""
    return f"[tool call {inner.get('name', '')}] {shown}".strip()
