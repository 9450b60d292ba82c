"""The book: everything goes in once, whatever kills it; what is erased is gone; keys follow one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from evidence_calls import calls, open_book, settings_in

from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Appended, Book
from stillwatch.evidence.canonical import parse_canonical
from stillwatch.evidence.checking import check_log, check_openings
from stillwatch.evidence.checkpoints import open_checkpoint
from stillwatch.evidence.events import Event
from stillwatch.evidence.notes import Algorithm, VerifierKey


class Killed(BaseException):
    """Stands for kill -9: nothing handles it."""


def die_at(name: str) -> Callable[[str], None]:
    def step(now: str) -> None:
        if now == name:
            raise Killed

    return step


def entries(book: Book) -> list[dict[str, object]]:
    return [parse_canonical(e) for e in book.log.reader().entries()]


def kinds(book: Book) -> list[str]:
    return [str(e["kind"]) for e in entries(book)]


def published(folder: Path) -> bytes:
    return (folder / "evidence/log/public/checkpoint").read_bytes()


def test_the_first_entry_says_whose_log_it_is(tmp_path: Path) -> None:
    with Book(settings_in(tmp_path, origin="log.example/1", ml_dsa=True), clock=lambda: 1_700_000_000.0) as book:
        (first,) = entries(book)
        keys = [VerifierKey.parse(k) for k in first["keys"]]  # type: ignore[attr-defined]
        assert (first["kind"], first["origin"], first["made_at"]) == ("log", "log.example/1", 1_700_000_000)
        assert [k.algorithm for k in keys] == [Algorithm.ED25519, Algorithm.ML_DSA_44_COSIGNATURE]
    head, note = open_checkpoint(published(tmp_path), keys)
    assert (head.origin, len(note.signatures)) == ("log.example/1", 2)


def test_a_call_goes_in_once_however_often_it_is_appended(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        assert book.append_calls([calls(0, 5)]) == Appended(5, 5, 1)
        assert book.append_calls([calls(3, 4), calls(0, 3)]) == Appended(7, 2, 6)
    with open_book(tmp_path) as again:
        assert again.append_calls([calls(0, 8)]) == Appended(8, 1, 8)
        assert kinds(again) == ["log"] + ["call"] * 8


def test_a_call_that_is_twice_in_a_batch_goes_in_once(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        twice = calls(0, 2).take([0, 1, 0, 1])
        assert book.append_calls([twice]) == Appended(4, 2, 1)


def test_the_vault_opens_what_was_appended(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 3), calls(3, 300)])
        assert check_openings(book.log.reader(), book.vault) == 303
        assert book.vault.find("account", "a1") == list(range(2, 304, 2))


def test_many_calls_are_encoded_by_further_processes_with_the_same_result(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        assert book.append_calls([calls(i * 10, 10) for i in range(7)], workers=2) == Appended(70, 70, 1)
        assert check_openings(book.log.reader(), book.vault) == 70
        said = [e.get("output_tokens") for e in entries(book)[1:]]
        assert said == list(range(70))


@pytest.mark.parametrize("step", ["vault", "stage", "publish", "note", "swap"])
def test_killed_between_any_two_steps_every_call_is_in_once_and_can_be_opened(tmp_path: Path, step: str) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 300)])
    book = open_book(tmp_path)
    book._step = book.log._step = die_at(step)
    with pytest.raises(Killed):
        book.append_calls([calls(300, 300)])
    book.log._lock.close()
    with open_book(tmp_path) as again:
        assert again.append_calls([calls(0, 600)]).new == (300 if step in {"vault", "stage"} else 0)
        assert kinds(again) == ["log"] + ["call"] * 600
        assert check_openings(again.log.reader(), again.vault) == 600
        check_log(again.log.reader())


def test_after_a_failed_append_the_book_has_to_be_opened_again(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    book._step = die_at("vault")
    with pytest.raises(Killed):
        book.append_calls([calls(0, 2)])
    book._step = str
    with pytest.raises(EvidenceError, match="open the book again"):
        book.append_calls([calls(2, 2)])
    book.close()
    with open_book(tmp_path) as again:
        assert again.append_calls([calls(0, 4)]).new == 4


def test_a_file_is_noted_once(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        assert book.append_source("ab", Appended(5, 3, 7)) == 1
        assert book.append_source("ab", Appended(5, 0)) is None
    with open_book(tmp_path) as again:
        assert again.events.sources == {"ab"}
        assert entries(again)[1] == {"v": 1, "kind": "source", "sha256": "ab", "calls": 5, "new": 3, "first": 7}


def test_a_finding_is_logged_once_and_again_when_it_changed(tmp_path: Path) -> None:
    found = {"campaign": "C-1", "accounts": 3, "calls": 9, "strength_bits": 4.5}
    with open_book(tmp_path) as book:
        assert book.append_finding(found, report="aa") == 1
        assert book.append_finding(found, report="bb") is None
        assert book.append_finding(found | {"strength_bits": 4.6}, report="bb") == 2


def test_an_event_named_once_is_logged_once_and_its_private_part_can_be_opened(tmp_path: Path) -> None:
    event = Event("decision", {"at": 5}, {"account": "a0", "note": "{}"}, once=b"line")
    with open_book(tmp_path) as book:
        assert book.append_events([event, event]) == 1
        assert book.append_events([event]) is None
    with open_book(tmp_path) as again:
        assert again.append_events([event]) is None
        assert [fields for _, _, fields in again.vault.read([1])] == [{"account": "a0", "note": "{}"}]
        assert b"a0" not in again.log.reader().entry(1)


def test_what_is_erased_is_gone_logged_and_still_proved(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 10)])
        before = book.log.reader().entry(3)
        assert book.erase(book.vault.find("account", "a0"), reason="asked for") == 5
        assert book.erase([1], reason="again") == 0
        assert book.vault.find("account", "a0") == []
        assert book.log.reader().entry(3) == before
        check_log(book.log.reader())
        assert entries(book)[11] == {
            "v": 1,
            "kind": "erasure",
            "count": 5,
            "indices": [1, 3, 5, 7, 9],
            "reason": "asked for",
        }
        assert book.append_calls([calls(0, 10)]).new == 0
    assert not [f for f in (tmp_path / "evidence/vault").glob("*.parquet") if b"question" in f.read_bytes()]


def test_many_records_are_erased_in_several_entries(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 3_500)])
        assert book.erase(range(1, 3_501), reason="all") == 3_500
        assert [e["count"] for e in entries(book) if e["kind"] == "erasure"] == [3_000, 500]


@pytest.mark.parametrize(("step", "erased"), [("erasure", False), ("destroy", True)])
def test_an_erasure_that_was_logged_is_carried_out_at_the_next_start(
    tmp_path: Path, step: str, *, erased: bool
) -> None:
    book = open_book(tmp_path)
    book.append_calls([calls(0, 4)])
    book._step = die_at(step)
    with pytest.raises(Killed):
        book.erase([1, 2], reason="asked for")
    book.log._lock.close()
    with open_book(tmp_path) as again:
        assert ("erasure" in kinds(again)) is erased
        assert (again.vault.find("call_id", "c0") == []) is erased


def test_an_entry_that_is_not_there_cannot_be_erased(tmp_path: Path) -> None:
    with open_book(tmp_path) as book, pytest.raises(EvidenceError, match="entry 7"):
        book.erase([7], reason="x")


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        (old,) = book.keys.current
        book.append_calls([calls(0, 2)])
        earlier = published(tmp_path)
        book.rotate()
        (new,) = book.keys.current
        at_rotation = published(tmp_path)
        book.append_calls([calls(2, 2)])
        said = entries(book)[3]
    assert (said["kind"], said["vkeys"], said["retired"]) == ("key", [str(new)], [str(old)])
    for data, signed_by in [(earlier, {old}), (at_rotation, {old, new}), (published(tmp_path), {new})]:
        _, note = open_checkpoint(data, book.keys.every)
        assert {key for key, _ in note.by(book.keys.every)} == signed_by
    with open_book(tmp_path) as again:
        assert again.keys.current == (new,)
    assert [p.name for p in (tmp_path / "evidence/log/keys").glob("*.pem")] == [f"{new.key_id.hex()}.pem"]


@pytest.mark.parametrize("step", ["new keys", "log keys", "stage", "publish", "note", "swap", "switch keys"])
def test_killed_within_a_rotation_the_log_has_the_keys_it_says(tmp_path: Path, step: str) -> None:
    book = open_book(tmp_path)
    book.append_calls([calls(0, 2)])
    (old,) = book.keys.current
    book._step = die_at(step)
    with pytest.raises(Killed):
        book.rotate()
    book.log._lock.close()
    with open_book(tmp_path) as again:
        (now,) = again.keys.current
        assert again.keys.coming == ()
        assert ("key" in kinds(again)) is (now != old) is (step not in {"new keys", "log keys", "stage"})
        again.append_calls([calls(2, 2)])
    with open_book(tmp_path) as once_more:
        assert once_more.append_calls([calls(0, 4)]).new == 0
        open_checkpoint(published(tmp_path), [now])


def test_keys_under_a_passphrase_need_it(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse\n")
    guarded = settings_in(tmp_path, passphrase_file=tmp_path / "passphrase")
    with Book(guarded, clock=lambda: 1.0) as book:
        book.rotate()
    assert all(b"ENCRYPTED" in p.read_bytes() for p in (tmp_path / "evidence/log/keys").glob("*.pem"))
    with pytest.raises(EvidenceError, match="passphrase"):
        open_book(tmp_path)
    with Book(guarded, clock=lambda: 1.0) as again:
        assert kinds(again) == ["log", "key"]


def test_another_deployment_key_is_refused_for_every_call_would_be_logged_again(tmp_path: Path) -> None:
    open_book(tmp_path).close()
    (tmp_path / "key").unlink()
    with pytest.raises(EvidenceError, match="restore that key"):
        open_book(tmp_path)


def test_a_log_keeps_its_name(tmp_path: Path) -> None:
    open_book(tmp_path).close()
    with pytest.raises(EvidenceError, match="name another folder"):
        Book(settings_in(tmp_path, origin="other.example"), clock=lambda: 1.0)


def test_nothing_is_begun_where_that_was_not_asked_for(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no log was begun here"):
        open_book(tmp_path, create=False)
    assert not (tmp_path / "evidence").exists()


def test_an_edited_entry_is_noticed_at_start(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_calls([calls(0, 600)])
    bundle = tmp_path / "evidence/log/public/tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"output_tokens":7,', b'"output_tokens":8,', 1))
    with pytest.raises(EvidenceError, match="edited"):
        open_book(tmp_path)
