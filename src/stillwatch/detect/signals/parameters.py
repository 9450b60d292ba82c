"""Accounts that ask with the same sampling parameters."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("parameters", family=Family.ECONOMY, needs=("parameters",), max_bits=8.0, of_tool=True, seeds=True)
def parameters(calls: Frame) -> Frame:
    """See which combination of temperature, ceiling, n, log-probabilities and streaming each account asks for.

    Catches: one configuration of one harness.
    Misses: parameters left at an SDK's default.
    False alarms: users of one application.
    Source: Glasswally's token-budget rule (ceilings), widened to all sampling parameters.
    """
    return calls.group_by("account", "parameters").agg(calls=nw.len()).rename({"parameters": "observable"})
