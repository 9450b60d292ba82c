"""Asking witnesses: what holds is kept, what does not costs only itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopback import Reply, answering, trickling
from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.notes import Note
from stillwatch.evidence.quorum import Policy, parse_policy
from stillwatch.evidence.standing import weigh_checkpoint
from stillwatch.evidence.witness.submission import SIZE_TYPE, parse_submission
from stillwatch.evidence.witness.witness import Witness
from stillwatch.evidence.witness_client import ATTEMPTS, ask, ask_witnesses
from witness_parties import LOG, NOW, SIGNERS, FakeLog, new_witness

HONEST = FakeLog()
KEYS = [s.verifier for s in SIGNERS]


@contextmanager
def serving(witness: Witness) -> Iterator[str]:
    def answer(path: str, body: bytes) -> Reply:
        assert path == "/add-checkpoint"
        reply = witness.add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    with answering(answer) as url:
        yield url


def prove(size: int) -> Callable[[int], list[bytes]]:
    return lambda old: HONEST.proof(old, size)


def policy(*urls: str) -> Policy:
    lines = [f"witness w{i} {k} {url}" for i, (k, url) in enumerate(zip(KEYS, urls, strict=True))]
    return parse_policy("\n".join([f"log {LOG.verifier}", *lines, "group both all w0 w1", "quorum both", ""]).encode())


def test_a_witness_s_cosignatures_make_the_quorum(tmp_path: Path) -> None:
    with serving(new_witness(tmp_path)) as url:
        asked = ask_witnesses(HONEST.note(5), policy(url, f"{url}/").witnesses.values(), prove(5))
    standing = weigh_checkpoint(str(HONEST.note(5).signed(asked.cosignatures)).encode(), policy(url, url))
    assert (asked.problems, standing.has_quorum) == ({}, True)


def test_the_proof_is_rebuilt_from_the_size_that_the_witness_names(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    assert witness.add_checkpoint(HONEST.body(0, 7)).status == 200
    with serving(witness) as url:
        assert set(ask(url, KEYS, HONEST.note(90), prove(90))) == set(KEYS)
        assert set(ask(url, KEYS, HONEST.note(90), prove(90), old=3)) == set(KEYS)


def test_what_was_cosigned_before_saves_a_question(tmp_path: Path) -> None:
    sizes: list[int] = []
    witness = new_witness(tmp_path)

    def answer(_: str, body: bytes) -> Reply:
        sizes.append(parse_submission(body).old)
        reply = witness.add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    with answering(answer) as url:
        first = ask_witnesses(HONEST.note(5), policy(url, url).witnesses.values(), prove(5))
        known = [HONEST.note(6), HONEST.note(5).signed(first.cosignatures)]
        again = ask_witnesses(HONEST.note(9), policy(url, url).witnesses.values(), prove(9), known=known)
    assert (sizes, again.problems) == ([0, 5], {})


def test_a_witness_that_saw_a_larger_tree_warns_of_a_rollback(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    witness.add_checkpoint(HONEST.body(0, 9))
    with serving(witness) as url, pytest.raises(EvidenceError, match=r"has cosigned 9 entries .* rolled back"):
        ask(url, KEYS, HONEST.note(5), prove(5))


def test_a_fork_is_refused_and_the_refusal_told(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    witness.add_checkpoint(FakeLog(fork=1).body(0, 5))
    with serving(witness) as url, pytest.raises(EvidenceError, match="refused, status 422"):
        ask(url, KEYS, HONEST.note(9), prove(9))


def lines(*, time: int = NOW, head: Checkpoint | None = None) -> bytes:
    return "".join(f"{s.sign(head or HONEST.head(5), time=time)}\n" for s in SIGNERS).encode()


def bad_replies() -> dict[str, Reply]:
    stranger = new_signer_line()
    return {
        "nothing": (200, "text/plain", b""),
        "only a stranger's": (200, "text/plain", stranger),
        "for another checkpoint": (200, "text/plain", lines(head=HONEST.head(6))),
        "for another log": (200, "text/plain", lines(head=Checkpoint("o", 5, HONEST.head(5).root))),
        "time zero": (200, "text/plain", lines(time=0)),
        "cut off": (200, "text/plain", lines()[:-1]),
        "a page": (200, "text/html", b"<html>\n"),
        "not UTF-8": (200, "text/plain", b"\xff\n"),
        "too long": (200, "text/plain", bytes(1 << 17)),
        "busy": (429, "text/plain", b"later\n"),
        "a conflict without its type": (409, "text/plain", b"5\n"),
        "a conflict with another spelling": (409, SIZE_TYPE, b"05\n"),
        "a conflict without an end": (409, SIZE_TYPE, b"5"),
        "a conflict with a number for ever": (409, SIZE_TYPE, b"1" * 9999 + b"\n"),
        "a redirect": (307, "text/plain", b""),
    }


def new_signer_line() -> bytes:
    return f"{LOG.sign(HONEST.head(5), time=NOW)}\n".encode()


@pytest.mark.parametrize("kind", list(bad_replies()))
def test_an_answer_that_does_not_hold_is_refused(kind: str) -> None:
    with answering(lambda *_: bad_replies()[kind]) as url, pytest.raises(EvidenceError, match=url):
        ask(url, KEYS, HONEST.note(5), prove(5))


def test_a_conflict_that_does_not_say_it_is_a_size_is_no_size() -> None:
    reply = (409, "text/plain", b"3\n")
    with answering(lambda *_: reply) as url, pytest.raises(EvidenceError, match="refused, status 409: 3"):
        ask(url, KEYS, HONEST.note(5), prove(5))


def test_a_witness_that_always_names_another_size_is_left() -> None:
    sizes = iter([1, 2, 3, 4, 5])
    with answering(lambda *_: (409, SIZE_TYPE, b"%d\n" % next(sizes))) as url:
        with pytest.raises(EvidenceError, match="another size"):
            ask(url, KEYS, HONEST.note(9), prove(9))
        assert next(sizes) == ATTEMPTS + 1


def test_one_that_fails_costs_only_its_own_cosignature(tmp_path: Path) -> None:
    with serving(new_witness(tmp_path)) as url, trickling(b"HTTP/1.1 200 OK\r\n", for_seconds=5) as slow:
        asked = ask_witnesses(HONEST.note(5), policy(url, slow).witnesses.values(), prove(5), seconds=0.3)
    assert [s.key_id for s in asked.cosignatures] == [KEYS[0].key_id]
    assert list(asked.problems) == ["w1"]


def test_a_key_that_the_witness_does_not_use_and_one_without_address_are_named(tmp_path: Path) -> None:
    half = Witness(tmp_path, SIGNERS[:1], [LOG.verifier], clock=lambda: NOW)
    with serving(half) as url:
        asked = ask_witnesses(HONEST.note(5), policy(url, url).witnesses.values(), prove(5))
        assert (len(asked.cosignatures), list(asked.problems)) == (1, ["w1"])
    nowhere = parse_policy(f"witness w {KEYS[0]}\nquorum w\n".encode())
    assert ask_witnesses(HONEST.note(5), nowhere.witnesses.values(), prove(5)).problems == {
        "w": "the policy gives no address"
    }


def test_two_copies_of_a_log_asking_at_once_do_not_fail(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    results: list[int] = []
    with serving(witness) as url:

        def run(size: int) -> None:
            results.append(len(ask(url, KEYS, Note(HONEST.note(size).text, HONEST.note(size).signatures), prove(size))))

        run(5)
        threads = [threading.Thread(target=run, args=(9,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [2, 2, 2]
