"""Tokenizers: one that needs no training, and whether two are one."""

from __future__ import annotations

import re
from typing import Any

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from stillwatch_lab.errors import ModelError

PAD, END = "<|pad|>", "<|end|>"


def byte_tokenizer() -> Any:
    """Make the tokenizer whose tokens are the 256 bytes, a pad and an end: any text, nothing to train or download."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([PAD, END, *alphabet])}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([PAD, END])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END)


def require_same_vocabulary(teacher: Any, student: Any) -> None:
    """Check that both tokenizers give every token the same number.

    Raises ModelError otherwise: a distribution over one vocabulary says nothing about another, and fed to the other
    model its numbers would name other tokens without any error (TRL's issues 2215, 3028 and 4562).
    """
    ours, theirs = student.get_vocab(), teacher.get_vocab()
    if ours == theirs:
        return
    differing = sorted(token for token in ours.keys() | theirs.keys() if ours.get(token) != theirs.get(token))
    raise ModelError(
        f"the teacher has {len(theirs):,} tokens, the student {len(ours):,}, and {len(differing):,} of them differ "
        f"(first: {differing[0]!r}): distributions cannot be compared. Use --method sequence, which needs only text, "
        "or a student with the teacher's tokenizer"
    )


def token_of_bytes(tokenizer: Any) -> dict[bytes, int]:
    """Map what a token writes to its number, for servers that name tokens by their text or bytes.

    Knows byte-level vocabularies (GPT-2's alphabet) and SentencePiece's (a bar for a space, ``<0x0A>`` for a byte).
    Of tokens that write the same the lowest number is kept.
    """
    special = set(tokenizer.all_special_tokens)
    alphabet = _byte_of_character()
    vocabulary = tokenizer.get_vocab()
    byte_level = any(token not in special and SPACE in token for token in vocabulary)
    written: dict[bytes, int] = {}
    for token, number in sorted(vocabulary.items(), key=lambda item: item[1], reverse=True):
        if token in special:
            written[token.encode()] = number
        elif byte_level:
            written[bytes(alphabet[character] for character in token)] = number
        else:
            written[_piece_bytes(token)] = number
    return written


SPACE = "Ġ"
"""How byte-level vocabularies write the space, byte 0x20."""


def _piece_bytes(piece: str) -> bytes:
    byte = re.fullmatch("<0x([0-9A-F]{2})>", piece)
    return bytes.fromhex(byte[1]) if byte else piece.replace("▁", " ").encode()


def _byte_of_character() -> dict[str, int]:
    """Invert the byte-level alphabet of GPT-2: printable bytes stand for themselves, the rest from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    rest = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(rest)}
