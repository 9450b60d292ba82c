"""Test one suspect against one host's model: ask one's own models, register, ask the suspect, compute, adjust, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.provenance.attribution import examine_style
from stillwatch_lab.provenance.canaries import examine_canaries
from stillwatch_lab.provenance.dossier import Dossier
from stillwatch_lab.provenance.identity import examine_identity
from stillwatch_lab.provenance.interview import Interview, answers, interview
from stillwatch_lab.provenance.outcomes import Outcome, Verdict, adjust, critical, judge, normal_above
from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.reading import Reading
from stillwatch_lab.provenance.registration import Registration, register
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.shared_errors import Errors, examine_errors, find_errors
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts
from stillwatch_lab.provenance.white_box import TEXTS, Inside, open_inside, white_box_tests
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner, Reply, Respondent
from stillwatch_lab.watermarks.scheme import Scheme

FAMILY = ("radioactivity", "canaries", "shared errors", "attribution", "weight lineage", "representations")
"""The tests among which errors are controlled. Identity is told, and never counts."""


@dataclass(frozen=True)
class Words:
    """How the host reads text: its tokenizer and the size of its vocabulary; the watermark, if it has one."""

    encode: Callable[[str], Sequence[int]]
    vocabulary: int
    scheme: Scheme | None = None

    def read(self, replies: Sequence[Reply]) -> list[list[int]]:
        """Turn replies into ids, one text a reply."""
        return [list(self.encode(reply.text)) for reply in replies]


@dataclass(frozen=True)
class Host:
    """What the host has before any suspect is asked: replies of its own model and the controls, and what follows.

    ``texts`` are what its model said, on which inner states are compared; ``inside`` is that model opened, if it is a
    folder, and ``insides`` the controls. ``reading``: what a suspect's probabilities are read from.
    """

    dossier: Dossier
    words: Words
    errors: Errors
    contexts: torch.Tensor
    plain: Usage
    style: Usage
    marks: Marks | None
    lift: float
    controls: dict[str, Interview]
    usages: dict[str, Usage]
    texts: list[str]
    inside: Inside | None
    insides: list[Inside]
    reading: Reading | None


@dataclass(frozen=True)
class Finding:
    """One test's outcome, its adjusted p-value (outside the family: none) and what it means."""

    outcome: Outcome
    adjusted: float | None
    verdict: Verdict | None


@dataclass(frozen=True)
class Result:
    """Everything that is said about one suspect, under which registration."""

    suspect: str
    registration: str
    alpha: float
    findings: list[Finding]

    def as_json(self) -> dict[str, Any]:
        """Give what ``result.json`` holds."""
        return {
            "suspect": self.suspect,
            "registration_sha256": self.registration,
            "alpha": self.alpha,
            "family": list(FAMILY),
            "findings": [
                {**asdict(f.outcome), "adjusted_p": f.adjusted, "verdict": f.verdict and str(f.verdict)}
                for f in self.findings
            ],
        }


def prepare(
    mine: Respondent,
    controls: Sequence[Respondent],
    dossier: Dossier,
    words: Words,
    settings: Settings,
    *,
    folder: Path,
) -> Host:
    """Ask the host's own model and the controls: no claim is made about them."""
    names = [control.name for control in controls]
    if len(set(names)) < len(names):
        raise LabSettingsError(
            f"two controls have one name: {', '.join(sorted(names))}. A control counted twice is none"
        )
    asked = [question.prompt for question in dossier.questions]
    greedy = Manner(max_tokens=settings.max_tokens, seed=settings.seed)
    errors = find_errors(dossier.questions, answers(mine.ask(asked, greedy)) if asked else [])
    own = interview(mine, dossier, errors, settings, keep=folder / "mine.json")
    others = {
        c.name: interview(c, dossier, errors, settings, keep=folder / "controls" / f"{c.name}.json") for c in controls
    }
    width = words.scheme.width if words.scheme else 1
    contexts = find_free_contexts(words.read(own.prompts), width=width, vocabulary=words.vocabulary)
    plain = count_usage(words.read(own.prompts), contexts, vocabulary=words.vocabulary)
    usages = {
        name: count_usage(words.read(it.prompts), contexts, vocabulary=words.vocabulary) for name, it in others.items()
    }
    # What a student copies is what was served, and a watermark moves word choice further than a maker's habits do.
    served = count_usage([list(words.encode(t)) for t in dossier.served], contexts, vocabulary=words.vocabulary)
    marks = _mark(dossier, words, plain, settings)
    texts = list(dict.fromkeys(reply.text for reply in own.prompts if reply.text))[:TEXTS]
    reading = _read(mine, dossier, words, own, contexts) if marks else None
    return Host(
        dossier=dossier,
        words=words,
        errors=errors,
        contexts=contexts,
        plain=plain,
        style=served if dossier.served else plain,
        marks=marks,
        lift=_lift(dossier, words, marks, contexts),
        controls=others,
        usages=usages,
        texts=texts,
        inside=_open(mine, texts, reading),
        insides=[inside for inside in (_open(control, texts) for control in controls) if inside],
        reading=reading,
    )


