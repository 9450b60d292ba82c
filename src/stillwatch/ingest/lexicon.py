"""The cue lexicon (``cues.toml``), checked and compiled, and the small word tables of languages and source code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.ingest.kernels.automaton import MAX_PARTS, Automaton, Rule, build, fold
from stillwatch.ingest.kernels.hashing import sip
from stillwatch.ingest.kernels.tokens import CODE_WORD, WordTable
from stillwatch.records import LANGUAGES, Cue

FIRST_FEATURE = 28
"""Bits below are cues, from here on features: steps on the way to a cue, dropped at the end."""

STOP_WORDS = {
    "en": "the of and to is that it for with you this are be on not what how from your have",
    "es": "el los las que una para con por del cómo qué más como pero sus esta este",
    "fr": "le les des une est que pour dans qui avec sur vous votre pas ce cette du et",
    "de": "der die das und ist nicht ein eine mit für auf den dem zu sich wie auch von",
    "pt": "os uma não para com que em do da dos das por mais como você seu sua",
    "it": "il gli della che di per una con non sono del nel è più come questo alla",
    "tr": "ve bir bu için ile da de ne gibi olarak daha çok mi mı nasıl",  # noqa: RUF001  (Turkish)
    "vi": "và của là không một có cho được các trong với này",
}
"""The most frequent words of languages in Latin script, for a guess that is never evidence."""
CODE_WORDS = (
    "def class import return include public private function const let var elif func fn package using namespace"
)
"""Words with which lines of source code begin."""


class Lexicon(NamedTuple):
    """The automaton, and pairs of features that make a cue: ``both[i] = (mask of two features, cue)``."""

    automaton: Automaton
    both: NDArray[np.int64]


@cache
def read_lexicon() -> Lexicon:
    """Compile ``cues.toml``. Raises ValueError for an unknown cue, part or feature: a mistake in this package."""
    document = tomllib.loads((files("stillwatch.ingest") / "cues.toml").read_text("utf-8"))
    numbers = {name: i for i, name in enumerate(document["parts"])}
    if len(numbers) > MAX_PARTS:
        raise ValueError(f"cues.toml: more than {MAX_PARTS} parts")
    features = {"opaque run": FIRST_FEATURE}  # kernels.rows.OPAQUE_RUN
    rules = [_rule(entry, numbers, features) for entry in document["rule"]]
    both = []
    for entry in document["both"]:
        mask = sum(1 << features[name] for name in entry["features"])
        both.append((mask, int(Cue[entry["cue"]])))
    phrases = sorted({(fold(p).decode(), numbers[name]) for name, ps in document["parts"].items() for p in ps})
    return Lexicon(build(phrases, rules), np.array(both, np.int64).reshape(-1, 2))


def _rule(entry: dict[str, Any], numbers: dict[str, int], features: dict[str, int]) -> Rule:
    if "feature" in entry:
        bit = 1 << features.setdefault(entry["feature"], FIRST_FEATURE + len(features))
    else:
        bit = int(Cue[entry["cue"]])
    near = numbers[entry["near"]] if "near" in entry else -1
    return Rule(numbers[entry["part"]], near, int(entry.get("bytes", 0)), bit)


def phrases_of_use() -> list[str]:
    """Return every phrase of the lexicon that asks for something, folded: what masked samples may show."""
    document = tomllib.loads((files("stillwatch.ingest") / "cues.toml").read_text("utf-8"))
    return sorted({fold(p).decode() for ps in document["parts"].values() for p in ps})


def word_table(k0: np.uint64, k1: np.uint64) -> WordTable:
    """Key the stop words and code words: an open-addressed table at most a quarter full."""
    values = {word: LANGUAGES.index(code) for code, words in STOP_WORDS.items() for word in words.split()}
    values |= dict.fromkeys(CODE_WORDS.split(), CODE_WORD)
    size = 1 << (4 * len(values) - 1).bit_length()
    keys, numbers = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for word, value in values.items():
        data = np.frombuffer(word.encode() + bytes(8), np.uint8)
        key = sip(data, 0, len(data) - 8, k0, k1)
        place = int(key) & (size - 1)
        while keys[place]:
            place = (place + 1) & (size - 1)
        keys[place], numbers[place] = key, value
    return WordTable(keys, numbers)
