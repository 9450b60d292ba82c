"""The one place where a gateway's parts are put together."""

from __future__ import annotations

from stillwatch.gateway.live_rules import LiveRules
from stillwatch.gateway.nulls import NoKeys
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.rules import RuleDefaults
from stillwatch.gateway.settings import GatewaySettings
from stillwatch.gateway.standing import LiveStandings

SNAPSHOT = "snapshot.json"
"""The file in ``settings.standing`` that ``watch`` writes."""


def make_parts(settings: GatewaySettings) -> Parts:
    """Return the parts of one worker for these settings. Nothing runs before their ``starts``."""
    parts = Parts(settings, keyring=NoKeys())
    add_policy(parts)
    return parts


def add_policy(parts: Parts) -> None:
    """Add the rules and what scans said. The limiter must be there already: it is told who joins a campaign."""
    settings = parts.settings
    models = frozenset(model.name for model in settings.models) or None
    defaults = RuleDefaults(settings.verification_url, settings.appeal_url, models)
    rules = LiveRules(
        settings.rules, defaults=defaults, kill_switch=settings.kill_switch, shadow_only=settings.shadow_only
    )
    standings = LiveStandings(settings.standing / SNAPSHOT, on_join=parts.limiter.join_campaign)
    parts.decider, parts.standings = rules, standings
    for name, part in (("rules", rules), ("standing", standings)):
        parts.starts.append(part.start)
        parts.stops.append(part.stop)
        parts.states[name] = part.health
