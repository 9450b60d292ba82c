"""The one place where a gateway's parts are put together."""

from __future__ import annotations

from stillwatch.gateway.nulls import NoKeys
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.settings import GatewaySettings


def make_parts(settings: GatewaySettings) -> Parts:
    """Return the parts of one worker for these settings. Nothing runs before their ``starts``."""
    return Parts(settings, keyring=NoKeys())
