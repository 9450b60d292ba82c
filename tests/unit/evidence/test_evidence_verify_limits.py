"""What is exactly at a limit of the verifier is taken, and what is one beyond it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundles import NOW, Files, Host, refused
from stillwatch.evidence import verify
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note


def test_so_many_files_and_no_more(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.pack(tmp_path / "b.zip")
    monkeypatch.setattr(verify, "MAX_FILES", len(files.contents))
    verify.Verification(path)
    monkeypatch.setattr(verify, "MAX_FILES", len(files.contents) - 1)
    refused(path, "more than")


def test_so_many_bytes_in_all_and_no_more(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.pack(tmp_path / "b.zip")
    monkeypatch.setattr(verify, "MAX_ALL", sum(map(len, files.contents.values())))
    verify.Verification(path)
    monkeypatch.setattr(verify, "MAX_ALL", sum(map(len, files.contents.values())) - 1)
    refused(path, "a zip bomb: more than")


def test_so_many_bytes_a_file_and_no_more(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.pack(tmp_path / "b.zip")
    monkeypatch.setattr(verify, "MAX_FILE", max(map(len, files.contents.values())))
    verify.Verification(path)
    monkeypatch.setattr(verify, "MAX_FILE", max(map(len, files.contents.values())) - 1)
    refused(path, ": a zip bomb")


def test_so_many_bytes_of_a_file_that_is_read_whole(bundle: Path) -> None:
    opened = verify.Bundle(bundle)
    size = opened.sizes["heads.json"]
    assert len(opened.read("heads.json", size)) == size
    with pytest.raises(verify.Refused, match=r"heads.json: larger than"):
        opened.read("heads.json", size - 1)


@pytest.mark.parametrize(("lines", "taken"), [(64, True), (65, False)])
def test_so_many_signature_lines_and_no_more(host: Host, lines: int, *, taken: bool) -> None:
    note = str(host.note)
    note += "— other.example/log AAAAAAAAAAAA\n" * (lines - 1)
    policy = verify.Policy(host.policy(), "policy")
    if taken:
        verify.Checkpoint(note.encode(), policy, "checkpoint")
        return
    with pytest.raises(verify.Refused, match="too many"):
        verify.Checkpoint(note.encode(), policy, "checkpoint")


@pytest.mark.parametrize(("time", "taken"), [(1, True), (2**63 - 1, True), (2**63, False), (0, False)])
def test_a_cosignature_is_of_a_time_that_there_is(host: Host, time: int, *, taken: bool) -> None:
    witness = new_signer("w.example", Algorithm.ED25519_COSIGNATURE)
    note = str(host.note.signed([witness.sign(host.reader.checkpoint, time=time)])).encode()
    policy = verify.Policy(host.policy(witness), "policy")
    if taken:
        assert verify.Checkpoint(note, policy, "checkpoint").times == {"w0": time}
        return
    with pytest.raises(verify.Refused, match="has no time"):
        verify.Checkpoint(note, policy, "checkpoint")


def test_a_key_that_the_policy_has_for_one_log_signs_no_checkpoint_of_another(host: Host) -> None:
    other = new_signer("other.example/log", Algorithm.ED25519)
    theirs = Checkpoint("example.com/log", 3, bytes(32))
    note = str(Note(theirs.text, (other.sign(theirs, time=NOW),))).encode()
    both = verify.Policy(f"log {host.signer.verifier}\nlog {other.verifier}\nquorum none\n", "policy")
    with pytest.raises(verify.Refused, match=r"not signed by a key that the policy has for the log example\.com/log"):
        verify.Checkpoint(note, both, "checkpoint")