def plan(
    host: Host, settings: Settings, *, mine: Respondent, suspect: str, controls: Sequence[Respondent]
) -> dict[str, Any]:
    """Write down everything that decides the result but the suspect's words and the secrets."""
    return {
        "mine": {"name": mine.name, "model": mine.fingerprint()},
        "suspect": suspect,
        "controls": {control.name: control.fingerprint() for control in controls},
        "settings": asdict(settings),
        "family": list(FAMILY),
        "adjustment": "Holm",
        "dossier": host.dossier.digests(),
        "errors": host.errors.places,
        "free_contexts": host.contexts.tolist(),
        "watermark_lift": round(host.lift, 6),
        "radioactivity": "the suspect's probabilities where it is a folder with these tokens, else its words",
        "nulls": {
            "radioactivity": "the same statistic under re-drawn keys",
            "canaries": "binomial, one in the number of answers each was drawn from",
            "shared errors": "rank among the controls if that can reach alpha, else sign test against the best control",
            "attribution": "rank among the controls",
            "weight lineage": "the same statistic after shuffles of the suspect's neurons",
            "representations": "rank among the controls",
        },
        "weights": "tested where the suspect is a folder",
        "texts": sha256(repr(host.texts).encode()).hexdigest(),
    }


def investigate(
    host: Host, suspect: Respondent, registration: Registration, settings: Settings, *, folder: Path
) -> Result:
    """Ask the suspect what was registered, and test."""
    heard = interview(suspect, host.dossier, host.errors, settings, keep=folder / "suspect.json")
    outcomes = find_outcomes(host, heard, settings, _open(suspect, host.texts, host.reading))
    return conclude(suspect.name, outcomes, registration, alpha=settings.alpha)


def find_outcomes(host: Host, heard: Interview, settings: Settings, inside: Inside | None = None) -> list[Outcome]:
    """Run every test for which there is material, each able to find at its share of alpha.

    ``inside``: the suspect opened, where its weights are at hand.
    """
    tests: dict[str, Callable[[float], Outcome]] = {}
    dossier, controls = host.dossier, list(host.controls.values())
    usage = count_usage(host.words.read(heard.prompts), host.contexts, vocabulary=host.words.vocabulary)
    asked = len(heard.prompts)
    if host.marks:
        tests["radioactivity"] = lambda alpha: _examine_marks(host, usage, inside, settings, alpha=alpha, queries=asked)
    if dossier.canaries:
        known = answers(heard.canaries)
        tests["canaries"] = lambda alpha: examine_canaries(dossier.canaries, known, alpha=alpha, recall=settings.recall)
    if dossier.questions and controls:
        said, theirs = answers(heard.errors), [answers(control.errors) for control in controls]
        tests["shared errors"] = lambda alpha: examine_errors(
            host.errors, said, theirs, alpha=alpha, copied=settings.copied
        )
    if dossier.prompts and controls:
        others = list(host.usages.values())
        tests["attribution"] = lambda alpha: examine_style(host.style, usage, others, alpha=alpha, queries=asked)
    if host.inside and inside:
        tests |= white_box_tests(host.inside, inside, host.insides, settings)
    outcomes = [test(settings.alpha / len(tests)) for test in tests.values()]
    if dossier.identity and controls:
        texts = [[reply.text for reply in control.identity] for control in controls]
        outcomes.append(examine_identity(dossier.names, [reply.text for reply in heard.identity], texts))
    return outcomes


