"""Does it say that it is mine? Indicative only, and outside the family of tests: names also travel in web text."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch_lab.provenance.outcomes import Outcome, rank


def name_share(answers: Sequence[str], names: Sequence[str]) -> float:
    """Give the share of answers in which one of ``names`` stands as a word."""
    wanted = {name.lower() for name in names}
    return sum(bool(wanted & set(answer.lower().split())) for answer in answers) / max(1, len(answers))


def examine_identity(names: Sequence[str], suspect: Sequence[str], controls: Sequence[Sequence[str]]) -> Outcome:
    """Rank how often the suspect takes the host's name among the controls. No effect is registered: no power."""
    shares = [name_share(control, names) for control in controls]
    share = name_share(suspect, names)
    return Outcome(
        test="identity",
        statistic=share,
        p_value=rank(share, shares),
        least=1 / (len(controls) + 1),
        power=0.0,
        queries=len(suspect),
        notes=f"the host's name in {share:.0%} of the answers; of the controls', {max(shares, default=0):.0%} at most.",
    )
