"""What a call's tokens count for, by the settings' weights, and what is charged when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from stillwatch.gateway.call import Call, weight_of
from stillwatch.gateway.dialects.shape import Usage
from stillwatch.gateway.nouns import Ask, Caller
from stillwatch.gateway.settings import Weights


@dataclass
class Books:
    """A hold and a recorder that remember."""

    captured: list[float] = field(default_factory=list)
    rows: list[Mapping[str, object]] = field(default_factory=list)
    released: int = 0

    def capture(self, tokens: float) -> float:
        self.captured.append(tokens)
        return 0.0

    def settle_input(self, tokens: float) -> None:
        pass

    def release(self) -> None:
        self.released += 1

    def finish(self, _call_id: str, row: Mapping[str, object]) -> None:
        self.rows.append(row)


def ended(weights: Weights, usage: Usage, *, delivered: float) -> Books:
    books: Any = Books()
    call: Any = Call("c", None, Caller("alice"), Ask("large"), books, books, weights, None, 0.0)  # type: ignore[arg-type]
    call.capture(delivered)
    call.usage = usage
    call.finish()
    call.finish()
    return books  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("ask", "weights", "weight"),
    [
        (Ask("large"), Weights(), 1.0),
        (Ask("large", logprobs=True), Weights(), 2.0),
        (Ask("large", logprobs=True), Weights(logprobs=5.0), 5.0),
        (Ask("large", n=4), Weights(), 1.0),
        (Ask("large", n=4), Weights(sample=3.0), (1 + 3 * 3) / 4),
        (Ask("large", n=4, logprobs=True), Weights(sample=3.0, logprobs=2.0), 2 * (1 + 3 * 3) / 4),
    ],
)
def test_log_probabilities_and_further_samples_count_for_what_the_settings_say(
    ask: Ask, weights: Weights, weight: float
) -> None:
    assert weight_of(ask, weights) == weight


@pytest.mark.parametrize(("reasoning", "charged"), [(1.0, 100.0), (3.0, 100.0 + 2 * 60), (0.5, 100.0 - 0.5 * 60)])
def test_reasoning_counts_for_what_the_settings_say_and_the_record_has_what_was_written(
    reasoning: float, charged: float
) -> None:
    books = ended(Weights(reasoning=reasoning), Usage(7, 100, reasoning_tokens=60), delivered=40.0)
    assert sum(books.captured) == charged
    assert books.released == 1
    (row,) = books.rows
    assert (row["output_tokens"], row["reasoning_tokens"], row["input_tokens"]) == (100, 60, 7)


def test_what_the_model_server_did_not_count_is_charged_as_delivered() -> None:
    books = ended(Weights(reasoning=3.0), Usage(), delivered=40.0)
    assert sum(books.captured) == 40.0
    assert books.rows[0]["output_tokens"] == 40
