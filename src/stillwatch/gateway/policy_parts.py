"""The policy among a gateway's parts: the rules, and what scans said."""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.gateway.live_rules import LiveRules
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.rules import RuleDefaults
from stillwatch.gateway.standing import LiveStandings

SNAPSHOT = "snapshot.json"
"""The file in ``settings.standing`` that ``watch`` writes."""


def add_policy(parts: Parts, *, is_appeal_granted: Callable[[str], bool] = lambda _account: False) -> LiveRules:
    """Add the rules and what scans said; return the rules, whose kill switch the admin API may throw.

    The limiter must be there already: it is told who joins a campaign. ``is_appeal_granted`` is the keyring's.
    Raises SettingsError for rules that cannot be right.
    """
    settings = parts.settings
    models = frozenset(model.name for model in settings.models) or None
    defaults = RuleDefaults(settings.verification_url, settings.appeal_url, models)
    rules = LiveRules(
        settings.rules, defaults=defaults, kill_switch=settings.kill_switch, shadow_only=settings.shadow_only
    )
    standings = LiveStandings(
        settings.standing / SNAPSHOT, is_appeal_granted=is_appeal_granted, on_join=parts.limiter.join_campaign
    )
    parts.decider, parts.standings = rules, standings
    for name, part in (("rules", rules), ("standing", standings)):
        parts.starts.append(part.start)
        parts.stops.append(part.stop)
        parts.states[name] = part.health
    return rules
