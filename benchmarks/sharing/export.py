"""``python -m benchmarks.sharing.export``: objects a second, from campaigns of a report to the bytes of a file."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from stillwatch.sharing.choosing import choose
from stillwatch.sharing.exporter import find_exporters
from stillwatch.sharing.nouns import Parcel, Sender

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CAMPAIGNS = 1_500
"""Each with 20 observables: what a report lists."""


def report_entry(number: int) -> dict[str, Any]:
    """Return a campaign with 20 observables of its own."""
    observables = [
        {
            "signal": "prefix",
            "observable": f"{number * 20 + i:016x}",
            "label": f"{1 + number // 250 % 100}.{number % 250}.{i}.0/24",
            "holders": 25,
            "holders_elsewhere": 4,
            "bits": 5.0,
        }
        for i in range(20)
    ]
    return {
        "campaign": f"C-{number:012x}",
        "accounts": 1234,
        "exchanges": 60_900,
        "objective": "reasoning",
        "first_call_at": "2026-06-17T00:23:48Z",
        "last_call_at": "2026-06-27T23:23:22Z",
        "strength_bits": 9.0,
        "claims": {"volume": {"status": "measured"}},
        "observables": observables,
        "substreams": [{"kind": "template"}],
    }


def measure() -> list[tuple[object, ...]]:
    """Return for each exporter: name, objects, bytes, CPU seconds of one core, objects a second."""
    rows: list[tuple[object, ...]] = []
    entries = [report_entry(n) for n in range(CAMPAIGNS)]
    for exporter in find_exporters():
        started = time.process_time()
        chosen = tuple(choose(e, group_key=None, now=NOW) for e in entries)
        documents = exporter.documents(Parcel(Sender("Bench"), chosen, NOW))
        data = exporter.write(documents)
        seconds = time.process_time() - started
        objects = len(documents[0]["objects"]) if exporter.name == "stix" else CAMPAIGNS * 20
        rows.append((exporter.name, objects, len(data), seconds, round(objects / seconds)))
    return rows


def main() -> None:
    """Print a line for each exporter."""
    for row in measure():
        print(*row)


if __name__ == "__main__":
    main()
