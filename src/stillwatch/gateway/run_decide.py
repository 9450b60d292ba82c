"""Runs the decision service with the parts of a gateway process."""

from __future__ import annotations

from collections.abc import Mapping

import uvloop

from stillwatch.gateway.decide_server import DecideServer
from stillwatch.gateway.decision_service import DecisionService, Neighbours
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.settings import GatewaySettings


def run_decide(parts: Parts) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError if it cannot listen."""
    uvloop.run(serve_decide(parts))


async def serve_decide(parts: Parts) -> None:
    """Start the parts, serve, and stop them in reverse order, whatever happened."""
    settings = parts.settings
    service = DecisionService(neighbours_of(parts), keep_seconds=settings.decide.keep_seconds)
    server = DecideServer(service, settings.decide, health=lambda: {"parts": parts.state()})
    try:
        for start in parts.starts:
            await start()
        await server.serve()
    finally:
        for stop in reversed(parts.stops):
            await stop()


def neighbours_of(parts: Parts) -> Neighbours:
    """Return the parts that are asked about a call."""
    asked = (parts.keyring, parts.standings, parts.decider, parts.limiter, parts.recorder)
    return Neighbours(*asked, parts.settings.weights, canonical_models(parts.settings))


def canonical_models(settings: GatewaySettings) -> Mapping[str, str]:
    """Return each alias with the name of its model."""
    return {alias: model.name for model in settings.models for alias in model.aliases}
