"""The byte tokenizer, and how tokens of two models are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from stillwatch_lab.errors import ModelError
from stillwatch_lab.models.tokenizers import END, byte_tokenizer, require_same_vocabulary, token_of_bytes

BYTES = byte_tokenizer()


def pieces(*tokens: str) -> PreTrainedTokenizerFast:
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE(vocab=vocabulary, merges=[])), eos_token=tokens[0])


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    tokens = BYTES(text).input_ids
    assert BYTES.decode(tokens) == text
    assert len(tokens) == len(text.encode())


def test_what_a_token_writes_names_it() -> None:
    numbers = token_of_bytes(BYTES)
    assert sorted(numbers.values()) == list(range(258))
    assert [numbers[bytes([byte])] for byte in "é".encode()] == BYTES("é").input_ids
    assert numbers[END.encode()] == BYTES.eos_token_id


def test_sentencepiece_writes_spaces_and_bytes_in_its_own_way() -> None:
    numbers = token_of_bytes(pieces("</s>", "▁the", "<0x0A>", "é"))
    assert numbers == {b"</s>": 0, b" the": 1, b"\n": 2, "é".encode(): 3}


def test_another_numbering_is_another_vocabulary() -> None:
    require_same_vocabulary(byte_tokenizer(), BYTES)
    with pytest.raises(ModelError, match=r"2 of them differ \(first: 'a'\)"):
        require_same_vocabulary(pieces("</s>", "a", "b"), pieces("</s>", "b", "a"))
