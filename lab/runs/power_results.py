"""Power with an interval worth its name: 60 students a claim, more prompts, and probabilities in the place of words.

    python -m runs.power_results OUT results/power.json

Students of marked queries, each under a key of its own, by the watermark; students of log-probabilities by the errors
they repeat. Both are the first of ``forensics_models`` and those of ``power_models``: 20 and 40.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runs.forensics_models import CONTROLS, GREEN, KEYS
from runs.forensics_results import DOSSIER, REDRAWN, SETTINGS, WORDS
from runs.key_draws import count_false_finds
from runs.parts import divide
from runs.power_models import BATCHES, FOLDER, MARKED_QUERIES, MORE_KEYS, SCORED_QUERIES
from runs.shares import ALPHA, shares
from runs.sized_world import TEACHER, WORLD, read_there
from stillwatch_lab.ensemble.decoders import Decoders
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.provenance.chainworld import make_dossier
from stillwatch_lab.provenance.interview import answers
from stillwatch_lab.provenance.outcomes import rank
from stillwatch_lab.provenance.radioactivity import Marks, draw_keys, find_radioactivity, mark_contexts
from stillwatch_lab.provenance.shared_errors import Errors, examine_errors, find_errors, share_errors
from stillwatch_lab.provenance.usage import Usage, count_usage, find_free_contexts
from stillwatch_lab.respondents.crowd import Crowd
from stillwatch_lab.respondents.reply import Manner, Reply
from stillwatch_lab.world.transcripts import Transcripts, write_prompts

PROMPTS = (1_000, 3_000)
"""Put to the suspect, where its words are read."""
TEXTS = (30, 100, 300)
"""Of the host's own that it reads, where its probabilities are."""
AT_ONCE = 1_000
ROWS_AT_ONCE = 50
TRUE_KEYS = 200
"""Over which false finds are counted; over a thousand in ``forensics_results``."""
FREE = make_dossier(TEACHER, prompts=max(PROMPTS), seed=2).prompts


