"""Encoding in other processes keeps the order, and says when one dies."""

from __future__ import annotations

import os
import signal

import pytest
from evidence_calls import calls

from stillwatch.errors import EvidenceError
from stillwatch.evidence import encoders
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.encoders import encode_in_order


def numbers(count: int, workers: int) -> list[tuple[int, int]]:
    batches = ((i, calls(i, 1)) for i in range(count))
    return [
        (tag, parse_canonical(e.entries[0])["output_tokens"]) for tag, e in encode_in_order(batches, workers=workers)
    ]


@pytest.mark.parametrize(("count", "workers"), [(0, 2), (2, 2), (3, 2), (9, 2), (4, 3), (3, 5), (9, 1)])
def test_batches_come_out_as_they_went_in(count: int, workers: int) -> None:
    assert numbers(count, workers) == [(i, i) for i in range(count)]


def test_few_batches_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_start", lambda: pytest.fail("a process was started"))
    assert len(numbers(2, 2)) == 2


def test_a_process_that_dies_is_an_error_and_not_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_work", _die)
    with pytest.raises(EvidenceError, match="died"):
        numbers(5, 2)


def _die(_pipe: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
