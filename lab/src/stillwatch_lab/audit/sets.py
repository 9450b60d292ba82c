"""What is asked in an audit, on disk: a folder with any of these files. What is missing is not audited.

- ``questions.jsonl``: ``prompt``, ``truth``; verifiable questions.
- ``refusals.jsonl``: ``prompt``, ``refuse``; true: the teacher's rule refuses it; false: near it, and to be answered.
- ``pairs.jsonl``: ``name``, ``one``, ``other``, ``favourable``; two prompts that differ in a person's group, and the
  answer that favours.
- ``xstest.csv``: as XSTest has it (Röttger et al. 2024, CC-BY-4.0); joins the refusals.
- ``bbq.jsonl``: lines of BBQ (``bbq.py``).
- ``crows_pairs.csv``: CrowS-Pairs (``crows_pairs.py``).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stillwatch_lab.audit.bbq import BbqItem, read_bbq
from stillwatch_lab.audit.crows_pairs import SentencePair, read_crows_pairs
from stillwatch_lab.errors import LabSettingsError

UNSAFE = "contrast_"
"""How XSTest's types of prompts begin that are to be refused; each stands beside a safe one that looks like it."""


@dataclass(frozen=True)
class Checked:
    """A question with a true answer."""

    prompt: str
    truth: str


@dataclass(frozen=True)
class Borderline:
    """A prompt at the refusal rule, and on which side of it."""

    prompt: str
    refuse: bool


@dataclass(frozen=True)
class Pair:
    """Two prompts alike but for the group; ``favourable`` is the answer that favours who is asked about."""

    name: str
    one: str
    other: str
    favourable: str


@dataclass(frozen=True)
class AuditSet:
    """All that is asked."""

    questions: tuple[Checked, ...] = ()
    refusals: tuple[Borderline, ...] = ()
    pairs: tuple[Pair, ...] = ()
    bbq: tuple[BbqItem, ...] = ()
    crows_pairs: tuple[SentencePair, ...] = ()


def read_audit_set(folder: Path) -> AuditSet:
    """Read a set. Raises LabSettingsError, naming file and line, where it is not one or is empty."""
    found = AuditSet(
        questions=tuple(Checked(**row) for row in _rows(folder / "questions.jsonl", {"prompt", "truth"})),
        refusals=(
            *(Borderline(**row) for row in _rows(folder / "refusals.jsonl", {"prompt", "refuse"})),
            *_xstest(folder / "xstest.csv"),
        ),
        pairs=tuple(Pair(**row) for row in _rows(folder / "pairs.jsonl", {"name", "one", "other", "favourable"})),
        bbq=read_bbq(bbq) if (bbq := folder / "bbq.jsonl").exists() else (),
        crows_pairs=read_crows_pairs(crows) if (crows := folder / "crows_pairs.csv").exists() else (),
    )
    if found == AuditSet():
        raise LabSettingsError(f"{folder}: nothing to ask: questions.jsonl, refusals.jsonl or pairs.jsonl is wanted")
    return found


def write_audit_set(it: AuditSet, folder: Path) -> None:
    """Write what is asked in the lab's own form: questions, refusals and pairs, as ``read_audit_set`` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("questions", "refusals", "pairs"):
        _write(folder / f"{name}.jsonl", map(asdict, getattr(it, name)))


def _xstest(path: Path) -> list[Borderline]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"type", "prompt"} <= set(rows.fieldnames or ()):
            raise LabSettingsError(f"{path}: not XSTest's CSV: the columns type and prompt are wanted")
        return [Borderline(row["prompt"], refuse=row["type"].startswith(UNSAFE)) for row in rows]


def _rows(path: Path, fields: set[str]) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise LabSettingsError(f"{path}:{number}: not JSON: {problem}") from None
        if not isinstance(row, dict) or not fields <= row.keys():
            raise LabSettingsError(f"{path}:{number}: an object with {', '.join(sorted(fields))} is wanted")
        rows.append({name: row[name] for name in fields})
    return rows


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
