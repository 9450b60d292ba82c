"""What a host has on its own model, on disk: questions, canaries, names, prompts, and the watermark's secret.

dossier.json        name, names, watermark (scheme, key, ratio), or none
questions.jsonl     prompt, truth, about      verifiable questions, hard enough for the model to err
canaries.jsonl      prompt, planted, choices
identity.jsonl      prompt
prompts.jsonl       prompt                    for free text: watermark and style are read from the answers
served.jsonl        text                      watermarked text as it was served (only to state the power)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.provenance.canaries import Canary
from stillwatch_lab.provenance.shared_errors import Question

FILES = ("questions", "canaries", "identity", "prompts", "served")


@dataclass(frozen=True)
class WatermarkSecret:
    """How the host marks what it serves: to be kept."""

    scheme: str
    key: int
    ratio: float = 0.5


@dataclass(frozen=True)
class Dossier:
    """All of it; what is empty is not tested."""

    name: str
    names: tuple[str, ...] = ()
    watermark: WatermarkSecret | None = None
    questions: tuple[Question, ...] = ()
    canaries: tuple[Canary, ...] = ()
    identity: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    served: tuple[str, ...] = ()

    def digests(self) -> dict[str, str]:
        """Hash each part, the secret apart: what a registration names."""
        return {name: sha256(repr(getattr(self, name)).encode()).hexdigest() for name in FILES}


def read_dossier(folder: Path) -> Dossier:
    """Read a dossier. Raises LabSettingsError, naming file and line, where it is not one."""
    if not (folder / "dossier.json").is_file():
        raise LabSettingsError(
            f"{folder}: not a dossier, dossier.json is missing; `stillwatch-lab world -o OUT` writes one as OUT/dossier"
        )
    head = _read(folder / "dossier.json")
    mark = head.get("watermark")
    try:
        return Dossier(
            name=head["name"],
            names=tuple(head.get("names", ())),
            watermark=WatermarkSecret(**mark) if mark else None,
            questions=tuple(Question(**row) for row in _rows(folder / "questions.jsonl")),
            canaries=tuple(Canary(**row) for row in _rows(folder / "canaries.jsonl")),
            identity=tuple(row["prompt"] for row in _rows(folder / "identity.jsonl")),
            prompts=tuple(row["prompt"] for row in _rows(folder / "prompts.jsonl")),
            served=tuple(row["text"] for row in _rows(folder / "served.jsonl")),
        )
    except (KeyError, TypeError) as problem:
        raise LabSettingsError(f"{folder}: not a dossier as provenance/dossier.py describes it: {problem}") from None


def write_dossier(dossier: Dossier, folder: Path) -> None:
    """Write a dossier that ``read_dossier`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = asdict(dossier.watermark) if dossier.watermark else None
    head = {"name": dossier.name, "names": dossier.names, "watermark": mark}
    (folder / "dossier.json").write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    _write(folder / "questions.jsonl", map(asdict, dossier.questions))
    _write(folder / "canaries.jsonl", map(asdict, dossier.canaries))
    _write(folder / "identity.jsonl", ({"prompt": prompt} for prompt in dossier.identity))
    _write(folder / "prompts.jsonl", ({"prompt": prompt} for prompt in dossier.prompts))
    _write(folder / "served.jsonl", ({"text": text} for text in dossier.served))


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise LabSettingsError(f"{path}: cannot be read as JSON: {problem}") from None
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError as problem:
            raise LabSettingsError(f"{path}:{number}: not JSON: {problem}") from None
    return rows


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
