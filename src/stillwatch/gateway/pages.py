"""Paths that the gateway answers itself: health, and the models callers may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from stillwatch.gateway.dialects import models
from stillwatch.gateway.dialects.shape import Refusal, Vendor
from stillwatch.gateway.exchange import Header

Page = tuple[int, bytes]

OK = "ok"


class Pages:
    """``/healthz`` says that this process lives and how its parts are; ``/readyz`` is 503 while it cannot serve."""

    def __init__(self, state: Callable[[], Mapping[str, object]], names: list[str]) -> None:
        self._state, self._names = state, names
        self.is_ready = False

    def health(self) -> Page:
        """Return 200 while the process can answer; degraded parts are named, not hidden."""
        parts = dict(self._state())
        status = OK if all(map(_is_well, parts.values())) else "degraded"
        # The limiter names its rules by number.
        return 200, orjson.dumps({"status": status, "parts": parts}, option=orjson.OPT_NON_STR_KEYS)

    def readiness(self) -> Page:
        """Return 200 if calls can be served now."""
        if self.is_ready:
            return 200, b'{"status":"ready"}'
        return 503, b'{"status":"starting or draining"}'

    def models(self, vendor: Vendor) -> Page:
        """Return the list of models."""
        return 200, models.list_models(self._names, vendor)

    def model(self, name: str, vendor: Vendor) -> Page:
        """Return one model. Raises Refusal (404)."""
        if name not in self._names:
            raise unknown_model(name)
        return 200, models.show_model(name, vendor)


def _is_well(says: object) -> bool:
    return says == OK or (isinstance(says, Mapping) and says.get("status", OK) == OK)


def vendor_of(headers: list[Header]) -> Vendor:
    """Tell whose client asks where the path does not say: Anthropic's always sends its version header."""
    return "anthropic" if any(name == b"anthropic-version" for name, _ in headers) else "openai"


def unknown_model(name: str) -> Refusal:
    """Return the refusal of a model that callers may not name."""
    return Refusal(404, f"The model {name[:100]!r} does not exist.", code="model_not_found")
