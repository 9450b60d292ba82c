"""Does it make my mistakes? Where the host's model is wrong, the same wrong answer is worth more than any right one.

Agreement as such is confounded by accuracy: two good models agree. What the suspect is compared with is the controls,
models known to be independent; the better they are and the more they resemble the suspect, the more the result is
worth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch_lab.provenance.outcomes import Outcome, needed, rank, tail

FEWEST = 10
"""Usable questions below which nothing is concluded: even if all were shared, the sign test gives 2^-9 at best."""


@dataclass(frozen=True)
class Question:
    """A prompt with its true answer; ``about``: the fact that it asks for, where it is one. Votes are per fact."""

    prompt: str
    truth: str
    about: str | None = None


@dataclass(frozen=True)
class Errors:
    """The questions that the host's model gets wrong, by number, and its wrong answers."""

    places: list[int]
    answers: list[str]
    about: list[str | None]


def find_errors(questions: Sequence[Question], mine: Sequence[str]) -> Errors:
    """Find where the host's model is wrong: these questions alone are put to a suspect."""
    wrong = [i for i, (question, answer) in enumerate(zip(questions, mine, strict=True)) if answer != question.truth]
    return Errors(wrong, [mine[i] for i in wrong], [questions[i].about for i in wrong])


def share_errors(errors: Errors, answers: Sequence[str]) -> float:
    """Give the share of the host's errors that ``answers`` (to those questions) repeat."""
    return sum(a == b for a, b in zip(errors.answers, answers, strict=True)) / max(1, len(errors.answers))


def examine_errors(
    errors: Errors, suspect: Sequence[str], controls: Sequence[Sequence[str]], *, alpha: float, copied: float
) -> Outcome:
    """Test by rank among the controls, or against the best of them by sign test, whichever can reach ``alpha``.

    Rank: 1/(controls + 1) at best; nothing is assumed but that an innocent suspect is exchangeable with the controls.
    Sign test: over facts, on which of them the suspect and the best control differ (McNemar); the best control is
    chosen on the same questions, which makes the test conservative. Power is for a suspect that copies the share
    ``copied`` of errors and is like a mean control else.
    """
    shares = [share_errors(errors, control) for control in controls]
    share = share_errors(errors, suspect)
    by_rank = rank(share, shares)
    paired, least_paired, facts = _sign_test(errors, suspect, controls)
    ranked = 1 / (len(controls) + 1) <= alpha
    usable = len(errors.places) >= FEWEST
    power = _power(errors, shares, facts, alpha=alpha, copied=copied, ranked=ranked) if usable else 0.0
    return Outcome(
        test="shared errors",
        statistic=share,
        p_value=(by_rank if ranked else paired) if usable else 1.0,
        least=1 / (len(controls) + 1) if ranked else least_paired,
        power=power,
        queries=len(errors.places),
        notes=f"{share:.2f} of {len(errors.places)} errors shared; controls {min(shares):.2f} to {max(shares):.2f}. "
        f"p by rank {by_rank:.4f}, by sign test over {facts} facts against the best control {paired:.2g}; "
        f"{'rank' if ranked else 'the sign test'} counts.",
    )


def _sign_test(errors: Errors, suspect: Sequence[str], controls: Sequence[Sequence[str]]) -> tuple[float, float, int]:
    best = max(controls, key=lambda control: share_errors(errors, control))
    votes: dict[str, int] = defaultdict(int)
    for mine, about, one, other in zip(errors.answers, errors.about, suspect, best, strict=True):
        if about is not None:
            votes[about] += (one == mine) - (other == mine)
    won, lost = sum(v > 0 for v in votes.values()), sum(v < 0 for v in votes.values())
    return tail(won, won + lost, 0.5), 0.5 ** len(votes), len(votes)


def _power(errors: Errors, shares: list[float], facts: int, *, alpha: float, copied: float, ranked: bool) -> float:
    """Treat questions (rank) or facts (sign test) as independent draws: an approximation, the only one in this file."""
    mean, best = sum(shares) / len(shares), max(shares)
    same = copied + (1 - copied) * mean
    if ranked:
        trials = len(errors.places)
        return tail(int(best * trials) + 1, trials, same)
    win, lose = same * (1 - best), best * (1 - same)
    discordant = round(facts * (win + lose))
    return tail(needed(discordant, 0.5, alpha), discordant, win / (win + lose)) if discordant else 0.0
