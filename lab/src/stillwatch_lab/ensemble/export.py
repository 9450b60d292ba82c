"""A member of an ensemble as a Hugging Face model folder: GPT-2 with ReLU, and a tokenizer of whole words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from stillwatch_lab.ensemble.decoders import NORM_EPSILON, Decoders, Shape
from stillwatch_lab.world.words import END, PAD, START, THINK

NAMES = {
    "attn": "attn.c_attn",
    "attn_proj": "attn.c_proj",
    "fc": "mlp.c_fc",
    "fc_proj": "mlp.c_proj",
    "ln_1": "ln_1",
    "ln_2": "ln_2",
}
CHAT_TEMPLATE = f"{START} {{{{ messages[-1]['content'] }}}} {THINK}"
"""One turn: the model goes on with its reasoning, then the mark of the answer, then the answer."""


def to_hugging_face(it: Decoders, member: int = 0) -> GPT2LMHeadModel:
    """Copy one member's weights into transformers' GPT-2: the same scores to rounding."""
    shape = it.shape
    config = GPT2Config(
        vocab_size=shape.vocabulary,
        n_positions=shape.positions,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        activation_function="relu",
        layer_norm_epsilon=NORM_EPSILON,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=4,
        pad_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    model.load_state_dict(_named(it, member), strict=False)
    model.tie_weights()
    return model.eval()


def from_hugging_face(model: Any) -> Decoders:
    """Read a GPT-2 with ReLU back as an ensemble of one."""
    config = model.config
    it = Decoders(Shape(config.vocab_size, config.n_positions, config.n_embd, config.n_layer, config.n_head))
    weights = model.state_dict()
    with torch.no_grad():
        for name, weight in it.w.items():
            weight[0].copy_(weights[_name(name)])
    return it


def word_tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """Make a tokenizer whose tokens are ``words``, split at spaces; a word that it lacks becomes the padding."""
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token=PAD))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token=START, eos_token=END, pad_token=PAD, unk_token=PAD,
        additional_special_tokens=[], clean_up_tokenization_spaces=False,
    )  # fmt: skip
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def write_folder(it: Decoders, words: Sequence[str], folder: Path, *, member: int = 0) -> None:
    """Write model (half precision) and tokenizer."""
    to_hugging_face(it, member).half().save_pretrained(folder)
    word_tokenizer(words).save_pretrained(folder)


def _named(it: Decoders, member: int) -> dict[str, Tensor]:
    return {_name(name): weight[member].detach() for name, weight in it.w.items()}


def _name(name: str) -> str:
    """Translate ``h0_attn_proj_w`` to ``transformer.h.0.attn.c_proj.weight``."""
    if name in {"wte", "wpe"}:
        return f"transformer.{name}.weight"
    kind = "weight" if name.endswith("_w") else "bias"
    body = name[:-2]
    if body == "ln_f":
        return f"transformer.ln_f.{kind}"
    layer, _, part = body.partition("_")
    return f"transformer.h.{layer[1:]}.{NAMES[part]}.{kind}"
