"""The witness program under many requests at once, and killed in the middle of them: it never goes back."""

from __future__ import annotations

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from running_witness import RunningWitness
from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.posting import post
from stillwatch.evidence.witness_client import ask
from witness_parties import LOG, ORIGIN, FakeLog

HONEST, LIAR = FakeLog(), FakeLog(fork=1)


def submit(url: str, old: int, size: int, *, log: FakeLog = HONEST) -> int:
    body = log.body(old, size)
    return post(f"{url}/add-checkpoint", body, content_type="text/plain", max_bytes=1 << 16).status


def latest(witness: RunningWitness) -> Checkpoint:
    return open_checkpoint(witness.latest(ORIGIN), [LOG.verifier])[0]


def test_of_many_requests_at_once_each_step_is_cosigned_once(tmp_path: Path) -> None:
    witness = RunningWitness(tmp_path, str(LOG.verifier))
    try:
        for old in range(0, 50, 10):
            with ThreadPoolExecutor(10) as pool:
                statuses = list(pool.map(lambda n, o=old: submit(witness.url, o, n), range(old + 1, old + 11)))
            assert sorted(statuses) == [200] + [409] * 9
            won = latest(witness).size
            if won < old + 10:
                assert submit(witness.url, won, old + 10) == 200
    finally:
        witness.stop()


def test_a_witness_killed_at_any_moment_remembers_whatever_it_answered(tmp_path: Path) -> None:
    draw, acknowledged = random.Random(4), 0
    for _ in range(4):
        witness = RunningWitness(tmp_path, str(LOG.verifier))
        before = latest(witness).size if acknowledged else 0
        assert before >= acknowledged
        acknowledged = before
        # Soon after so many answers, in the middle of whatever it does then.
        answers, killer = draw.randint(1, 20), threading.Timer(draw.uniform(0, 0.02), witness.stop, [signal.SIGKILL])
        with suppress(EvidenceError):
            for size in range(before + 1, 300):
                if size == before + answers + 1:
                    killer.start()
                assert submit(witness.url, size - 1, size) == 200
                acknowledged = size
        killer.join()
    assert acknowledged
    witness = RunningWitness(tmp_path, str(LOG.verifier))
    try:
        assert acknowledged <= latest(witness).size <= acknowledged + 1
        assert latest(witness) == HONEST.head(latest(witness).size)
        with pytest.raises(EvidenceError, match="status 422"):
            ask(witness.url, [], LIAR.note(299), lambda old: LIAR.proof(old, 299))
    finally:
        witness.stop()
