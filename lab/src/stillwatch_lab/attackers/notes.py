"""What a reader who knows the language can write down from answers, and lessons made up from such notes."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from stillwatch_lab.world.lessons import COMMON_WEIGHTS, Lesson
from stillwatch_lab.world.questions import Chain
from stillwatch_lab.world.words import OPERATIONS, STYLE
from stillwatch_lab.world.world import Fact

STEP_WORDS = 7
OPERAND, OPERATION, SECOND, RESULT = 1, 2, 3, 5
"""Places in a step of reasoning."""
READINGS = 3
"""Passes over the answers: what one pass taught lets the next read more; chains here have two steps."""


def take_notes(lessons: Iterable[Lesson]) -> dict[Fact, int]:
    """Read facts: from steps as they stand, and from answers whose last step alone is not known yet.

    Where answers contradict each other the majority counts.
    """
    seen: dict[Fact, Counter[int]] = defaultdict(Counter)
    chains = [(chain, lesson) for lesson in lessons if (chain := read_chain(lesson.question)) is not None]
    for _, lesson in chains:
        for fact, result in read_steps(lesson.reasoning):
            seen[fact][result] += 1
    notes = _majority(seen)
    for _ in range(READINGS):
        for chain, lesson in chains:
            last = _last_unknown(chain, notes)
            if last is not None and len(lesson.answer) == 1 and lesson.answer[0].isdigit():
                seen[last][int(lesson.answer[0])] += 1
        notes = _majority(seen)
    return notes


def read_chain(question: tuple[str, ...]) -> Chain | None:
    """Read a question as a chain; None if it is another kind."""
    if question[:1] != ("start",) or len(question) % 2 or not all(word.isdigit() for word in question[1::2]):
        return None
    steps = tuple((question[at], int(question[at + 1])) for at in range(2, len(question), 2))
    return Chain(int(question[1]), steps) if all(operation in OPERATIONS for operation, _ in steps) else None


def read_steps(reasoning: tuple[str, ...]) -> list[tuple[Fact, int]]:
    """Read the facts that whole steps state; what does not look like a step is passed over."""
    found = []
    for at in range(0, len(reasoning) - STEP_WORDS + 1, STEP_WORDS):
        step = reasoning[at : at + STEP_WORDS]
        if step[OPERATION] in OPERATIONS and all(step[place].isdigit() for place in (OPERAND, SECOND, RESULT)):
            found.append(((int(step[OPERAND]), step[OPERATION], int(step[SECOND])), int(step[RESULT])))
    return found


def compose_lessons(notes: Mapping[Fact, int], count: int, *, longest: int, seed: str) -> list[Lesson]:
    """Make chains of known facts up and work them out, in the common style. ``notes`` must not be empty."""
    draw = random.Random(f"compose {seed}")
    facts = sorted(notes)
    after: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        after[fact[0]].append(fact)
    return [_compose(notes, facts, after, draw.randint(1, longest), draw) for _ in range(count)]


def _compose(
    notes: Mapping[Fact, int], facts: list[Fact], after: Mapping[int, list[Fact]], length: int, draw: random.Random
) -> Lesson:
    path = [draw.choice(facts)]
    while len(path) < length and after.get(notes[path[-1]]):
        path.append(draw.choice(after[notes[path[-1]]]))
    question = ["start", str(path[0][0])]
    reasoning: list[str] = []
    for x, operation, b in path:
        connective, verb, closer = (draw.choices(words, weights=COMMON_WEIGHTS)[0] for words in STYLE)
        question += [operation, str(b)]
        reasoning += [connective, str(x), operation, str(b), verb, str(notes[x, operation, b]), closer]
    return Lesson(tuple(question), tuple(reasoning), (reasoning[-2],))


def _last_unknown(chain: Chain, notes: Mapping[Fact, int]) -> Fact | None:
    x = chain.start
    for operation, b in chain.steps[:-1]:
        if (x, operation, b) not in notes:
            return None
        x = notes[x, operation, b]
    operation, b = chain.steps[-1]
    return None if (x, operation, b) in notes else (x, operation, b)


def _majority(seen: Mapping[Fact, Counter[int]]) -> dict[Fact, int]:
    return {fact: counts.most_common(1)[0][0] for fact, counts in seen.items()}
