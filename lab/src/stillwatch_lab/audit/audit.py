"""Ask teacher and student the same, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from stillwatch_lab.audit.bbq import BbqItem, BbqScores, score_bbq
from stillwatch_lab.audit.bias import Bias, Gap, find_gap
from stillwatch_lab.audit.crows_pairs import Preference, SentencePair, find_preference
from stillwatch_lab.audit.fidelity import Fidelity, find_fidelity
from stillwatch_lab.audit.inheritance import Inheritance, find_inheritance
from stillwatch_lab.audit.refusals import PHRASES, Refusals, find_refusals
from stillwatch_lab.audit.reliability import Reliability, find_reliability
from stillwatch_lab.audit.sets import AuditSet, Checked, Pair
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner, Respondent

T = TypeVar("T")


@dataclass(frozen=True)
class AuditSettings:
    """How to ask: ``draws`` answers to each prompt of a pair; ``scored`` prompts for the word-by-word comparison.

    ``repeats`` answers to each question for reliability; below 2 that is not looked at.
    """

    draws: int = 200
    repeats: int = 5
    scored: int = 100
    max_tokens: int = 512
    seed: int = 0
    refusal_phrases: tuple[str, ...] = PHRASES


@dataclass(frozen=True)
class Two(Generic[T]):
    """The same of both models."""

    teacher: T
    student: T


@dataclass(frozen=True)
class Audit:
    """What was found; a part without questions, or that these models do not allow, is None.

    Parts with a field for each model: the teacher's and the student's.
    """

    teacher: str
    student: str
    inheritance: Inheritance | None
    bias: Bias | None
    teacher_refusals: Refusals | None
    student_refusals: Refusals | None
    fidelity: Fidelity | None
    reliability: Two[Reliability] | None = None
    bbq: Two[BbqScores] | None = None
    crows_pairs: Two[Preference] | None = None

    def as_json(self) -> dict[str, Any]:
        """Give what ``audit.json`` holds."""
        extra: dict[str, Any] = {"amplification": self.bias.amplification} if self.bias else {}
        if self.bbq:
            extra["bbq_scores"] = {
                name: {"ambiguous": found.ambiguous.score, "disambiguated": found.disambiguated.score}
                for name, found in (("teacher", self.bbq.teacher), ("student", self.bbq.student))
            }
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
        reliability=Two(*(_reliability(it, asked.questions, settings) for it in (teacher, student)))
        if asked.questions and settings.repeats > 1
        else None,
        bbq=Two(*(_bbq(it, asked.bbq, greedy) for it in (teacher, student))) if asked.bbq else None,
        crows_pairs=_crows_pairs(teacher, student, asked.crows_pairs) if asked.crows_pairs else None,
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


def _reliability(it: Respondent, questions: Sequence[Checked], settings: AuditSettings) -> Reliability:
    prompts = [question.prompt for question in questions for _ in range(settings.repeats)]
    said = _answers(it, prompts, Manner(1.0, settings.max_tokens, settings.seed))
    return find_reliability([question.truth for question in questions], said, draws=settings.repeats)


def _bbq(it: Respondent, items: Sequence[BbqItem], greedy: Manner) -> BbqScores:
    return score_bbq(items, _answers(it, [item.prompt for item in items], greedy))


def _crows_pairs(teacher: Respondent, student: Respondent, pairs: Sequence[SentencePair]) -> Two[Preference] | None:
    """Compare likelihoods where both are folders; an endpoint does not give those of a prompt."""
    if not (isinstance(teacher, FolderRespondent) and isinstance(student, FolderRespondent)):
        return None
    return Two(find_preference(teacher, pairs), find_preference(student, pairs))


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
