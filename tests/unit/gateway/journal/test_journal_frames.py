import json
import random
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.journal.frames import MARK, Damage, Frame, Kind, decode, encode

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
frames = st.tuples(
    st.sampled_from([Kind.ADMIT, Kind.FINISH, Kind.NOTE]), st.text(), st.dictionaries(st.text(), values, max_size=4)
)


def written(*, count: int = 3) -> list[bytes]:
    return [encode(Kind.ADMIT, f"call-{n}", {"account": "a", "prompt": "x" * 20 * n}) for n in range(count)]


def ids(data: bytes, damage: Damage | None = None) -> list[str]:
    return [frame.about for frame in decode(data, damage)]


def test_a_frame_is_as_its_description_says() -> None:
    """Written by hand from the module's text: the format on disk must not drift."""
    payload = b'["c",{"n":1}]'
    by_hand = b"\xff\x53\x57A" + struct.pack("<II", len(payload), crc32(b"A" + payload)) + payload
    assert encode(Kind.ADMIT, "c", {"n": 1}) == by_hand
    assert list(decode(by_hand)) == [Frame(Kind.ADMIT, "c", {"n": 1})]


@given(st.lists(frames, max_size=6))
def test_what_is_written_is_read_back(rows: list[tuple[Kind, str, dict[str, object]]]) -> None:
    damage = Damage()
    read = list(decode(b"".join(encode(*row) for row in rows), damage))
    assert [(f.kind, f.about, f.row) for f in read] == rows
    assert damage == Damage()


@given(st.lists(frames, min_size=1, max_size=4), st.data())
def test_whatever_is_cut_off_the_whole_frames_before_it_stay(
    rows: list[tuple[Kind, str, dict[str, object]]], data: st.DataObject
) -> None:
    whole = [encode(*row) for row in rows]
    text = b"".join(whole)
    cut = data.draw(st.integers(0, len(text)))
    ends = [sum(map(len, whole[: n + 1])) for n in range(len(whole))]
    kept = sum(end <= cut for end in ends)
    damage = Damage()
    assert len(list(decode(text[:cut], damage))) == kept
    assert damage.torn_bytes == cut - ([0, *ends][kept])
    assert damage.lost_bytes == 0


@pytest.mark.parametrize("seed", range(20))
def test_damage_in_one_frame_leaves_the_others(seed: int) -> None:
    draw = random.Random(seed)
    whole = written(count=5)
    hurt = draw.randrange(4)
    broken = bytearray(whole[hurt])
    broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
    damage = Damage()
    found = ids(b"".join([*whole[:hurt], bytes(broken), *whole[hurt + 1 :]]), damage)
    assert found == [f"call-{n}" for n in range(5) if n != hurt]
    assert damage == Damage(torn_bytes=0, lost_bytes=len(broken))


def test_pages_of_zeros_between_frames_are_passed_over() -> None:
    first, second, _ = written()
    damage = Damage()
    assert ids(first + bytes(4096) + second, damage) == ["call-0", "call-1"]
    assert damage.lost_bytes == 4096


def test_a_prompt_cannot_hold_a_frame() -> None:
    forged = encode(Kind.FINISH, "someone-else", {"status": 200}).decode("latin-1")
    torn = encode(Kind.ADMIT, "mine", {"prompt": forged, "raw": MARK.decode("latin-1")})
    assert MARK not in torn[1:]
    assert ids(torn[:-1]) == []


def test_what_is_no_json_is_written_as_its_text() -> None:
    row = {"lone": "\ud800", "huge": 1 << 90, "object": pytest, "bytes": b"x"}
    (read,) = decode(encode(Kind.NOTE, "n", row))
    assert read.row == {"lone": "\ud800", "huge": 1 << 90, "object": str(pytest), "bytes": "b'x'"}


def test_nesting_beyond_reason_loses_that_value_only() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    (read,) = decode(encode(Kind.ADMIT, "c", {"account": "a", "messages": deep}))
    assert read.row == {"account": "a", "messages": "(list left out)"}


def test_a_length_beyond_reason_is_damage() -> None:
    lying = struct.pack("<3scII", MARK, b"A", 0xFFFFFFFF, 0)
    assert ids(lying + written()[0]) == ["call-0"]


def test_payloads_are_json_that_others_can_read() -> None:
    assert json.loads(encode(Kind.ADMIT, "c", {"prompt": "ü"})[12:]) == ["c", {"prompt": "ü"}]
