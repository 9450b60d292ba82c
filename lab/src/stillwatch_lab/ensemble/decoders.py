"""GPT-2 decoders of one shape, many at once: every weight has a leading dimension of members.

A hundred control models of 30,000 weights cost a hundred times the arithmetic of one but not a hundred times the
calls, and calls are what small models spend their time on. One member is one model: ``export.py`` writes it as a
Hugging Face GPT-2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

INITIAL_SPREAD = 0.08
"""Standard deviation of initial weights: four times GPT-2's; one small layer learns faster so (lab/LOG.md)."""
NORM_EPSILON = 1e-5
"""GPT-2's."""


@dataclass(frozen=True)
class Shape:
    """The size of each member."""

    vocabulary: int
    positions: int
    width: int = 48
    layers: int = 2
    heads: int = 4

    @property
    def weights(self) -> int:
        """Count the weights of one member; the output layer is the embedding, as in GPT-2."""
        layer = 12 * self.width**2 + 13 * self.width
        return (self.vocabulary + self.positions + 2) * self.width + self.layers * layer


Cache = list[tuple[Tensor, Tensor]]
"""For each layer the keys and values so far, (members · rows, heads, places, width of a head)."""


class Decoders(nn.Module):
    """``members`` decoders with their own weights, drawn from ``seed``."""

    def __init__(self, shape: Shape, *, members: int = 1, seed: int = 0) -> None:
        super().__init__()
        self.shape, self.members = shape, members
        draw = torch.Generator().manual_seed(seed)
        d = shape.width

        def drawn(*size: int, spread: float = INITIAL_SPREAD) -> nn.Parameter:
            return nn.Parameter(torch.randn(members, *size, generator=draw) * spread)

        def filled(value: float, *size: int) -> nn.Parameter:
            return nn.Parameter(torch.full((members, *size), value))

        residual = INITIAL_SPREAD / math.sqrt(2 * shape.layers)
        weights = {"wte": drawn(shape.vocabulary, d), "wpe": drawn(shape.positions, d)}
        for layer in range(shape.layers):
            weights |= {
                f"h{layer}_ln_1_w": filled(1.0, d),
                f"h{layer}_ln_1_b": filled(0.0, d),
                f"h{layer}_attn_w": drawn(d, 3 * d),
                f"h{layer}_attn_b": filled(0.0, 3 * d),
                f"h{layer}_attn_proj_w": drawn(d, d, spread=residual),
                f"h{layer}_attn_proj_b": filled(0.0, d),
                f"h{layer}_ln_2_w": filled(1.0, d),
                f"h{layer}_ln_2_b": filled(0.0, d),
                f"h{layer}_fc_w": drawn(d, 4 * d),
                f"h{layer}_fc_b": filled(0.0, 4 * d),
                f"h{layer}_fc_proj_w": drawn(4 * d, d, spread=residual),
                f"h{layer}_fc_proj_b": filled(0.0, d),
            }
        weights |= {"ln_f_w": filled(1.0, d), "ln_f_b": filled(0.0, d)}
        self.w = nn.ParameterDict(weights)

    @property
    def device(self) -> torch.device:
        """Where the weights are; the same seed gives the same weights wherever they are moved."""
        device: torch.device = self.w["wte"].device
        return device

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Score the next word: ids (members, rows, places) to logits (members, rows, places, vocabulary).

        With a cache, ``ids`` are the places after those in it, and it is extended in place.
        """
        members, rows, places = ids.shape
        before = cache[0][0].shape[2] if cache else 0
        x = self._embed(ids, before)
        for layer in range(self.shape.layers):
            x = x + self._attend(layer, self._norm(x, f"h{layer}_ln_1"), rows, cache)
            x = x + self._feed(layer, self._norm(x, f"h{layer}_ln_2"))
        x = self._norm(x, "ln_f")
        scores: Tensor = x @ self.w["wte"].transpose(1, 2)
        return scores.view(members, rows, places, -1)

    def _embed(self, ids: Tensor, before: int) -> Tensor:
        members, rows, places = ids.shape
        shift = torch.arange(members, device=ids.device).view(-1, 1, 1) * self.shape.vocabulary
        words = functional.embedding(ids + shift, self.w["wte"].reshape(-1, self.shape.width))
        where: Tensor = self.w["wpe"][:, None, before : before + places]
        return (words + where).view(members, rows * places, -1)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        plain = functional.layer_norm(x, (self.shape.width,), eps=NORM_EPSILON)
        return torch.addcmul(self.w[f"{name}_b"][:, None], plain, self.w[f"{name}_w"][:, None])

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return torch.baddbmm(self.w[f"{name}_b"][:, None], x, self.w[f"{name}_w"])

    def _attend(self, layer: int, x: Tensor, rows: int, cache: Cache | None) -> Tensor:
        members, _, d = x.shape
        heads = self.shape.heads
        parts = self._linear(x, f"h{layer}_attn").view(members * rows, -1, 3, heads, d // heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        first = cache is None or len(cache) <= layer
        if cache is not None:
            if first:
                cache.append((key, value))
            else:
                key, value = (torch.cat(pair, dim=2) for pair in zip(cache[layer], (key, value), strict=True))
                cache[layer] = (key, value)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=first)
        joined = seen.transpose(1, 2).reshape(members, -1, d)
        return self._linear(joined, f"h{layer}_attn_proj")

    def _feed(self, layer: int, x: Tensor) -> Tensor:
        inner = functional.relu(self._linear(x, f"h{layer}_fc"))
        return self._linear(inner, f"h{layer}_fc_proj")

    def pick(self, members: list[int]) -> Decoders:
        """Copy some of the members."""
        copy = Decoders(self.shape, members=len(members)).to(self.device)
        with torch.no_grad():
            for name, weight in copy.w.items():
                weight.copy_(self.w[name][members])
        return copy


def join(groups: list[Decoders]) -> Decoders:
    """Put the members of several ensembles of one shape into one."""
    whole = Decoders(groups[0].shape, members=sum(group.members for group in groups))
    with torch.no_grad():
        for name, weight in whole.w.items():
            weight.copy_(torch.cat([group.w[name] for group in groups]))
    return whole
