"""The witness: every status in the specification's order, never back, never a fork."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tree
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint, verify_signature
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note, parse_note, parse_signature
from stillwatch.evidence.witness.split_views import verify_split_view
from stillwatch.evidence.witness.submission import MAX_SUBMISSION_BYTES, Submission
from stillwatch.evidence.witness.witness import Witness
from witness_parties import LOG, NOW, ORIGIN, SIGNERS, FakeLog, new_witness

HONEST = FakeLog()
ID = sha256(ORIGIN.encode()).hexdigest()


def submit(witness: Witness, old: int, size: int, *, log: FakeLog = HONEST) -> int:
    return witness.add_checkpoint(log.body(old, size)).status


def test_cosignatures_of_both_kinds_hold_for_the_whole_tree(tmp_path: Path) -> None:
    answer = new_witness(tmp_path).add_checkpoint(HONEST.body(0, 5))
    lines = answer.body.decode().split("\n")
    assert (answer.status, lines.pop()) == (200, "")
    found = Note(HONEST.head(5).text, tuple(map(parse_signature, lines))).by([s.verifier for s in SIGNERS])
    assert [verify_signature(key, HONEST.head(5), s) for key, s in found] == [NOW, NOW]


def test_growth_is_cosigned_and_the_size_known_to_monitors(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    assert [submit(witness, *step) for step in [(0, 0), (0, 3), (3, 3), (3, 300)]] == [200] * 4
    answer = witness.checkpoint(ID)
    head, note = open_checkpoint(answer.body, [LOG.verifier])
    assert (answer.status, head, len(note.signatures)) == (200, HONEST.head(300), 3)


def test_a_monitor_s_question_about_an_unknown_log_is_not_found(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    assert [witness.checkpoint(h).status for h in (ID, "0" * 64)] == [404, 404]


OTHER = new_signer(ORIGIN, Algorithm.ED25519)
ALIEN = FakeLog(signer=new_signer("alien.example", Algorithm.ED25519), origin="alien.example")
EMPTY_LIE = Checkpoint(ORIGIN, 0, bytes(32))
BROKEN = replace(HONEST.note(5), signatures=(replace(HONEST.note(5).signatures[0], value=bytes(64)),))


def raw(old: int, note: Note, proof: tuple[bytes, ...] = ()) -> bytes:
    return bytes(Submission(old, proof, str(note).encode()))


# The witness has cosigned size 4. Each is wrong in every later way as well, so that the order is what is tested.
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 4\n\n" + bytes(MAX_SUBMISSION_BYTES), 400),
        (raw(4, Note("example.com/log\n05\nAAAA\n", HONEST.note(5).signatures)), 400),
        (raw(9, ALIEN.note(5), (bytes(32),)), 404),
        (raw(9, FakeLog(signer=OTHER).note(5), (bytes(32),)), 403),
        (raw(9, BROKEN, (bytes(32),)), 403),
        (raw(9, HONEST.note(5).signed(BROKEN.signatures), (bytes(32),)), 403),
        (raw(9, HONEST.note(5), (bytes(32),)), 400),
        (raw(5, HONEST.note(5), (bytes(32),)), 409),
        (raw(3, HONEST.note(5), (bytes(32),)), 409),
        (raw(0, HONEST.note(5), (bytes(32),)), 409),
        (raw(4, HONEST.note(5), (bytes(32),)), 422),
        (raw(4, HONEST.note(5)), 422),
        (raw(4, HONEST.note(4), (bytes(32),)), 422),
        (raw(4, FakeLog(fork=3).note(4)), 422),
        (raw(4, FakeLog(fork=3).note(5), tuple(FakeLog(fork=3).proof(4, 5))), 422),
        (raw(4, HONEST.note(5), tuple(HONEST.proof(4, 5))), 200),
    ],
)
def test_each_status_comes_in_the_specification_s_order(tmp_path: Path, body: bytes, status: int) -> None:
    witness = new_witness(tmp_path)
    assert submit(witness, 0, 4) == 200
    answer = witness.add_checkpoint(body)
    assert answer.status == status, answer.body
    if status == 409:
        assert (answer.body, answer.content_type) == (b"4\n", "text/x.tlog.size")
    latest = Checkpoint.parse(parse_note(witness.checkpoint(ID).body).text)
    assert latest == HONEST.head(5 if status == 200 else 4)


@pytest.mark.parametrize(
    "body",
    [
        raw(0, Note(EMPTY_LIE.text, (LOG.sign(EMPTY_LIE, time=NOW),))),
        raw(0, HONEST.note(0), (bytes(32),)),
        raw(0, HONEST.note(5), (bytes(32),)),
    ],
)
def test_a_false_beginning_is_refused(tmp_path: Path, body: bytes) -> None:
    assert new_witness(tmp_path).add_checkpoint(body).status == 422


def test_a_signature_by_an_unknown_key_is_ignored_and_goes_no_further(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    both = HONEST.note(5).signed([OTHER.sign(HONEST.head(5), time=NOW)])
    assert witness.add_checkpoint(raw(0, both)).status == 200
    assert OTHER.verifier.key_id not in {s.key_id for s in parse_note(witness.checkpoint(ID).body).signatures}


@pytest.mark.parametrize("old", [0, 4, 9])
def test_a_split_view_is_refused_and_kept_as_proof_whatever_old_size_it_names(tmp_path: Path, old: int) -> None:
    witness, liar = new_witness(tmp_path), FakeLog(fork=2)
    assert [submit(witness, 0, 4), submit(witness, 4, 9)] == [200, 200]
    size = 9 if old == 9 else 4
    assert witness.add_checkpoint(raw(old, liar.note(size))).status in {409, 422}
    (kept,) = (tmp_path / "split-views").iterdir()
    assert verify_split_view(kept.read_bytes(), [LOG.verifier]) == (HONEST.head(size), liar.head(size))


def test_a_wrong_proof_alone_is_no_proof_of_a_lie(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    submit(witness, 0, 4)
    assert witness.add_checkpoint(raw(4, HONEST.note(9), (bytes(32),))).status == 422
    assert not (tmp_path / "split-views").exists()


def test_two_requests_at_once_cannot_roll_the_witness_back(tmp_path: Path) -> None:
    """The race of the specification: A (to 8) and B (to 200) both saw size 4; A is held where the hole would be."""
    answers: dict[str, int] = {}
    entered, overtaken = threading.Event(), threading.Event()

    def hold(step: str) -> None:
        if step == "store":
            entered.set()
            overtaken.wait(0.5)  # in vain, unless B can pass while A is between its check and its store

    def overtake() -> None:
        answers["b"] = submit(new_witness(tmp_path), 4, 200)
        overtaken.set()

    first = new_witness(tmp_path)
    submit(first, 0, 4)
    slow = new_witness(tmp_path, step=hold)
    a = threading.Thread(target=lambda: answers.update(a=submit(slow, 4, 8)))
    b = threading.Thread(target=overtake)
    a.start()
    assert entered.wait(5)
    b.start()
    a.join(10)
    b.join(10)
    assert answers == {"a": 200, "b": 409}
    assert Checkpoint.parse(parse_note(first.checkpoint(ID).body).text).size == 8


def test_of_many_requests_from_one_size_one_is_cosigned(tmp_path: Path) -> None:
    witnesses = [new_witness(tmp_path) for _ in range(8)]
    submit(witnesses[0], 0, 4)
    start = threading.Barrier(8)
    statuses: list[int] = []

    def race(witness: Witness, size: int) -> None:
        start.wait()
        statuses.append(submit(witness, 4, size))

    threads = [threading.Thread(target=race, args=(w, 5 + i)) for i, w in enumerate(witnesses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


class Killed(BaseException):
    """Stands for kill -9: nothing handles it."""


@pytest.mark.parametrize("die_at", ["turn", "sign", "store"])
def test_a_crash_before_the_answer_leaves_a_witness_that_goes_on(tmp_path: Path, die_at: str) -> None:
    def die(step: str) -> None:
        if step == die_at:
            raise Killed

    submit(new_witness(tmp_path), 0, 4)
    with pytest.raises(Killed):
        submit(new_witness(tmp_path, step=die), 4, 9)
    again = new_witness(tmp_path)
    assert [submit(again, 4, 7), submit(again, 7, 9)] == [200, 200]


def test_what_was_cosigned_is_stored_before_the_answer(tmp_path: Path) -> None:
    submit(new_witness(tmp_path), 0, 4)
    with sqlite3.connect(tmp_path / "memory.sqlite") as database:
        assert database.execute("SELECT origin, size FROM cosigned").fetchall() == [(ORIGIN, 4)]
    database.close()


def test_a_memory_that_fails_cosigns_nothing(tmp_path: Path) -> None:
    witness = new_witness(tmp_path)
    (tmp_path / "memory.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(EvidenceError, match=r"memory\.sqlite"):
        submit(witness, 0, 4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from([None, 2, 6])), max_size=12))
def test_whatever_is_asked_the_cosigned_trees_are_one_history(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, int | None]]
) -> None:
    witness, sizes, history = new_witness(tmp_path_factory.mktemp("w")), [0], [HONEST.head(0)]
    for old, size, fork in asked:
        log = FakeLog(fork=fork)
        body = log.body(old, size) if old <= size else raw(old, log.note(size))
        if witness.add_checkpoint(body).status == 200:
            assert old == sizes[-1]
            proof = log.proof(old, size)
            tree.verify_consistency(
                old=old, new=size, proof=proof, old_root=history[-1].root, new_root=log.head(size).root
            )
            sizes.append(size)
            history.append(log.head(size))
    assert sizes == sorted(sizes)
