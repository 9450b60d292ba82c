"""What the tokeniser hides: the items that people put into a template."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.ingest.kernels.blocks import BLOCK
from stillwatch.ingest.kernels.hashing import U64
from stillwatch.ingest.kernels.letters import lower
from stillwatch.ingest.kernels.tokens import (
    CODE,
    CODE_LINES,
    HAN,
    KANA,
    MASKED,
    NAME,
    NUMBER,
    OPAQUE,
    OPTIONS,
    PLAIN,
    QUOTE,
    REPEATED,
    Tally,
    new_tally,
    tokenise,
)
from stillwatch.ingest.lexicon import word_table
from stillwatch.records import LANGUAGES

KEY = (U64(1), U64(2))
TABLE = word_table(*KEY)
MASKS = {int(NUMBER): "#", int(QUOTE): "quote", int(CODE): "code", int(OPAQUE): "opaque", int(NAME): "name"}


def tally(text: str) -> Tally:
    raw = text.encode()
    data = np.frombuffer(raw + bytes(BLOCK), np.uint8)
    low = np.zeros(len(data), np.uint8)
    lower(data, len(raw), low)
    out = new_tally(len(data))
    tokenise(data, low, len(raw), KEY, TABLE, out)
    return out


def masked(text: str) -> list[str]:
    """Return the masked words, ordinary ones as a dash."""
    out = tally(text)
    return [MASKS.get(int(word), "-") for word in out.masked[: out.counts[MASKED]]]


def plain(text: str) -> list[int]:
    out = tally(text)
    return out.plain[: out.counts[PLAIN]].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add 12 and 3,400.50 now", ["-", "#", "-", "#", "-"]),
        ("between 10:30 and 11", ["-", "#", "-", "#"]),
        ("1 2 3", ["#"]),
        ('say "good morning" twice', ["-", "quote", "-"]),
        ("say \u201cgood morning\u201d twice", ["-", "quote", "-"]),
        ("\u8bf4\u300c\u65e9\u4e0a\u597d\u300d\u5427", ["-", "quote", "-"]),
        ("run `ls -l` here", ["-", "quote", "-"]),
        ("fix ```\nx = 1\ny = 2\n``` please", ["-", "code", "-"]),
        ("ask Anna about it", ["-", "name", "-", "-"]),
        ("ask Anna Maria Schmidt", ["-", "name"]),
        ("Ask about it. Then go", ["-"] * 5),
        ("key sk0123456789abcdefghijkl end", ["-", "opaque", "-"]),
        ("see https://example.org/a?b=c now", ["-", "opaque", "-"]),
        ('an 11" screen', ["-", "#", "-"]),
        ("<think> on", ["-", "-"]),
        ("\u4f60\u597d", ["-", "-"]),
        ("", []),
        (" .,!? ", []),
    ],
)
def test_items_are_masked_and_template_words_are_not(text: str, expected: list[str]) -> None:
    assert masked(text) == expected


def test_texts_that_differ_in_items_only_have_the_same_masked_words() -> None:
    one = tally('Translate "the cat sat" for Anna in 3 ways.')
    other = tally('Translate "dogs run far" for Bruno in 42 ways.')
    assert one.masked[: one.counts[MASKED]].tolist() == other.masked[: other.counts[MASKED]].tolist()
    assert one.plain[: one.counts[PLAIN]].tolist() != other.plain[: other.counts[PLAIN]].tolist()


def test_plain_words_keep_what_is_masked() -> None:
    assert len(plain('say "good morning" to Anna 3 times')) == 7


@pytest.mark.parametrize("text", ["one  TWO\tthree", "One, two; three!", "one\ntwo\n\nthree"])
def test_case_white_space_and_punctuation_do_not_change_plain_words(text: str) -> None:
    assert plain(text) == plain("one two three")


def test_apostrophes_stay_inside_words() -> None:
    assert len(plain("don't o'clock 'quoted'")) == 3


def test_an_unclosed_quotation_hides_nothing() -> None:
    assert masked('he said "good morning and left') == ["-"] * 6


def test_a_quotation_ends_at_the_line() -> None:
    assert masked('a 5" pipe\na 6" pipe') == ["-", "#", "-", "-", "#", "-"]


def test_a_long_run_is_kept_as_an_artefact() -> None:
    blob = "Q" * 120
    assert tally(f"decode {blob}").artefact[0] == tally(f"other words {blob} here").artefact[0] != 0
    assert tally("decode " + "Q" * 60).artefact[0] == 0


def test_artefacts_of_other_letter_case_are_others() -> None:
    assert tally("Qa" * 60).artefact[0] != tally("qA" * 60).artefact[0]


@pytest.mark.parametrize("text", ["(a) x (b) y (c) z", "A) x\nB) y\nC) z", "a. x\nb. y\nc. z"])
def test_choices_are_counted(text: str) -> None:
    assert tally(text).counts[OPTIONS] & 7 == 7


def test_a_letter_in_a_sentence_is_no_choice() -> None:
    assert tally("plan a, plan b and plan c").counts[OPTIONS] == 0


def test_repeated_labels_are_counted() -> None:
    assert tally("Q: one\nA: two\nQ: three\nA: four\nQ: five").counts[REPEATED] == 3
    assert tally("Note: one two three").counts[REPEATED] == 1


def test_lines_of_source_code_are_counted() -> None:
    assert tally("def f(x):\n  return x;\n}\n").counts[CODE_LINES] >= 3
    assert tally("we return to the class\nand import nothing").counts[CODE_LINES] == 0


def test_han_and_kana_are_told_apart() -> None:
    counts = tally("\u6f22\u5b57\u304b\u306a\u30ab").counts
    assert (counts[HAN], counts[KANA]) == (2, 3)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "what is the name of this"),
        ("de", "was ist das und wie ist der name"),
        ("ru", "\u043a\u0430\u043a \u0434\u0435\u043b\u0430"),
        ("ar", "\u0643\u064a\u0641 \u062d\u0627\u0644\u0643"),
        ("hi", "\u0915\u0948\u0938\u0947 \u0939\u094b"),
        ("ko", "\uc548\ub155 \ud558\uc138\uc694"),
    ],
)
def test_languages_are_counted_by_stop_words_or_script(code: str, text: str) -> None:
    assert int(np.argmax(tally(text).languages)) == LANGUAGES.index(code)


def test_a_tally_is_reset_between_texts() -> None:
    out = tally("x")
    for text in ("(a) (b) (c)\nQ: 1\nQ: 2\n" + "Z" * 200, "plain"):
        raw = np.frombuffer(text.encode() + bytes(16), np.uint8)
        size = len(raw) - 16
        low, out = raw.copy(), new_tally(400) if text != "plain" else out
        lower(raw, size, low)
        tokenise(raw, low, size, KEY, TABLE, out)
    fresh = tally("plain")
    assert out.counts.tolist() == fresh.counts.tolist()
    assert out.artefact[0] == 0
    assert out.languages.tolist() == fresh.languages.tolist()
    assert out.label_counts.tolist() == [0] * 8