def conclude(suspect: str, outcomes: Sequence[Outcome], registration: Registration, *, alpha: float) -> Result:
    """Adjust within the family and judge."""
    adjusted = adjust({o.test: o.p_value for o in outcomes if o.test in FAMILY})
    findings = [
        Finding(o, adjusted[o.test], judge(o, adjusted[o.test], alpha=alpha))
        if o.test in FAMILY
        else Finding(o, None, None)
        for o in outcomes
    ]
    return Result(suspect, registration.digest, alpha, findings)


def register_plan(host: Host, written: Mapping[str, Any], folder: Path) -> Registration:
    """Register the plan under a commitment to the watermark's key."""
    secret = host.dossier.watermark
    return register(written, key=secret.key if secret else None, folder=folder)


def _open(it: Respondent, texts: Sequence[str], reading: Reading | None = None) -> Inside | None:
    """Open a model that is at hand as a folder; there is nothing to compare where no text is registered."""
    if not (texts and isinstance(it, FolderRespondent)):
        return None
    return replace(open_inside(it.model, texts), usage=reading.weigh(it.model) if reading else None)


def _read(mine: Respondent, dossier: Dossier, words: Words, own: Interview, contexts: torch.Tensor) -> Reading | None:
    """Put each prompt and what the host's own model said to it into one row of its tokens."""
    if not isinstance(mine, FolderRespondent):
        return None
    asked = [tuple(mine.encode_prompt(prompt)) for prompt in dossier.prompts]
    rows = [((*ids, *said), len(ids)) for ids, said in zip(asked, words.read(own.prompts), strict=True)]
    return Reading(mine.model.tokenizer.get_vocab(), rows, contexts, words.vocabulary)


def _mark(dossier: Dossier, words: Words, plain: Usage, settings: Settings) -> Marks | None:
    if not (dossier.watermark and words.scheme and len(plain.contexts)):
        return None
    redrawn = draw_keys(settings.redrawn, seed=f"redrawn {settings.seed}")
    return mark_contexts(words.scheme, dossier.watermark.key, redrawn, plain)


def _lift(dossier: Dossier, words: Words, marks: Marks | None, contexts: torch.Tensor) -> float:
    """Measure the statistic on text served with the watermark, what a perfect student would show; 0 without."""
    if marks is None or not dossier.served:
        return 0.0
    texts = [list(words.encode(text)) for text in dossier.served]
    return find_radioactivity(marks, count_usage(texts, contexts, vocabulary=words.vocabulary)).statistic


def _examine_marks(
    host: Host, usage: Usage, inside: Inside | None, settings: Settings, *, alpha: float, queries: int
) -> Outcome:
    if host.marks is None:
        raise AssertionError("called only with marks")
    marks, how = host.marks, "its words"
    if host.inside and inside and host.inside.usage and inside.usage:
        marks, usage, how = Marks(marks.values, host.inside.usage.shares), inside.usage, "its probabilities"
    found = find_radioactivity(marks, usage)
    expected = settings.absorbed * host.lift
    power = normal_above(critical(alpha) - expected / found.null_spread) if found.contexts and expected else 0.0
    return Outcome(
        test="radioactivity",
        statistic=found.statistic,
        p_value=found.p_value,
        least=1 / (1 + settings.redrawn),
        power=power if power == power else 0.0,  # noqa: PLR0124 - not a number where there were too few contexts
        queries=queries,
        notes=f"{how}: mark {found.statistic:+.4f} per context over {found.contexts} contexts; re-drawn keys spread "
        f"{found.null_spread:.4f}; text served with the watermark has {host.lift:+.4f}.",
    )
