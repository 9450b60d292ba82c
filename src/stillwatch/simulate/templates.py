"""Templates: the fixed wording around an item, and its paraphrases, drawn from banks of clauses.

A template is an opening, a demand, a detail and a form, as system text, before the item, after it or around it.
The same banks give thousands of templates; a paraphrase is another draw for the same use, in another order and layout.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from stillwatch.errors import ScenarioError
from stillwatch.simulate.grammar import expand
from stillwatch.simulate.texts import Pool, make_pool, read_slots

CONTAINERS = (
    ("<{}>", "</{}>"),
    ("[{}]", "[/{}]"),
    ("<|{}|>", "<|/{}|>"),
    ("### {}", "### end {}"),
    ("<<{}>>", "<<end>>"),
)
TAGS = (
    "think",
    "reasoning",
    "thoughts",
    "scratchpad",
    "analysis",
    "deliberation",
    "inner_voice",
    "cot",
    "work",
    "notes",
)
LAYOUTS = ("system", "head", "tail", "around")
CANDIDATES = 8
"""Draws per paraphrase kept: of this many, the one that shares least with those before it (farthest-point choice)."""


@dataclass(frozen=True)
class Template:
    """Texts around the item: system, before it and after it."""

    system: str
    head: str
    tail: str

    def trigrams(self) -> set[tuple[str, ...]]:
        """Return the word 3-grams of the fixed wording (character 3-grams of scripts without spaces)."""
        text = f"{self.system} {self.head} {self.tail}".lower()
        words = re.findall(r"[぀-ヿ一-鿿]|[^\W぀-ヿ一-鿿]+", text)
        return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


@dataclass(frozen=True)
class Frames:
    """Templates as columns, so that a batch of calls takes its wording at once."""

    system: Pool
    head: Pool
    tail: Pool

    def __len__(self) -> int:
        return len(self.head)


def uses() -> list[str]:
    """Return the names of the uses that have clause banks."""
    return sorted(_banks())


def draw_template(use: str, random: Random, *, language: str = "", layout: str = "") -> Template:
    """Draw one template. Raises ScenarioError for a use or language without clauses."""
    banks = _banks()
    if use not in banks:
        raise ScenarioError(f"use {use!r} has no clauses; there are {', '.join(uses())}")
    language = language or random.choice(sorted(banks[use]))
    if language not in banks[use]:
        raise ScenarioError(f"use {use!r} has no clauses in {language!r}; there are {', '.join(sorted(banks[use]))}")
    clauses = _draw_clauses(banks[use][language], random)
    return _lay_out(clauses, layout or random.choice(LAYOUTS), random, "" if language in {"zh", "ja"} else " ")


def draw_paraphrases(use: str, random: Random, *, language: str, count: int) -> list[Template]:
    """Draw ``count`` templates of one use that share as few word 3-grams as the clauses allow."""
    kept = [draw_template(use, random, language=language)]
    seen = [kept[0].trigrams()]
    while len(kept) < count:
        drawn = [draw_template(use, random, language=language) for _ in range(CANDIDATES)]
        best = min(drawn, key=lambda t: max(_likeness(t.trigrams(), s) for s in seen))
        kept.append(best)
        seen.append(best.trigrams())
    return kept


def make_frames(templates: list[Template]) -> Frames:
    """Turn templates into columns."""
    return Frames(*(make_pool([getattr(t, part) for t in templates]) for part in ("system", "head", "tail")))


def _likeness(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> float:
    return len(left & right) / max(1, len(left | right))


def _draw_clauses(bank: Mapping[str, list[str]], random: Random) -> list[str]:
    mark = random.choice(CONTAINERS)
    tag = random.choice(TAGS)
    marks = {"@o": mark[0].format(tag), "@c": mark[1].format(tag)}
    drawn = [expand(random.choice(bank[part]), read_slots(), random) for part in "abcd"]
    for sign, text in marks.items():
        drawn = [clause.replace(sign, text) for clause in drawn]
    rest = drawn[1:]
    random.shuffle(rest)
    return [drawn[0], *rest] if random.random() < 0.7 else [*rest, drawn[0]]


def _lay_out(clauses: list[str], layout: str, random: Random, space: str) -> Template:
    gap = random.choice(["\n\n", "\n", "\n\nInput: ", "\n---\n"])
    whole = random.choice([space, "\n"]).join(c for c in clauses if c)
    if layout == "system":
        return Template(whole, "", "")
    if layout == "head":
        return Template("", whole + gap, "")
    if layout == "tail":
        return Template("", "", "\n\n" + whole)
    return Template("", clauses[0] + gap, "\n\n" + space.join(clauses[1:]))


@cache
def _banks() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = (files("stillwatch.simulate") / "prompts" / "clauses.toml").read_text("utf-8")
    return tomllib.loads(text)
