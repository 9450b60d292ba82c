"""``/v1/models``: answered by the gateway itself from its settings, so that it names what callers may name."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from stillwatch.gateway.dialects.shape import Vendor

PATH = "/v1/models"


def list_models(names: Sequence[str], vendor: Vendor) -> bytes:
    """Return the list in the vendor's shape (OpenAI and Anthropic API references, "List models")."""
    data = [_entry(name, vendor) for name in names]
    if vendor == "anthropic":
        first, last = (names[0], names[-1]) if names else (None, None)
        return orjson.dumps({"data": data, "has_more": False, "first_id": first, "last_id": last})
    return orjson.dumps({"object": "list", "data": data})


def show_model(name: str, vendor: Vendor) -> bytes:
    """Return one model in the vendor's shape."""
    return orjson.dumps(_entry(name, vendor))


def _entry(name: str, vendor: Vendor) -> dict[str, object]:
    """When a model was made is not known here; both vendors' clients want a time."""
    if vendor == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
    return {"id": name, "object": "model", "created": 0, "owned_by": "stillwatch"}
