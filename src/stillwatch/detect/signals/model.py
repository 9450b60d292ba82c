"""Accounts that use the same model."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("model", family=Family.ECONOMY, needs=("model",), max_bits=4.0, of_tool=True, seeds=True)
def model(calls: Frame) -> Frame:
    """See which models each account calls.

    Catches: one target model.
    Misses: campaigns against the most used model.
    False alarms: everybody on the newest model: common, so light.
    Source: Anthropic, September 2026 (only the top models are resold).
    """
    return calls.group_by("account", "model").agg(calls=nw.len()).rename({"model": "observable"})
