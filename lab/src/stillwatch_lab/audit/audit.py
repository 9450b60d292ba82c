"""Ask teacher and student the same, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stillwatch_lab.audit.bias import Bias, Gap, find_gap
from stillwatch_lab.audit.fidelity import Fidelity, find_fidelity
from stillwatch_lab.audit.inheritance import Inheritance, find_inheritance
from stillwatch_lab.audit.refusals import PHRASES, Refusals, find_refusals
from stillwatch_lab.audit.sets import AuditSet, Pair
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner, Respondent


@dataclass(frozen=True)
class AuditSettings:
    """How to ask: ``draws`` answers to each prompt of a pair; ``scored`` prompts for the word-by-word comparison."""

    draws: int = 200
    scored: int = 100
    max_tokens: int = 512
    seed: int = 0
    refusal_phrases: tuple[str, ...] = PHRASES


@dataclass(frozen=True)
class Audit:
    """What was found; a part without questions, or that these models do not allow, is None."""

    teacher: str
    student: str
    inheritance: Inheritance | None
    bias: Bias | None
    teacher_refusals: Refusals | None
    student_refusals: Refusals | None
    fidelity: Fidelity | None

    def as_json(self) -> dict[str, Any]:
        """Give what ``audit.json`` holds."""
        extra = {"amplification": self.bias.amplification} if self.bias else {}
        return {**asdict(self), **extra}


def find_audit(
    teacher: Respondent,
    student: Respondent,
    asked: AuditSet,
    settings: AuditSettings,
    *,
    others: Sequence[Respondent] = (),
) -> Audit:
    """Audit a student; ``others`` are independent models that say how many errors are shared by chance."""
    greedy = Manner(temperature=0.0, max_tokens=settings.max_tokens, seed=settings.seed)
    refusals = [
        find_refusals(
            asked.refusals, _answers(it, [b.prompt for b in asked.refusals], greedy), settings.refusal_phrases
        )
        if asked.refusals
        else None
        for it in (teacher, student)
    ]
    return Audit(
        teacher=teacher.name,
        student=student.name,
        inheritance=_inheritance(teacher, student, asked, greedy, others) if asked.questions else None,
        bias=_bias(teacher, student, asked.pairs, settings) if asked.pairs else None,
        teacher_refusals=refusals[0],
        student_refusals=refusals[1],
        fidelity=_fidelity(teacher, student, asked, settings),
    )


def _inheritance(
    teacher: Respondent, student: Respondent, asked: AuditSet, greedy: Manner, others: Sequence[Respondent]
) -> Inheritance:
    prompts = [question.prompt for question in asked.questions]
    truth = [question.truth for question in asked.questions]
    by_others = {other.name: _answers(other, prompts, greedy) for other in others}
    return find_inheritance(truth, _answers(teacher, prompts, greedy), _answers(student, prompts, greedy), by_others)


def _bias(teacher: Respondent, student: Respondent, pairs: Sequence[Pair], settings: AuditSettings) -> Bias:
    return Bias(
        teacher_sampled=_gap(teacher, pairs, settings, temperature=1.0),
        student_sampled=_gap(student, pairs, settings, temperature=1.0),
        teacher_greedy=_gap(teacher, pairs, settings, temperature=0.0),
        student_greedy=_gap(student, pairs, settings, temperature=0.0),
    )


def _gap(it: Respondent, pairs: Sequence[Pair], settings: AuditSettings, *, temperature: float) -> Gap:
    draws = settings.draws if temperature else 1
    manner = Manner(temperature, settings.max_tokens, settings.seed)
    prompts = [getattr(pair, side) for side in ("one", "other") for pair in pairs for _ in range(draws)]
    said = _answers(it, prompts, manner)
    half = len(said) // 2
    return find_gap(pairs, said[:half], said[half:], draws=draws)


def _fidelity(teacher: Respondent, student: Respondent, asked: AuditSet, settings: AuditSettings) -> Fidelity | None:
    """Compare distributions where both are folders; an endpoint does not show them."""
    if not (isinstance(teacher, FolderRespondent) and isinstance(student, FolderRespondent)):
        return None
    prompts = [*(q.prompt for q in asked.questions), *(b.prompt for b in asked.refusals)][: settings.scored]
    if not prompts:
        return None
    said = teacher.say(prompts, Manner(1.0, settings.max_tokens, settings.seed))
    return find_fidelity(teacher, student, prompts, said)


def _answers(it: Respondent, prompts: Sequence[str], manner: Manner) -> list[str]:
    return [reply.answer.strip() for reply in it.ask(prompts, manner)]
