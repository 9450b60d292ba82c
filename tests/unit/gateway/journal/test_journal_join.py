import random

import pytest

from stillwatch.gateway.journal.frames import Frame, Kind
from stillwatch.gateway.journal.join import join_frames


def admit(call: str, **row: object) -> Frame:
    return Frame(Kind.ADMIT, call, {"account": "a", **row})


def finish(call: str, **row: object) -> Frame:
    return Frame(Kind.FINISH, call, {"status": 200, **row})


def test_beginning_and_end_are_one_call() -> None:
    joined = join_frames([admit("1"), admit("2"), finish("1", output_tokens=7)], carried={}, alive=True)
    assert joined.calls == [{"call_id": "1", "account": "a", "status": 200, "output_tokens": 7}]
    assert list(joined.open) == ["2"]


def test_an_end_finds_a_beginning_of_an_earlier_segment() -> None:
    before = join_frames([admit("1", model="m")], carried={}, alive=True)
    after = join_frames([finish("1")], carried=before.open, alive=True)
    assert after.calls == [{"call_id": "1", "account": "a", "model": "m", "status": 200}]
    assert not after.open


def test_what_a_dead_worker_left_open_has_no_status() -> None:
    joined = join_frames([admit("1"), admit("2"), finish("2")], carried={"0": {"call_id": "0"}}, alive=False)
    assert {c["call_id"]: c["status"] for c in joined.calls} == {"0": None, "1": None, "2": 200}
    assert joined.partial == 2
    assert not joined.open


def test_an_end_without_a_beginning_is_counted() -> None:
    joined = join_frames([finish("1"), admit("2"), finish("2"), finish("2")], carried={}, alive=True)
    assert len(joined.calls) == 1
    assert joined.strays == 2


def test_a_call_cannot_rename_itself() -> None:
    joined = join_frames([admit("1", call_id="x"), finish("1", call_id="y")], carried={}, alive=True)
    assert joined.calls[0]["call_id"] == "1"


def test_notes_are_no_calls() -> None:
    joined = join_frames(
        [Frame(Kind.NOTE, "refusal", {"at": 1.0}), Frame(Kind.HEADER, "r", {})], carried={}, alive=True
    )
    assert joined.notes == [{"kind": "refusal", "at": 1.0}]
    assert not joined.calls


@pytest.mark.parametrize("seed", range(30))
def test_however_frames_are_cut_into_segments_each_call_comes_out_once(seed: int) -> None:
    draw = random.Random(seed)
    frames = [admit(str(n)) for n in range(40)]
    for n in draw.sample(range(40), 30):
        at = next(i for i, f in enumerate(frames) if f.about == str(n))
        frames.insert(draw.randint(at + 1, len(frames)), finish(str(n)))
    cuts = sorted(draw.sample(range(len(frames)), 4))
    carried: dict[str, dict[str, object]] = {}
    calls = []
    for start, end in zip([0, *cuts], [*cuts, len(frames)], strict=True):
        joined = join_frames(frames[start:end], carried=carried, alive=end < len(frames))
        carried = joined.open
        calls += joined.calls
    assert sorted(int(c["call_id"]) for c in calls) == list(range(40))
    assert sum(c["status"] is None for c in calls) == 10
