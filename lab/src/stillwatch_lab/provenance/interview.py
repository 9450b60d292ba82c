"""Put a dossier's questions to a model, each part once, and keep the answers on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from stillwatch_lab.errors import RunError
from stillwatch_lab.provenance.dossier import Dossier
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.shared_errors import Errors
from stillwatch_lab.respondents.reply import Manner, Reply, Respondent

PARTS = ("errors", "canaries", "identity", "prompts")
ASKED = "asked"
"""In a file of answers: the SHA-256 of who was asked what, and how."""


@dataclass(frozen=True)
class Interview:
    """One model's replies, part by part."""

    errors: list[Reply]
    canaries: list[Reply]
    identity: list[Reply]
    prompts: list[Reply]

    @property
    def queries(self) -> int:
        """Count the questions that were put."""
        return sum(len(getattr(self, part)) for part in PARTS)


def interview(
    it: Respondent, dossier: Dossier, errors: Errors, settings: Settings, *, keep: Path | None = None
) -> Interview:
    """Ask greedily what has an answer, and at the registered temperature what is free text.

    With ``keep``, a file: parts that are in it are not asked again, so an interview that broke off goes on. Raises
    RunError where the file is of other questions, another manner or another model. The
    suspect sees no text of the host's model and nothing that is watermarked: what it says cannot depend on the key
    but through its training.
    """
    greedy = Manner(temperature=0.0, max_tokens=settings.max_tokens, seed=settings.seed)
    free = replace(greedy, temperature=settings.temperature)
    asked = {
        "errors": ([dossier.questions[place].prompt for place in errors.places], greedy),
        "canaries": ([canary.prompt for canary in dossier.canaries], greedy),
        "identity": (list(dossier.identity), free),
        "prompts": (list(dossier.prompts), free),
    }
    identity = _identify(it, asked)
    kept = _read(keep, identity)
    for part, (prompts, manner) in asked.items():
        if part not in kept:
            kept[part] = it.ask(prompts, manner) if prompts else []
            _write(keep, kept, identity)
    return Interview(**kept)


def answers(replies: Sequence[Reply]) -> list[str]:
    """Take the answers without the reasoning."""
    return [reply.answer.strip() for reply in replies]


def _identify(it: Respondent, asked: Mapping[str, tuple[list[str], Manner]]) -> str:
    """Name what was asked of whom and how: answers to anything else are not these."""
    told = {part: [prompts, asdict(manner)] for part, (prompts, manner) in asked.items()}
    return sha256(json.dumps([it.name, it.fingerprint(), told], sort_keys=True).encode()).hexdigest()


def _read(path: Path | None, identity: str) -> dict[str, list[Reply]]:
    if path is None or not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.pop(ASKED, None) != identity:
        raise RunError(
            f"{path}: answers of another model, or to another dossier or other settings. Take another folder; where "
            "nothing is registered in this one yet, you may remove the file instead, and all is asked anew"
        )
    return {part: [Reply(**reply) for reply in replies] for part, replies in found.items()}


def _write(path: Path | None, kept: dict[str, list[Reply]], identity: str) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(
        json.dumps({ASKED: identity} | {part: [asdict(reply) for reply in kept[part]] for part in kept}) + "\n",
        encoding="utf-8",
    )
    partial.replace(path)
