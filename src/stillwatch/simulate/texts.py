"""Pools of texts: made from the package's own patterns, or put together from other pools."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

import numpy as np
import orjson
import pyarrow as pa

from stillwatch.simulate.draws import I64
from stillwatch.simulate.grammar import expand_many

SIZES = {
    "human": 12_000,
    "eval": 8_000,
    "rag": 5_000,
    "classification": 5_000,
    "agent": 2_500,
    "distillation": 24_000,
    "goal": 5_000,
    "followup": 1_500,
    "answer": 1_500,
    "assignment": 400,
    "result": 800,
    "trace": 800,
}
"""Texts made for each kind of the package's own pools: enough that chance repeats stay rare in the demo, few enough to
be made in two seconds. ``eval`` is small because public benchmarks are: thousands of items that everybody runs."""

WRAPS = (
    ("{0}\n\nResponse:\n{1}", "Prompt: {0}\n\nResponse A:\n{1}\n\nResponse B:\n{2}"),
    ("[Question]\n{0}\n\n[Answer]\n{1}", "[Question]\n{0}\n\n[Assistant A]\n{1}\n\n[Assistant B]\n{2}"),
    ("<task>{0}</task>\n<output>{1}</output>", "<task>{0}</task>\n<a>{1}</a>\n<b>{2}</b>"),
    ("## Request\n{0}\n## Candidate\n{1}", "## Request\n{0}\n## First\n{1}\n## Second\n{2}"),
    ("User: {0}\n\nModel: {1}", "User: {0}\n\nModel 1: {1}\n\nModel 2: {2}"),
    ("INPUT >>> {0}\nCOMPLETION >>> {1}", "INPUT >>> {0}\nA >>> {1}\nB >>> {2}"),
)
"""How operators put a task and its answer, or two of them, into one item."""

COMPOSED = {
    "answered": ("distillation", "answer", 0),
    "compared": ("distillation", "answer", 1),
    "traces": ("distillation", "trace", 0),
    "judged": ("human", "answer", 0),
    "preferred": ("human", "answer", 1),
}
"""Pools whose items are made of two others: the task, what was answered, and which column of WRAPS."""

CODE_WORDS = (
    "function",
    "code",
    "program",
    "script",
    "SQL",
    "query",
    "algorithm",
    "schema",
    "regex",
    "API",
    "implement",
)
CODE = re.compile(rf"\b({'|'.join(CODE_WORDS)})\b", re.IGNORECASE)
POOL_OF_USE = {
    "grading": "answered",
    "justify": "answered",
    "pairwise": "compared",
    "rewriting": "traces",
    "trajectory": "goal",
    "code": "code",
}
"""What a harvest works through, where it is not the tasks themselves."""


@dataclass(frozen=True)
class Pool:
    """Texts of one kind, plain and as they stand inside JSON, ordered so that neighbours are alike."""

    plain: pa.LargeStringArray
    escaped: pa.LargeStringArray
    out_chars: I64
    groups: I64

    def __len__(self) -> int:
        return len(self.plain)


def make_pool(
    texts: Sequence[str], out_chars: Sequence[int] | None = None, groups: Sequence[int] | None = None
) -> Pool:
    """Make a pool of texts; lone surrogates become question marks, as Arrow and JSON are UTF-8."""
    clean = [t.encode("utf-8", "replace").decode() for t in texts]
    escaped = [orjson.dumps(t)[1:-1] for t in clean]
    return Pool(
        plain=pa.array(clean, pa.large_string()),
        escaped=pa.array(escaped, pa.large_binary()).cast(pa.large_string()),
        out_chars=np.asarray(out_chars if out_chars is not None else [0] * len(clean), np.int64),
        groups=np.asarray(groups if groups is not None else [0] * len(clean), np.int64),
    )


def read_list(name: str) -> list[str]:
    """Return the patterns of a bundled prompt file, one a line; ``#`` starts a comment line."""
    text = (files("stillwatch.simulate") / "prompts" / f"{name}.txt").read_text("utf-8")
    return [line.replace("\\n", "\n") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def read_slots() -> dict[str, list[str]]:
    """Return the lists behind ``$name`` in the bundled patterns."""
    text = (files("stillwatch.simulate") / "prompts" / "slots.toml").read_text("utf-8")
    return {name: [str(v) for v in values] for name, values in tomllib.loads(text).items()}


def own_pool(kind: str, seed: int) -> Pool:
    """Make a pool of one of the package's kinds."""
    patterns = read_list(kind)
    random = Random(f"{kind} {seed}")
    if kind != "human":
        made = expand_many(patterns, read_slots(), count=SIZES[kind], random=random)
        random.shuffle(made)
        return make_pool(made)
    share = max(1, SIZES[kind] // len(patterns))
    texts: list[str] = []
    groups: list[int] = []
    for number, pattern in enumerate(patterns):
        made = expand_many([pattern], read_slots(), count=share, random=random)
        texts += made
        groups += [number // 4] * len(made)  # the file keeps a topic together: four neighbouring patterns are one
    order = sorted(range(len(texts)), key=lambda i: (groups[i], random.random()))
    return make_pool([texts[i] for i in order], None, [groups[i] for i in order])


def composed_pool(kind: str, style: int, pool_of: Callable[[str], Pool]) -> Pool:
    """Make a pool of tasks with their answers, in one of the styles of WRAPS."""
    asked, said, form = COMPOSED[kind]
    random = Random(f"{kind} {style}")
    answers = pool_of(said).plain.to_pylist()
    wrap = WRAPS[style % len(WRAPS)][form]
    texts = [wrap.format(t, random.choice(answers), random.choice(answers)) for t in pool_of(asked).plain.to_pylist()]
    return make_pool(texts)


def code_pool(tasks: Pool) -> Pool:
    """Return the tasks that ask for code; all of them where none does."""
    texts = tasks.plain.to_pylist()
    return make_pool([t for t in texts if CODE.search(t)] or texts)
