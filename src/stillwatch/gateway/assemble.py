"""The one place where a gateway's parts are put together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Literal

from stillwatch.gateway.admin.app import AdminApp
from stillwatch.gateway.admin.handlers import Parts as AdminParts
from stillwatch.gateway.admin.server import AdminServer
from stillwatch.gateway.admin.token import read_or_create_token
from stillwatch.gateway.admin_log import AdminLog, admin_log_of
from stillwatch.gateway.directory.database import open_database
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.journal.writer import JournalWriter
from stillwatch.gateway.keyring import DirectoryKeyring
from stillwatch.gateway.limits.limiter import Limits, limits_of
from stillwatch.gateway.log import log_problems
from stillwatch.gateway.metric_page import MetricFile, metric_page
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.nouns import Standing
from stillwatch.gateway.parts import Parts, Step
from stillwatch.gateway.policy_parts import SNAPSHOT, add_policy
from stillwatch.gateway.promising import Promiser
from stillwatch.gateway.settings import GatewaySettings
from stillwatch.gateway.spans.pipe import span_pipe
from stillwatch.gateway.spans.process import span_endpoint
from stillwatch.gateway.spans.sender import SpanSender
from stillwatch.gateway.standing import LiveStandings

JOURNAL_TOTALS = ("admitted", "finished", "refused", "shed", "finishes_lost", "notes_lost")
"""Of ``journal.trouble.Counts``, those that ``metric_page`` shows."""


def make_parts(settings: GatewaySettings) -> Parts:
    """Return the parts of one worker for these settings; made after forking. Nothing runs before their ``starts``.

    Raises SettingsError, DirectoryError and JournalError where a part cannot be made.
    """
    log_problems()
    keyring = DirectoryKeyring(open_database(settings.directory_url))
    parts = Parts(settings, keyring=keyring)
    _add_keyring(parts, keyring)
    _add_limits(parts)
    _add_journal(parts)
    add_policy(parts, is_appeal_granted=keyring.is_appeal_granted)
    _add_spans(parts)
    if settings.evidence is not None and settings.evidence.promises:
        parts.promise = Promiser(settings.evidence).promise
    written = MetricFile(metrics_folder(settings), parts.metrics)
    parts.starts.append(written.start)
    parts.stops.append(written.stop)
    return parts


def make_admin(settings: GatewaySettings) -> AdminServer:
    """Return the admin API, to be started once for all workers. Raises SettingsError if it cannot listen.

    It has rules and standings of its own: the kill switch is a file that every worker looks at, and what scans said is
    read from the file that the workers read.
    """
    log = AdminLog(admin_log_of(settings))
    directory = Directory(settings.directory_url, note=log.note)
    keyring = DirectoryKeyring(directory.database)
    rules = add_policy(Parts(settings, keyring=keyring))
    page = partial(metric_page, metrics_folder(settings))
    parts = AdminParts(directory, CurrentStandings(settings, keyring), rules, page, log.note)
    return AdminServer(AdminApp(parts, read_or_create_token(settings.admin_token_file)), settings)


class CurrentStandings:
    """Standings for whoever asks seldom: everything is looked up at the question."""

    def __init__(self, settings: GatewaySettings, keyring: DirectoryKeyring) -> None:
        self._path, self._keyring = settings.standing / SNAPSHOT, keyring

    def of(self, account: str) -> Standing:
        """Return the account's standing as every worker sees it within a second."""
        self._keyring.poll()
        return LiveStandings(self._path, is_appeal_granted=self._keyring.is_appeal_granted).of(account)


class StoreTold:
    """Counts what the limiter tells of its store (``limits.health.Observer``); it writes the log itself."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def store_mode(self, mode: Literal["shared", "failing"], reason: str) -> None:
        """Do nothing: the gauge asks for it."""

    def failed_open(self) -> None:
        """Count a call that no budget counted."""
        self._metrics.count("failed_open")


def metrics_folder(settings: GatewaySettings) -> Path:
    """Return where the workers leave their numbers for ``metric_page``: beside the journal."""
    return settings.journal.folder.parent / "metrics"


def _add_keyring(parts: Parts, keyring: DirectoryKeyring) -> None:
    def state() -> Mapping[str, object]:
        health = keyring.health()
        return {"status": "ok" if health.fresh else health.problem or "old", **asdict(health)}

    parts.starts.append(_step(keyring.start))
    parts.stops.append(_step(keyring.stop))
    parts.states["keys"] = state
    parts.metrics.gauges["keyring_age_seconds"] = lambda: keyring.health().age_seconds


def _add_limits(parts: Parts) -> None:
    limits = limits_of(parts.settings, clock=time.monotonic, observer=StoreTold(parts.metrics))

    def state() -> Mapping[str, object]:
        health = limits.health()
        failing = health.store == "failing"
        return {"status": "the store does not answer" if failing else "ok", **asdict(health)}

    parts.limiter = limits
    parts.starts.append(_step(limits.start))
    parts.stops.append(limits.stop)
    parts.states["limits"] = state
    parts.metrics.gauges["store_failing"] = lambda: float(_is_failing(limits))


def _is_failing(limits: Limits) -> bool:
    return limits.health().store == "failing"


def _add_journal(parts: Parts) -> None:
    journal = JournalWriter(parts.settings.journal)
    parts.recorder = journal
    parts.starts.append(_step(journal.gather_ends))
    parts.stops.append(_step(journal.close))
    parts.states["journal"] = lambda: {"status": journal.problem or "ok", **asdict(journal.counts)}
    for name in JOURNAL_TOTALS:
        parts.metrics.totals[f"journal_{name}"] = partial(getattr, journal.counts, name)


def _add_spans(parts: Parts) -> None:
    if span_endpoint(parts.settings, os.environ) is not None:
        sender = SpanSender(span_pipe(parts.settings), parts.metrics)
        parts.observers.append(sender.ended)
        parts.stops.append(_step(sender.close))


def _step(does: Callable[[], None]) -> Step:
    async def step() -> None:
        does()

    return step
