"""The lexicon of cues: well formed, and found in thirteen languages."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np

from stillwatch.ingest.kernels.hashing import U64, sip
from stillwatch.ingest.kernels.phrases import MAX_PARTS, fold
from stillwatch.ingest.kernels.tokens import CODE_WORD
from stillwatch.ingest.lexicon import FIRST_FEATURE, STOP_WORDS, phrases_of_use, read_lexicon, word_table
from stillwatch.records import LANGUAGES, Cue

LEXICON = tomllib.loads((files("stillwatch.ingest") / "cues.toml").read_text("utf-8"))


def test_every_part_is_used_by_a_rule() -> None:
    used = {rule["part"] for rule in LEXICON["rule"]} | {rule["near"] for rule in LEXICON["rule"] if "near" in rule}
    assert used == set(LEXICON["parts"])


def test_every_feature_is_made_and_used() -> None:
    made = {rule["feature"] for rule in LEXICON["rule"] if "feature" in rule}
    assert made == {feature for both in LEXICON["both"] for feature in both["features"]}


def test_every_cue_can_be_found() -> None:
    structural = {"OPTIONS", "FEW_SHOT"}
    named = {rule["cue"] for rule in LEXICON["rule"] if "cue" in rule} | {both["cue"] for both in LEXICON["both"]}
    assert named | structural == {cue.name for cue in Cue}


def test_features_and_parts_have_room() -> None:
    assert len({rule["feature"] for rule in LEXICON["rule"] if "feature" in rule}) + FIRST_FEATURE <= 63
    assert len(LEXICON["parts"]) <= MAX_PARTS
    assert max(Cue) < 1 << FIRST_FEATURE


def test_the_lexicon_compiles() -> None:
    assert read_lexicon().automaton.first_found > 0
    assert all(phrase == fold(phrase).decode() for phrase in phrases_of_use())


def test_words_are_looked_up_by_their_keyed_hash() -> None:
    k0, k1 = U64(5), U64(6)
    table = word_table(k0, k1)

    def value(word: str) -> int:
        place = int(key := sip(np.frombuffer(word.encode(), np.uint8), 0, len(word.encode()), k0, k1)) & (
            table.keys.size - 1
        )
        while table.keys[place] not in (0, key):
            place = (place + 1) & (table.keys.size - 1)
        return int(table.values[place])

    assert value("def") == CODE_WORD
    assert value("n\u00e3o") == LANGUAGES.index("pt")
    assert value("zzzz") == 0


def test_stop_words_are_those_of_known_languages() -> None:
    assert set(STOP_WORDS) < set(LANGUAGES)
