"""What a person reads of a bundle: ``SUMMARY.html`` on one page, ``README.txt``, and the verifier beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.notes import parse_note
from stillwatch.evidence.sample import SIZES
from stillwatch.evidence.second_sources import read_statement

_RUNGS = (
    ("volume", "How much"),
    ("coordination", "One operator"),
    ("attribution", "Who it is"),
    ("training-use", "That a model was trained on it"),
)


def write_papers(draft: Draft, predicate: Mapping[str, Any]) -> None:
    """Write the papers of a bundle whose other files are in ``draft``."""
    environment = Environment(
        loader=PackageLoader("stillwatch.evidence.bundle"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    said = {name: _json(draft, f"claims/{name}.json") for name, _ in _RUNGS}
    volume, heads = said["volume"]["numbers"], _json(draft, "heads.json")
    told = {
        "predicate": predicate,
        "rungs": [(title, said[name]) for name, title in _RUNGS],
        "volume": volume,
        "period": _period(volume),
        "heads": heads,
        "sample": _json(draft, "audit/sample.json"),
        "otherwise": [line for claim in said.values() for line in claim["otherwise"]],
        "contrary": list(dict.fromkeys(line for one in (*said.values(), heads) for line in one["contrary"])),
        "stamped": any(name.endswith(".tsr") for name in draft.names()),
        "announced": _announced(draft),
        "cosigners": _cosigners(draft, predicate["log"]["origin"]),
        "sizes": SIZES,
        "seconds": _second_sources(draft),
    }
    draft.add("SUMMARY.html", environment.get_template("summary.html").render(told).encode())
    draft.add("README.txt", environment.get_template("readme.txt").render(told).encode())
    draft.add("verify.py", files("stillwatch.evidence").joinpath("verify.py").read_bytes())


def _announced(draft: Draft) -> str:
    """Return which public value a note of the log announced when it fixed this list of calls; empty if none did."""
    digest = draft.digest("calls.csv")
    notes = [_json(draft, name) for name in draft.names() if name.startswith("log/") and name.endswith(".json")]
    return max((n.get("draws", "") for n in notes if (n["kind"], n.get("calls")) == ("claim", digest)), default="")


def _second_sources(draft: Draft) -> list[dict[str, str]]:
    """Return what second sources say, of which head, and under which name it is signed."""
    found = []
    for name in draft.names():
        if name.startswith("attached/second-source-"):
            data = (draft.folder / name).read_bytes()
            said, by = read_statement(data), ", ".join(s.name for s in parse_note(data).signatures)
            found.append({"name": name, "head": said.head, "says": said.says, "by": by})
    return found


def _cosigners(draft: Draft, origin: str) -> list[str]:
    lines = (draft.folder / "log/checkpoint").read_text("utf-8").rpartition("\n\n")[2].splitlines()
    return [name for name in (line.split(" ")[1] for line in lines) if name != origin]


def _period(numbers: Mapping[str, Any]) -> tuple[str, str] | None:
    if "first_hour" not in numbers:
        return None
    low, high = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=numbers[n]) for n in ("first_hour", "last_hour"))
    return f"{low:%-d %B %Y}", f"{high:%-d %B %Y}"


def _json(draft: Draft, name: str) -> Any:
    return json.loads((draft.folder / name).read_bytes())
