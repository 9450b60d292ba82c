"""On-policy distillation from the lab's own server: the student writes, the server scores."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from fixtures import TEACHER
from stillwatch_lab.distill.parties import Parties
from stillwatch_lab.distill.run import distill
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.errors import EndpointError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.server.app import make_app
from stillwatch_lab.server.serving import Policy, Served

STEPS, ROWS = 3, 4
SETTINGS = DistillSettings(
    method=Method.ON_POLICY,
    on_policy_share=1.0,
    top_k=3,
    steps=STEPS,
    batch_size=ROWS,
    max_new_tokens=6,
    held_out=0.02,
    learning_rate=5e-3,
)
ASKED = "".join(f"start {x} add {b}\n" for x in range(4) for b in range(5))


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """Serve on the loopback address until the block ends; gives the URL up to /v1."""
    server = uvicorn.Server(uvicorn.Config(make_app(served), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < deadline, "it did not come up"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(60)


def parties(url: str) -> Parties:
    return Parties(teacher=url, model="teacher", student="tiny-llama", own="the lab's fixture", tokenizer=TEACHER)


def test_a_student_learns_on_its_own_text_from_the_labs_server(tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text(ASKED, encoding="utf-8")
    served = Served(read_model(TEACHER), Policy(top_logprobs=5), "teacher")
    with serving(served) as url:
        assert distill(parties(url), tmp_path / "prompts.txt", tmp_path / "student", SETTINGS)
    (counts,) = served.ledger.counts.values()
    card = json.loads((tmp_path / "student" / "run" / "card.json").read_text(encoding="utf-8"))
    assert card["data"]["of_these_queries_scored_in_training"] == STEPS * ROWS
    assert counts["calls"] == card["data"]["queries"], "the bill of both sides is one"
    assert read_model(tmp_path / "student").tokenizer.get_vocab() == read_model(TEACHER).tokenizer.get_vocab()


def test_a_server_that_gives_no_log_probabilities_teaches_nobody_on_policy(tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text(ASKED, encoding="utf-8")
    served = Served(read_model(TEACHER), Policy(top_logprobs=0), "teacher")
    with serving(served) as url, pytest.raises(EndpointError, match="gives no log-probabilities"):
        distill(parties(url), tmp_path / "prompts.txt", tmp_path / "student", SETTINGS)