def main(out: Path, result: Path) -> None:
    """Judge both claims."""
    torch.set_num_threads(1)
    teacher = read_there(out / "teacher.safetensors")
    marked = [read_there(path) for path in _batches(out, "marked", MARKED_QUERIES)]
    scored = [read_there(path) for path in _batches(out, "logits", SCORED_QUERIES)]
    mine = _say(teacher, "teacher")[0]
    contexts = find_free_contexts(WORDS.read(mine[: PROMPTS[0]]), width=1, vocabulary=WORDS.vocabulary)
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "words": lambda: words(mine, contexts, marked, scored[:1]),
        "probabilities": lambda: probabilities(teacher, contexts, marked, scored),
        "errors": lambda: repeated_errors(teacher, scored, _controls(out)),
    }
    students = {"marked": sum(m.members for m in marked), "scored": sum(m.members for m in scored)}
    found = {"students": students} | {name: _keep(out / FOLDER / f"{name}.json", make) for name, make in parts.items()}
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _keep(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Make a part that is not there yet."""
    if not path.exists():
        path.write_text(json.dumps(make()) + "\n", encoding="utf-8")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _controls(out: Path) -> list[Decoders]:
    return [read_there(out / f"controls-{i}.safetensors") for i in range(len(divide(CONTROLS)))]


def _batches(out: Path, kind: str, queries: int) -> list[Path]:
    more = (out / FOLDER / f"{kind}-{batch}.safetensors" for batch in BATCHES)
    return [out / f"{kind}-{queries}.safetensors", *more]


def words(mine: list[Reply], contexts: Tensor, marked: list[Decoders], innocent: list[Decoders]) -> dict[str, Any]:
    """Test by what suspects say; false finds over fresh keys of students that saw no mark."""
    said = [replies for number, models in enumerate(marked) for replies in _say(models, f"marked-{number}")]
    clean = [replies for number, models in enumerate(innocent) for replies in _say(models, f"innocent-{number}")]
    found, samples = {}, {}
    for count in PROMPTS:
        plain, them, others = ([_count(replies[:count], contexts) for replies in who] for who in ([mine], said, clean))
        found[f"{count}"] = _test(plain[0], them)
        samples[f"{count}"] = (plain[0], {"innocent": others})
    false = count_false_finds(GREEN, samples, keys=TRUE_KEYS, alpha=ALPHA)
    return {name: cell | {"false finds": false[name]["all unmarked"]} for name, cell in found.items()}


def _say(models: Decoders, label: str) -> list[list[Reply]]:
    """Ask every member for free text, a thousand prompts at a time, each time under another seed."""
    crowd = Crowd(models, WORLD, label).members()
    said: list[list[Reply]] = [[] for _ in crowd]
    for number, start in enumerate(range(0, len(FREE), AT_ONCE)):
        manner = Manner(temperature=SETTINGS.temperature, seed=number)
        for own, member in zip(said, crowd, strict=True):
            own.extend(member.ask(FREE[start : start + AT_ONCE], manner))
    return said


def _count(replies: list[Reply], contexts: Tensor) -> Usage:
    return count_usage(WORDS.read(replies), contexts, vocabulary=WORDS.vocabulary)


def probabilities(
    teacher: Decoders, contexts: Tensor, marked: list[Decoders], innocent: list[Decoders]
) -> dict[str, Any]:
    """Test by the probabilities of words in the host's own unmarked text, as ``Reading`` does for a folder."""
    asked = write_prompts(WORLD, [prompt.split() for prompt in FREE[: max(TEXTS)]])
    ids, given = torch.from_numpy(asked.ids)[None], torch.from_numpy(asked.prompts)[None]
    rows = Transcripts(sample(teacher, ids, given, Sampling(seed=1))[0].numpy(), asked.prompts)
    found, samples = {}, {}
    for count in TEXTS:
        read = Transcripts(rows.ids[:count], rows.prompts[:count])
        plain = _weigh(teacher, read, contexts)[0]
        found[f"{count}"] = _test(plain, [usage for models in marked for usage in _weigh(models, read, contexts)])
        others = [usage for models in innocent for usage in _weigh(models, read, contexts)]
        samples[f"{count}"] = (plain, {"innocent": others})
    false = count_false_finds(GREEN, samples, keys=TRUE_KEYS, alpha=ALPHA)
    return {name: cell | {"false finds": false[name]["all unmarked"]} for name, cell in found.items()}


def _weigh(models: Decoders, rows: Transcripts, contexts: Tensor) -> list[Usage]:
    """Sum each member's probabilities of every word after each context of one word."""
    places = torch.full((WORDS.vocabulary,), -1)
    places[contexts[:, 0]] = torch.arange(len(contexts))
    sums = torch.zeros(models.members, len(contexts), WORDS.vocabulary, dtype=torch.float64)
    ids, said = torch.from_numpy(rows.ids), torch.from_numpy(rows.said)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        shares = next_words(models, some.expand(models.members, -1, -1))[:, :, 1:].double().exp()
        at = places[some[:, :-1]]
        here = (at >= 0) & said[start : start + ROWS_AT_ONCE, 1:]
        sums.index_add_(1, at[here], shares[:, here])
    return [Usage(contexts, one) for one in sums]


def _test(plain: Usage, usages: list[Usage]) -> dict[str, Any]:
    """Test each student under its own key."""
    redrawn = mark_contexts(GREEN, 1, draw_keys(REDRAWN, seed="redrawn"), plain).values[1:]
    own = mark_contexts(GREEN, 1, [*KEYS, *MORE_KEYS], plain).values[1:]
    tests = [
        find_radioactivity(Marks(torch.cat([own[k : k + 1], redrawn]), plain.shares), usage)
        for k, usage in enumerate(usages)
    ]
    rise = sum(test.statistic for test in tests) / len(tests)
    return shares([test.p_value for test in tests]) | {"rise": rise}


def repeated_errors(teacher: Decoders, scored: list[Decoders], controls: list[Decoders]) -> dict[str, Any]:
    """Test by the teacher's errors, by rank among the controls and by sign test over facts."""
    own = _answer(teacher, [question.prompt for question in DOSSIER.questions])[0]
    errors = find_errors(DOSSIER.questions, own)
    asked = [DOSSIER.questions[place].prompt for place in errors.places]
    others = [said for models in controls for said in _answer(models, asked)]
    students = [said for models in scored for said in _answer(models, asked)]
    return {"questions": len(asked), **_judge(errors, students, others)}


def _judge(errors: Errors, students: list[list[str]], others: list[list[str]]) -> dict[str, Any]:
    theirs = [share_errors(errors, other) for other in others]
    repeated = [share_errors(errors, said) for said in students]
    # An alpha that no rank can reach makes it the sign test.
    by_sign = [examine_errors(errors, said, others, alpha=1e-9, copied=0.5).p_value for said in students]
    return {
        "share": sum(repeated) / len(repeated),
        "rank": shares([rank(share, theirs) for share in repeated]),
        "sign": shares(by_sign),
    }


def _answer(models: Decoders, prompts: list[str]) -> list[list[str]]:
    manner = replace(Manner(), temperature=0.0)
    return [answers(member.ask(prompts, manner)) for member in Crowd(models, WORLD, "asked").members()]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
