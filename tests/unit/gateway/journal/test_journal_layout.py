from pathlib import Path

import pytest

from stillwatch.errors import JournalError
from stillwatch.gateway.journal.layout import Layout, State, new_run

RUN = "0123456789abcdef"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "journal")
    made.create()
    return made


def test_everything_is_its_owner_s_only(layout: Layout) -> None:
    folders = [layout.folder, layout.wal, layout.sealed, layout.text, layout.notes, layout.rejects]
    assert {f.stat().st_mode & 0o777 for f in folders} == {0o700}


def test_segments_are_in_order_of_their_numbers(layout: Layout) -> None:
    for number in (10, 9, 1):
        layout.segment_path(RUN, number, State.CLOSED).touch()
    layout.segment_path(RUN, 11, State.OPEN).touch()
    (layout.wal / "something else.wal").touch()
    assert [(s.number, s.state) for s in layout.segments()] == [(1, "wal"), (9, "wal"), (10, "wal"), (11, "open")]
    assert layout.runs() == [RUN]


def test_the_last_sealed_segment_of_a_run_stays_while_the_run_has_anything_left(layout: Layout) -> None:
    first, last = (layout.sealed_path(f"{RUN}-{n:08d}") for n in (1, 2))
    first.touch()
    last.touch()
    layout.sealed_path("merged-0").touch()
    assert layout.sealed_through() == {RUN: 2}
    assert layout.pinned() == set()
    layout.lock_path(RUN).touch()
    assert layout.pinned() == {last}


def test_nothing_of_a_journal_but_fingerprints_is_taken_for_a_log(layout: Layout) -> None:
    from stillwatch.ingest.files import _is_log  # noqa: PLC0415 - what scan reads of a folder

    name = f"{RUN}-00000001"
    others = [layout.text_path(name), layout.notes_path(name), layout.rejects_path(name), layout.lock_path(RUN)]
    others += [layout.segment_path(RUN, 1, state) for state in State]
    assert not [p for p in others if _is_log(p)]
    assert _is_log(layout.sealed_path(name))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be made"):
        Layout(tmp_path / "file" / "journal").create()


def test_runs_have_names_of_their_own() -> None:
    assert len({new_run() for _ in range(1000)}) == 1000
