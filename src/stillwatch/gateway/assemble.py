"""The one place where a gateway's parts are put together."""

from __future__ import annotations

from pathlib import Path

from stillwatch.gateway.metric_page import MetricFile
from stillwatch.gateway.nulls import NoKeys
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.policy_parts import add_policy
from stillwatch.gateway.settings import GatewaySettings


def make_parts(settings: GatewaySettings) -> Parts:
    """Return the parts of one worker for these settings. Nothing runs before their ``starts``."""
    parts = Parts(settings, keyring=NoKeys())
    add_policy(parts)
    written = MetricFile(metrics_folder(settings), parts.metrics)
    parts.starts.append(written.start)
    parts.stops.append(written.stop)
    return parts


def metrics_folder(settings: GatewaySettings) -> Path:
    """Return where the workers leave their numbers for ``metric_page``: beside the journal."""
    return settings.journal.folder.parent / "metrics"
