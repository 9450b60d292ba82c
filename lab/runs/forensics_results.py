"""False positives, power and robustness of the provenance tests, from the models of forensics_models.

    python -m runs.forensics_results OUT results/forensics.json

Every model is asked the same dossier. Each control is a suspect once, the others being its controls. Whatever
ensembles OUT has so far are judged; those that are not trained are named in the result.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from runs.forensics_models import CONTROLS, GREEN, KEYS, TOURNAMENT, harvest
from runs.key_draws import count_false_finds
from runs.shares import ALPHA, shares
from runs.small_world import TEACHER, WORLD
from stillwatch_lab.ensemble.files import read_ensemble
from stillwatch_lab.provenance.attribution import find_distance
from stillwatch_lab.provenance.chainworld import make_dossier, make_words
from stillwatch_lab.provenance.interview import Interview, answers, interview
from stillwatch_lab.provenance.outcomes import rank, tail
from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.settings import Settings
from stillwatch_lab.provenance.shared_errors import Errors, examine_errors, find_errors, share_errors
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts
from stillwatch_lab.respondents.crowd import Crowd
from stillwatch_lab.respondents.reply import Manner
from stillwatch_lab.watermarks.scheme import Scheme
from stillwatch_lab.world.transcripts import read_lessons

PROMPTS = (100, 300, 1000)
REDRAWN = 999
TRUE_KEYS = {"green list": 1_000, "tournament": 200}
"""Fresh true keys over which false finds are counted; the tournament's marks take ten times as long."""
SETTINGS = Settings(redrawn=REDRAWN)
WORDS = make_words(WORLD, GREEN)
DOSSIER = make_dossier(TEACHER, prompts=max(PROMPTS), seed=1)
UNMARKED = ("controls-", "of-others-", "logits-", "text-")
"""Learnt from no marked text: innocent as far as the watermark goes."""


def main(out: Path, result: Path) -> None:
    """Judge what is there."""
    torch.set_num_threads(1)
    own = Crowd(read_ensemble(out / "teacher.safetensors"), WORLD, "teacher").members()[0]
    asked = [question.prompt for question in DOSSIER.questions]
    errors = find_errors(DOSSIER.questions, answers(own.ask(asked, Manner())))
    mine = interview(own, DOSSIER, errors, SETTINGS)
    heard = {p.stem: _interview(p, errors, out) for p in sorted(out.glob("*.safetensors")) if p.stem != "teacher"}
    controls = [it for name, them in heard.items() if name.startswith("controls-") for it in them]
    found = {
        "errors": {"questions": len(DOSSIER.questions), "usable": len(errors.places), "facts": _facts(errors)},
        "controls": len(controls),
        "controls_wanted": CONTROLS,
        "suspects": {name: len(them) for name, them in heard.items()},
        "canaries": canaries(heard),
        "shared_errors": shared_errors(errors, heard, controls),
        "radioactivity": {
            f"{name} {count}": radioactivity(name, scheme, mine, heard, count)
            for name, scheme in (("green list", GREEN), ("tournament", TOURNAMENT))
            if name == "green list" or "tournament-4000" in heard
            for count in (PROMPTS if name == "green list" else PROMPTS[-1:])
        },
        "attribution": attribution(mine, heard, controls),
        "accuracy": {name: _mean(_accuracy(it, errors) for it in them) for name, them in heard.items()},
        "served_lift": served_lift(own.crowd, mine),
    }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _interview(path: Path, errors: Errors, out: Path) -> list[Interview]:
    crowd = Crowd(read_ensemble(path), WORLD, path.stem).members()
    folder = out / "heard" / path.stem
    return [interview(one, DOSSIER, errors, SETTINGS, keep=folder / f"{one.number}.json") for one in crowd]


def canaries(heard: dict[str, list[Interview]]) -> dict[str, Any]:
    """Test each suspect's canaries alone."""
    planted = [canary.planted for canary in DOSSIER.canaries]
    chance = 1 / DOSSIER.canaries[0].choices

    def p_value(it: Interview) -> float:
        right = sum(a == b for a, b in zip(planted, answers(it.canaries), strict=True))
        return tail(right, len(planted), chance)

    return {name: shares([p_value(it) for it in them]) for name, them in heard.items()}


