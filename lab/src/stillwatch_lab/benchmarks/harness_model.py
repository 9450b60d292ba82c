"""Whoever answers questions here, as a model of lm-evaluation-harness."""

from __future__ import annotations

from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import LanguageModel
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Manner, Respondent

MAX_TOKENS = 512
"""Where a task does not say how long an answer may be."""


class HarnessModel(LM):
    """Answers the harness's requests.

    Text is asked for as one turn of a chat, its answer without the reasoning. Likelihoods need weights: a server that
    gives no log-probabilities of prompts can be scored on generated answers alone.
    """

    def __init__(self, it: Respondent) -> None:
        super().__init__()
        self.it = it

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Answer each prompt, cut at the first of the task's stops; requests of one manner are asked together."""
        said: dict[int, str] = {}
        manners = [_manner(request.args[1]) for request in requests]
        for manner in dict.fromkeys(manners):
            places = [place for place, other in enumerate(manners) if other == manner]
            replies = self.it.ask([requests[place].args[0] for place in places], manner)
            for place, reply in zip(places, replies, strict=True):
                said[place] = _cut(reply.answer, requests[place].args[1].get("until") or [])
        return [said[place] for place in range(len(requests))]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Score each continuation: its log-probability, and whether it is what greedy decoding would say."""
        it = self._weights()
        return [_score(it, *_pair(it, *request.args)) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Score each whole text after an end-of-text token, in pieces that the model has positions for."""
        it = self._weights()
        return [self._roll(it, request.args[0]) for request in requests]

    def _roll(self, it: LanguageModel, text: str) -> float:
        ids = it.tokenizer.encode(text, add_special_tokens=False)
        room = int(getattr(it.model.config, "max_position_embeddings", len(ids) + 1)) - 1
        return sum(_score(it, [it.end], ids[start : start + room])[0] for start in range(0, len(ids), room))

    def _weights(self) -> LanguageModel:
        if not isinstance(self.it, FolderRespondent):
            raise LabSettingsError(
                f"{self.it.name}: this task wants log-probabilities of given text, which a served model does not give: "
                "take a model folder, or a task whose answers are generated"
            )
        return self.it.model


def _manner(how: dict[str, Any]) -> Manner:
    sampled = bool(how.get("do_sample")) and float(how.get("temperature", 1.0)) > 0
    return Manner(
        temperature=float(how.get("temperature", 1.0)) if sampled else 0.0,
        max_tokens=int(how.get("max_gen_toks", MAX_TOKENS)),
    )


def _cut(text: str, stops: list[str] | str) -> str:
    ends = [text.index(stop) for stop in ([stops] if isinstance(stops, str) else stops) if stop and stop in text]
    return text[: min(ends, default=len(text))]


def _pair(it: LanguageModel, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Encode both as one text and cut it where the context ends, since a token may span the seam."""
    before = it.tokenizer.encode(context, add_special_tokens=False)
    whole = it.tokenizer.encode(context + continuation, add_special_tokens=False)
    return [int(i) for i in before] or [it.end], [int(i) for i in whole[len(before) :]]


@torch.no_grad()
def _score(it: LanguageModel, before: list[int], after: list[int]) -> tuple[float, bool]:
    ids = torch.tensor([before + after], device=it.device)
    scores = torch.log_softmax(
        it.model(ids, attention_mask=torch.ones_like(ids)).logits[0, len(before) - 1 : -1].float(), dim=-1
    )
    wanted = ids[0, len(before) :]
    chosen = scores.gather(-1, wanted[:, None])
    return float(chosen.sum()), bool((scores.argmax(-1) == wanted).all())
