"""What a register took back, as a host reads it from an entry's public file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from register_sites import Published
from registers import AMEND, CLAIMS, DRAFT, OTHER, Story, evidence
from stillwatch.errors import RegistryError
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.registry.changes import Change, Decide, FileAppeal, Signed
from stillwatch.registry.nouns import Ground
from stillwatch.registry.records import Leaf, Record
from stillwatch.registry.reversals import find_reversed, read_entry_file
from stillwatch.registry.statuses import Status


def record_of(*changes: Change) -> Record:
    """Return the record of an entry with two pieces of evidence that was appealed, and then this."""
    story, leaves = Story(), []
    told = story.do

    def do(change: Change, **how: object) -> object:
        made = told(change, **how)  # type: ignore[arg-type]
        leaves.append(Leaf(len(leaves), b"", Signed(story.at, "x", change)))
        return made

    story.do = do  # type: ignore[method-assign,assignment]
    story.published(DRAFT, evidence(1), evidence(2))
    story.do(FileAppeal("its counsel", (Ground.EVIDENCE_FLAWED,), "It is."))
    for change in changes:
        story.do(change, by=OTHER)
    return Record("R-1", story.entry, tuple(leaves))


def test_a_withdrawn_entry_takes_back_all_its_evidence(published: Published) -> None:
    record = read_entry_file(published.site / "entries/R-3.json", published.site / "policy.txt")
    assert find_reversed(record) == [evidence()]


def test_an_entry_that_stands_takes_nothing_back(published: Published) -> None:
    record = read_entry_file(published.site / "entries/R-1.json", published.site / "policy.txt")
    assert find_reversed(record) == []


def test_a_correction_takes_back_what_it_strikes_and_no_more() -> None:
    struck = Decide(Status.CORRECTED, "One goes.", struck=(evidence(2).bundle,))
    assert find_reversed(record_of(struck)) == [evidence(2)]
    less = Decide(Status.CORRECTED, "Less.", replace(AMEND, claims=CLAIMS[:1]))
    assert find_reversed(record_of(less)) == []
    assert find_reversed(record_of(Decide(Status.UPHELD, "It stands."))) == []


def test_an_erased_entry_says_no_longer_what_it_rested_on(published: Published) -> None:
    record = read_entry_file(published.site / "entries/R-4.json", published.site / "policy.txt")
    with pytest.raises(RegistryError, match="it was erased"):
        find_reversed(record)


def test_nothing_follows_from_an_entry_that_does_not_hold(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "R-3.json"
    said = (published.site / "entries/R-3.json").read_text("utf-8")
    file.write_text(said.replace('"step\\":3', '"step\\":4'), "utf-8")
    with pytest.raises(RegistryError, match="nothing follows from it"):
        read_entry_file(file, published.site / "policy.txt")
    other = tmp_path / "policy.txt"
    other.write_text(f"log {new_signer('register.example', Algorithm.ED25519).verifier}\nquorum none\n")
    with pytest.raises(RegistryError, match="not signed by a key"):
        read_entry_file(published.site / "entries/R-3.json", other)
