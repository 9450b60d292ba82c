"""Protocol Buffers' wire format, against the examples of its specification and against Google's own library."""

from __future__ import annotations

import pytest
from google.protobuf import struct_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.gateway.adapters import wire

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_examples_of_the_specification() -> None:
    assert wire.write(1, 150) == bytes.fromhex("089601")
    assert wire.write(2, "testing") == bytes.fromhex("120774657374696e67")
    assert list(wire.fields(bytes.fromhex("0896011207" + b"testing".hex()))) == [(1, 150), (2, b"testing")]


@CALM
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=5))
def test_googles_library_reads_what_is_written_here(values: dict[str, str]) -> None:
    # Struct.fields = 1, an entry has key = 1 and value = 2, Value.string_value = 3
    entries = [wire.write(1, k) + wire.write(2, wire.write(3, v)) for k, v in values.items()]
    raw = b"".join(wire.write(1, entry) for entry in entries)
    read = struct_pb2.Struct.FromString(raw)
    assert {k: v.string_value for k, v in read.fields.items()} == values


@CALM
@given(st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False), max_size=5))
def test_fields_that_nobody_asked_for_are_skipped(values: dict[str, float]) -> None:
    struct = struct_pb2.Struct()
    struct.update(values)
    entries = list(wire.messages(struct.SerializeToString(), 1))
    assert {wire.text(entry, 1) for entry in entries} == set(values)
    assert all(wire.whole(wire.message(entry, 2), 1) == 0 for entry in entries)


@CALM
@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read = list(wire.fields(raw))
    except wire.WireError:
        return
    assert all(isinstance(value, int | bytes) for _, value in read)


@pytest.mark.parametrize("raw", [b"\x08", b"\x12\x05abc", b"\x0b", b"\x08" + b"\xff" * 10 + b"\x01", b"\x0d\x00"])
def test_what_is_cut_off_is_refused(raw: bytes) -> None:
    with pytest.raises(wire.WireError):
        list(wire.fields(raw))
