"""False positives, power and robustness of the provenance tests, from the models of forensics_models.

    python -m runs.forensics_results OUT results/forensics.json

Every model is asked the same dossier. Each control is a suspect once, the others being its controls. Whatever
ensembles OUT has so far are judged; those that are not trained are named in the result.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from runs.forensics_models import CONTROLS, GREEN, KEYS, MOST, TOURNAMENT, harvest
from runs.key_draws import count_false_finds
from runs.shares import ALPHA, shares
from runs.sized_world import TEACHER, WORLD, read_there
from runs.sizes import SIZE, SMALL
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
TRUE_KEYS = {"green list": 1_000, "tournament": 0}
"""Fresh true keys over which false finds are counted; the tournament's marks would take an hour."""
SETTINGS = Settings(redrawn=REDRAWN)
WORDS = make_words(WORLD, GREEN)
DOSSIER = make_dossier(TEACHER, prompts=max(PROMPTS), seed=1, most=SIZE.questions)
UNMARKED = ("controls-", "of-others-", "logits-", "text-", "dropped-")
"""Learnt from no marked text: innocent as far as the watermark goes."""


def main(out: Path, result: Path) -> None:
    """Judge what is there."""
    torch.set_num_threads(1)
    own = Crowd(read_there(out / "teacher.safetensors"), WORLD, "teacher").members()[0]
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
            **radioactivity("green list", GREEN, mine, heard, PROMPTS),
            **(
                radioactivity("tournament", TOURNAMENT, mine, heard, PROMPTS[-1:])
                if f"tournament-{MOST}" in heard
                else {}
            ),
        },
        **({"tournament_under_every_key": under_every_key(TOURNAMENT, mine, heard)} if SIZE is SMALL else {}),
        "attribution": attribution(mine, heard, controls),
        "attribution_by_served": attribution_by_served(own.crowd, mine, heard[f"marked-{MOST}"], controls),
        "accuracy": {name: _mean(_accuracy(it, errors) for it in them) for name, them in heard.items()},
        "served_lift": served_lift(own.crowd, mine),
    }
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _interview(path: Path, errors: Errors, out: Path) -> list[Interview]:
    crowd = Crowd(read_there(path), WORLD, path.stem).members()
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
        by_rank, by_sign, repeated = [], [], []
        for it in them:
            others = [said[id(c)] for c in controls if c is not it]
            repeated.append(share_errors(errors, said[id(it)]))
            by_rank.append(rank(repeated[-1], [share_errors(errors, other) for other in others]))
            # An alpha that no rank can reach makes it the sign test.
            by_sign.append(examine_errors(errors, said[id(it)], others, alpha=1e-9, copied=0.5).p_value)
        found[name] = {"share": _mean(repeated), "rank": shares(by_rank), "sign": shares(by_sign)}
    return found


def radioactivity(
    kind: str, scheme: Scheme, mine: Interview, heard: dict[str, list[Interview]], counts: Sequence[int]
) -> dict[str, Any]:
    """Test marked students under their own keys, innocent models under many fresh ones, for each number of prompts."""
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=scheme.width, vocabulary=WORDS.vocabulary)
    samples = {f"{kind} {count}": _use(contexts, mine, heard, count) for count in counts}
    plain = next(iter(samples.values()))[0]
    redrawn = mark_contexts(scheme, 1, draw_keys(REDRAWN, seed="redrawn"), plain).values[1:]
    own = mark_contexts(scheme, 1, KEYS, plain).values[1:]
    innocent = {
        name: (plain, {group: them for group, them in usages.items() if group.startswith(UNMARKED)})
        for name, (plain, usages) in samples.items()
    }
    found = count_false_finds(scheme, innocent, keys=TRUE_KEYS[kind], alpha=ALPHA)
    for name, (plain, usages) in samples.items():
        found[name]["contexts"] = len(contexts)
        for group in [group for group in usages if not group.startswith(UNMARKED)]:
            marked = [Marks(torch.cat([own[k : k + 1], redrawn]), plain.shares) for k in range(len(usages[group]))]
            tests = [find_radioactivity(marks, usage) for marks, usage in zip(marked, usages[group], strict=True)]
            rise = _mean(test.statistic for test in tests)
            found[name][group] = shares([test.p_value for test in tests]) | {"rise": rise}
    return found


def under_every_key(scheme: Scheme, mine: Interview, heard: dict[str, list[Interview]]) -> dict[str, float]:
    """Test models that saw no mark of this scheme under each of the students' keys, all against the same redrawn ones.

    A model's own key alone is one draw for all groups that have it: the test is exact on average over keys.
    """
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=scheme.width, vocabulary=WORDS.vocabulary)
    plain, usages = _use(contexts, mine, heard, PROMPTS[-1])
    redrawn = mark_contexts(scheme, 1, draw_keys(REDRAWN, seed="redrawn"), plain).values[1:]
    marks = [
        Marks(torch.cat([one, redrawn]), plain.shares)
        for one in mark_contexts(scheme, 1, KEYS, plain).values[1:].split(1)
    ]
    others = [usage for group, them in usages.items() if not group.startswith("tournament-") for usage in them]
    p_values = [find_radioactivity(one, usage).p_value for usage in others for one in marks]
    return {"models": len(others), "keys": len(marks), "at_alpha": _mean(p <= ALPHA for p in p_values)}


def _use(
    contexts: torch.Tensor, mine: Interview, heard: dict[str, list[Interview]], count: int
) -> tuple[Usage, dict[str, list[Usage]]]:
    """Count what follows each context in the first ``count`` answers of the host's model and of every suspect."""

    def use(it: Interview) -> Usage:
        return count_usage(WORDS.read(it.prompts[:count]), contexts, vocabulary=WORDS.vocabulary)

    return use(mine), {name: [use(it) for it in them] for name, them in heard.items()}


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


def attribution_by_served(
    teacher: Crowd, mine: Interview, marked: list[Interview], controls: list[Interview]
) -> dict[str, Any]:
    """Rank marked students by their distance to text that was served under their key, as ``provenance`` does."""
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=1, vocabulary=WORDS.vocabulary)

    def use(it: Interview) -> Usage:
        return count_usage(WORDS.read(it.prompts), contexts, vocabulary=WORDS.vocabulary)

    others = [use(control) for control in controls]
    distances, ranks = [], []
    for key, it in zip(KEYS, marked, strict=True):
        served = _serve(teacher, key, contexts)
        distances.append(find_distance(served, use(it)))
        ranks.append(rank(-distances[-1], [-find_distance(served, other) for other in others]))
    return {"distance": _mean(distances), "rank": shares(ranks)}


def served_lift(teacher: Crowd, mine: Interview) -> float:
    """Measure what a perfect student would show: the statistic on text served under the first key."""
    contexts = find_free_contexts(WORDS.read(mine.prompts), width=1, vocabulary=WORDS.vocabulary)
    plain = count_usage(WORDS.read(mine.prompts), contexts, vocabulary=WORDS.vocabulary)
    served = _serve(teacher, KEYS[0], contexts)
    return find_radioactivity(mark_contexts(GREEN, KEYS[0], [1], plain), served).statistic


def _serve(teacher: Crowd, key: int, contexts: torch.Tensor) -> Usage:
    """Count words in a thousand answers that were served under ``key``."""
    rows = harvest(teacher.models, 1000, seed="served", processor=GREEN.processor(key))
    texts = [" ".join((*one.reasoning, *one.answer)) for one in read_lessons(WORLD, rows.ids)]
    return count_usage([WORDS.encode(text) for text in texts], contexts, vocabulary=WORDS.vocabulary)


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
