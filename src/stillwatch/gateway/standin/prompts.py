"""The prompt and the tools in a body of either vendor, as far as the stand-in needs them."""

from __future__ import annotations

from typing import Any

import orjson


def prompt_of(body: dict[str, Any]) -> str:
    """Return the last user text."""
    given = body.get("messages", body.get("input", body.get("prompt", "")))
    if isinstance(given, list) and given and isinstance(given[-1], dict):
        given = given[-1].get("content", "")
    if isinstance(given, list):
        given = " ".join(p.get("text", "") if isinstance(p, dict) else str(p) for p in given)
    return str(given)


def tools_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the tools offered, each with arguments that fit its required parameters."""
    return [_tool(tool) for tool in body.get("tools") or ()]


def _tool(tool: dict[str, Any]) -> tuple[str, str]:
    inner = tool.get("function", tool)
    schema = inner.get("parameters", inner.get("input_schema", {}))
    values = {name: _value(schema.get("properties", {}).get(name, {})) for name in schema.get("required", ())}
    return str(inner.get("name")), orjson.dumps(values).decode()


def _value(schema: dict[str, Any]) -> object:
    return {"integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}.get(
        str(schema.get("type")), "Paris"
    )


def ceiling_of(body: dict[str, Any]) -> int | None:
    """Return the most tokens asked for."""
    given = [body.get(k) for k in ("max_completion_tokens", "max_tokens", "max_output_tokens")]
    return next((int(c) for c in given if c is not None), None)
