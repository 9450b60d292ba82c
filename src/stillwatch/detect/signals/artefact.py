"""One opaque artefact carried into several accounts."""

from __future__ import annotations

import narwhals as nw

from stillwatch.detect.signal import Frame, signal
from stillwatch.records import Family


@signal("artefact", family=Family.CONTENT, needs=("artefact",), max_bits=10.0, seeds=True)
def artefact(calls: Frame) -> Frame:
    """See which opaque blobs (encrypted reasoning, signatures) each account sends in.

    Catches: reasoning artefacts born in one account and replayed in another.
    Misses: hosts that return no such artefact.
    False alarms: a shared test fixture or logo in base64.
    Source: Anthropic, September 2026, and OpenAI, October 2026 (reasoning replayed across sessions).
    """
    return calls.group_by("account", "artefact").agg(calls=nw.len()).rename({"artefact": "observable"})