def shared_errors(errors: Errors, heard: dict[str, list[Interview]], controls: list[Interview]) -> dict[str, Any]:
    """Test by rank and by sign test; a control as suspect leaves the controls."""
    said = {id(it): answers(it.errors) for them in heard.values() for it in them}
    found: dict[str, Any] = {}
    for name, them in heard.items():
        by_rank, by_sign, shares = [], [], []
        for it in them:
            others = [said[id(c)] for c in controls if c is not it]
            shares.append(share_errors(errors, said[id(it)]))
            by_rank.append(rank(shares[-1], [share_errors(errors, other) for other in others]))
            # An alpha that no rank can reach makes it the sign test.
            by_sign.append(examine_errors(errors, said[id(it)], others, alpha=1e-9, copied=0.5).p_value)
        found[name] = {"share": _mean(shares), "rank": shares(by_rank), "sign": shares(by_sign)}
    return found


def radioactivity(
    kind: str, scheme: Scheme, mine: Interview, heard: dict[str, list[Interview]], count: int
) -> dict[str, Any]:
    """Test marked students under their own keys, innocent models under many fresh ones."""
    texts = WORDS.read(mine.prompts[:count])
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=scheme.width, vocabulary=WORDS.vocabulary)
    plain = count_usage(texts, contexts, vocabulary=WORDS.vocabulary)
    redrawn = mark_contexts(scheme, 1, draw_keys(REDRAWN, seed="redrawn"), plain).values[1:]
    own = mark_contexts(scheme, 1, KEYS, plain).values[1:]
    found: dict[str, Any] = {"contexts": len(contexts)}
    innocent: dict[str, list[Usage]] = {}
    for name, them in heard.items():
        usages = [count_usage(WORDS.read(it.prompts[:count]), contexts, vocabulary=WORDS.vocabulary) for it in them]
        if name.startswith(UNMARKED):
            innocent[name] = usages
        else:
            marked = [Marks(torch.cat([own[k : k + 1], redrawn]), plain.shares) for k in range(len(usages))]
            tests = [find_radioactivity(marks, usage) for marks, usage in zip(marked, usages, strict=True)]
            found[name] = shares([test.p_value for test in tests]) | {"rise": _mean(test.statistic for test in tests)}
    return found | count_false_finds(scheme, plain, innocent, keys=TRUE_KEYS[kind], alpha=ALPHA)


def attribution(mine: Interview, heard: dict[str, list[Interview]], controls: list[Interview]) -> dict[str, Any]:
    """Rank every suspect's distance to the teacher's word choice."""
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=1, vocabulary=WORDS.vocabulary)

    def use(it: Interview) -> Usage:
        return count_usage(WORDS.read(it.prompts), contexts, vocabulary=WORDS.vocabulary)

    plain = use(mine)
    distance = {id(it): -find_distance(plain, use(it)) for them in heard.values() for it in them}
    return {
        name: {
            "distance": -_mean(distance[id(it)] for it in them),
            "rank": shares([rank(distance[id(it)], [distance[id(c)] for c in controls if c is not it]) for it in them]),
        }
        for name, them in heard.items()
    }


def served_lift(teacher: Crowd, mine: Interview) -> float:
    """Measure what a perfect student would show: the statistic on text served under the first key."""
    rows = harvest(teacher.models, 1000, seed="served", processor=GREEN.processor(KEYS[0]))
    texts = [" ".join((*one.reasoning, *one.answer)) for one in read_lessons(WORLD, rows.ids)]
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=1, vocabulary=WORDS.vocabulary)
    plain = count_usage(WORDS.read(mine.prompts), contexts, vocabulary=WORDS.vocabulary)
    served = count_usage([WORDS.encode(text) for text in texts], contexts, vocabulary=WORDS.vocabulary)
    return find_radioactivity(mark_contexts(GREEN, KEYS[0], [1], plain), served).statistic


def _accuracy(it: Interview, errors: Errors) -> float:
    """Share of the questions that the teacher gets wrong which this model gets right."""
    truth = [DOSSIER.questions[place].truth for place in errors.places]
    return sum(a == b for a, b in zip(truth, answers(it.errors), strict=True)) / max(1, len(truth))


def _facts(errors: Errors) -> int:
    return len({about for about in errors.about if about})


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
