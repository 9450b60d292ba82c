"""Numbers that the pages say in sentences, made from the committed results; a test looks for each of them.

python -m runs.prose prints what a page should say and does not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runs.docs_results import rank_sum
from runs.gap_by_key import gaps_by_key, orders
from runs.steps import PAGES, RESULTS

Found = Mapping[str, Any]


def read(name: str) -> Found:
    """Read a committed table."""
    found: Found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def defences() -> Iterator[str]:
    """Give what docs/lab-defences.md says of the curves."""
    curves = read("curves")
    cells = {cell["name"]: cell for cell in curves["query_limited"]}
    costs = {cost["defence"]: cost for cost in curves["costs"] if not cost["settings"]}

    def right(name: str, queries: int) -> str:
        return f"{cells[name]['points'][str(queries)]['chains']['value']:.2f}"

    def apart(one: str, other: str, queries: int) -> str:
        (it,) = [
            c
            for c in curves["contrasts"]
            if (c["one"]["name"], c["other"]["name"]) == (one, other)
            and c["one"]["queries"] == queries
            and c["one"]["steps"] is None
        ]
        return f"{it['value']:+.2f}, {it['low']:+.2f} to {it['high']:+.2f}"

    text, hidden, whole = "none : text", "reasoning-hidden : text", "none : logprobs"
    yield f"{right(hidden, 500)} with 500 and {right(hidden, 2000)} with 2,000 queries"
    yield f"whole reasoning gives {right(text, 500)} and {right(text, 2000)}"
    yield f"difference at 2,000: {apart(hidden, text, 2000)}"
    one, two = cells[hidden]["points"]["2000"]["by_length"]
    yield f"({one:.2f} right)"
    yield f"near chance ({two:.2f})"
    yield f"`decomposition` has {right('reasoning-hidden : decomposition', 125)} after 125 queries"
    yield f"({apart('reasoning-hidden : decomposition', hidden, 125)})"
    yield f"Its N50 is {cells['reasoning-hidden : decomposition']['n50']['value']:.0f}."
    recombined = [right("none : recombination", n) for n in (32, 64, 125)]
    yield f"{recombined[0]}, {recombined[1]} and {recombined[2]} after 32, 64 and 125 queries"
    ideal = [f"{curves['ceiling'][str(n)]:.2f}" for n in (32, 64, 125)]
    yield f"learner has {ideal[0]}, {ideal[1]} and {ideal[2]}"
    yield f"({cells[text]['n50']['value']:.0f} against {cells['none : recombination']['n50']['value']:.0f})"
    yield f"(after 250 queries {apart(whole, text, 250)};"
    yield f"({apart('logprobs-top-k : logprobs', whole, 500)})"
    yield f"({apart('none : on-policy', whole, 500)})"
    again = "logprobs-stripped : repeated-sampling"
    yield f"have {right(again, 1000)} after 1,000 queries"
    yield f"({apart(again, text, 1000)})"
    yield f"temperature 1.5 serves {costs['temperature']['chains_right']:.2f}"
    yield f"antidistillation at strength 0.7 serves {costs['antidistillation']['chains_right']:.2f}"
    yield f"(sorts: {costs['antidistillation']['sorts_right']:.2f})"
    yield f"({apart('temperature : filtering', 'temperature : text', 2000)})"
    yield (
        f"results alone give {right('reasoning-summarised : text', 1000)}, thinned steps "
        f"{right('reasoning-thinned : text', 1000)}, whole reasoning {right(text, 1000)}"
    )
    yield f"reasoning written anew by `inversion` {right('reasoning-summarised : inversion', 1000)}"
    yield (
        f"green list {right('green-list : text', 1000)}, tournament {right('tournament : text', 1000)}, no mark "
        f"{right(text, 1000)} after 1,000 queries"
    )
    spread = cells[text]["points"]["1000"]["values"]
    yield f"({min(spread):.2f} to {max(spread):.2f} at 1,000 queries)"


def forensics() -> Iterator[str]:
    """Give what docs/lab.md says of provenance."""
    found, inside = read("forensics"), read("inside")
    marks, errors = found["radioactivity"], found["shared_errors"]

    def hits(cell: Found) -> int:
        return round(cell["at_alpha"] * cell["tests"])

    by_prompts = [hits(marks[f"green list {n}"]["marked-4000"]) for n in (100, 300, 1000)]
    yield f"{by_prompts[0]} of 20 are found with 100 prompts, {by_prompts[1]} with 300, {by_prompts[2]} with 1,000"
    low = marks["green list 1000"]["marked-4000"]["interval"][0]
    yield f"{by_prompts[2]} of 20 with 1,000 prompts begin at {low:.2f}"
    yield from _power(read("power"), hits)
    early = [f"{hits(marks['green list 1000'][f'marked-{n}'])} of 6" for n in (250, 1000)]
    yield f"After 250 queries {early[0]} are found by it, after 1,000 {early[1]}"
    text = [f"{errors[f'marked-{n}']['share']:.2f}" for n in (250, 1000, 4000)]
    yield f"repeated {text[0]}, {text[1]} and {text[2]} after 250, 1,000 and 4,000 queries of text"
    scores = [f"{errors[f'logits-{n}']['share']:.2f}" for n in (250, 1000)]
    yield f"{scores[0]} and {scores[1]} after 250 and 1,000 of log-probabilities"
    controls = [errors[f"controls-{i}"]["share"] for i in range(5)]
    yield f"controls {min(controls):.2f} to {max(controls):.2f}"
    tournament = marks["tournament 1000"]
    own = tournament["tournament-4000"]
    yield f"({hits(own)} of {own['tests']}, rise {own['rise']:+.3f})"
    others = [cell for name, cell in tournament.items() if name.startswith(("marked-", "diluted", "cleaned", "para"))]
    count = sum(cell["tests"] for cell in others)
    yield f"Of {count} models that saw only the green list's mark {sum(map(hits, others))} are found"
    every = found["tournament_under_every_key"]
    tests = every["models"] * every["keys"]
    yield f"{100 * every['at_alpha']:.1f} % of {tests:,} tests"
    served, plain = found["attribution_by_served"], found["attribution"]
    nearest = f"students of marked text are nearest by rank (distance {served['distance']:.3f})"
    yield f"{hits(served['rank'])} of 20 {nearest}"
    yield f"({hits(plain['text-4000']['rank'])} of 6, {plain['text-4000']['distance']:.3f})"
    yield f"({hits(plain['logits-1000']['rank'])} of 20, {plain['logits-1000']['distance']:.3f})"
    yield f"nearly halves the errors repeated ({errors['diluted-4000']['share']:.2f})"
    yield f"leaves errors ({errors['paraphrased-4000']['share']:.2f}) and canaries"
    yield f"and the errors ({errors['cleaned-4000']['share']:.2f})"
    states = {
        name: cell for name, cell in inside["likeness"].items() if not name.startswith(("controls-", "of-others"))
    }
    count, ranked = sum(c["rank"]["tests"] for c in states.values()), sum(hits(c["rank"]) for c in states.values())
    yield f"of the {count} students of this teacher {ranked or 'none'} is found by rank"


def _power(found: Found, hits: Callable[[Found], int]) -> Iterator[str]:
    """Give what is said of sixty students; what is said of all of them fails where one is missed."""
    by_words, errors = found["words"], found["errors"]
    whole = (by_words["3000"], *found["probabilities"].values(), errors["rank"])
    assert all(cell["at_alpha"] == 1 for cell in whole)  # noqa: S101 - else the page must be written anew
    yield f"{hits(by_words['1000'])} of {by_words['1000']['tests']} are found with 1,000 prompts and all with 3,000"
    yield f"by rank all {errors['rank']['tests']} students of log-probabilities are found"
    yield f"by the sign test {hits(errors['sign'])} of {errors['sign']['tests']}"
    yield f"errs on {errors['questions']} questions"


def audits() -> Iterator[str]:
    """Give what docs/lab.md says of students audited by six and of the second setting."""
    found, docs = read("audit"), read("docs")
    groups = found["groups"]

    def mean(name: str, what: str) -> str:
        cell = groups[name][what]
        return f"{cell['value']:.2f} ({cell['low']:.2f} to {cell['high']:.2f})"

    repeated = [
        groups[n]["errors_repeated"]["value"] for n in ("text-4000", "dropped-4000", "marked-4000", "logits-1000")
    ]
    yield f"students repeat {min(repeated):.2f} to {max(repeated):.2f} of the teacher's"
    yield f"independent models {groups['controls-0']['errors_repeated']['value']:.2f}; with 250 queries"
    lost = found["dropped_less_text"]["right"]
    yield f"(difference {lost['value']:+.3f}, {lost['low']:+.3f} to {lost['high']:+.3f})"
    own = f"{found['teacher']['gap_sampled']:.2f}"
    yield f"sampled gap is {own}, that of students of text {mean('text-4000', 'gap_sampled')}"
    yield f"of log-probabilities {mean('logits-1000', 'gap_sampled')}"
    marked = groups["marked-4000"]["gap_sampled"]["values"]
    yield f"between {min(marked):.2f} and {max(marked):.2f} in six students"
    by_key = gaps_by_key()
    yield f"has {by_key['yes'][0]:.2f}, the two that have *no* alone {by_key['no'][0]:.2f} and {by_key['no'][1]:.2f}"
    neither = by_key["neither"]
    yield f"favour neither {neither[0]:.2f} to {neither[-1]:.2f}"
    yield f"one order of {orders(by_key)}"
    each = [groups[n]["right_each_time"]["value"] for n in ("text-4000", "controls-0")]
    own = f"{found['teacher']['right_each_time']:.2f}"
    yield f"({each[0]:.2f} against {own}), as independent models are ({each[1]:.2f})"

    fidelity, errors, marks = docs["fidelity"], docs["shared_errors"], docs["radioactivity"]
    both = {what: [fidelity[n][what]["mean"] for n in ("logits-4000", "text-4000")] for what in ("divergence", "loss")}
    yield f"divergence from the teacher {both['divergence'][0]:.2f} against {both['divergence'][1]:.2f} nats"
    yield f"loss {both['loss'][0]:.2f} against {both['loss'][1]:.2f}, and"
    yield f"(loss {fidelity['marked-4000']['loss']['mean']:.2f} against {both['loss'][1]:.2f})"
    yield f"{100 * marks['all unmarked']['at_alpha']:.1f} % of {marks['all unmarked']['tests']:,} tests"
    shares = {name: cell["shares"] for name, cell in errors.items() if isinstance(cell, dict)}

    def span(name: str) -> str:
        return " to ".join(dict.fromkeys(f"{one:.2f}" for one in (min(shares[name]), max(shares[name]))))

    yield f"with distributions repeat {span('logits-4000')} of the teacher's errors"
    yield f"independent models ({span('controls')};"
    yield f"p = {errors['logits-4000']['rank_sum_p']:.4f}, the least"
    same = shares["same-source"]
    yield f"({sum(same) / len(same):.2f}; p = {errors['same-source']['rank_sum_p']:.4f})"
    yield f"(p = {rank_sum(shares['logits-4000'], same):.3f}, the least"
    yield f"students of 1,000 distributions ({span('logits-1000')})"
    yield f"students of text {span('text-4000')} (p = {errors['text-4000']['rank_sum_p']:.4f})"
    yield f"queries with distributions ({fidelity['logits-1000']['divergence']['mean']:.2f})"
    yield f"1,000 queries of text give {fidelity['text-1000']['divergence']['mean']:.2f} nats"
    z = marks["marked-4000"]["z"]
    yield f"{' to '.join(dict.fromkeys(f'{one:.0f}' for one in (min(z), max(z))))} standard deviations off"
    yield f"(its loss, {fidelity['teacher']['loss']['mean']:.2f}, is above"


SAID: dict[str, tuple[Callable[[], Iterator[str]], ...]] = {
    "lab-defences.md": (defences,),
    "lab.md": (forensics, audits),
}


def missing(page: str) -> list[str]:
    """List what a page should say and does not, line breaks aside."""
    text = " ".join((PAGES / page).read_text(encoding="utf-8").replace("**", "").split())
    return [words for give in SAID[page] for words in give() if words not in text]


if __name__ == "__main__":
    lost = [f"{page}: {words}" for page in SAID for words in missing(page)]
    print("\n".join(lost))
    sys.exit(bool(lost))
