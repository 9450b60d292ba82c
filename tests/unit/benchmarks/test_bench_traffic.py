from __future__ import annotations

import orjson
import pytest
from benchmarks.traffic import prefix_of
from hand_made import call, traffic


def test_calls_of_an_account_are_in_order_of_time() -> None:
    log = traffic([call("a", 5), call("b", 1), call("a", 2)])
    assert {log.names[i]: calls.tolist() for i, calls in enumerate(log.calls_of)} == {"a": [2, 0], "b": [1]}


@pytest.mark.parametrize(
    ("messages", "user", "system"),
    [
        ([{"role": "system", "content": "S"}, {"role": "user", "content": "one"}], "one", "S"),
        ([{"role": "user", "content": "one"}, {"role": "user", "content": [{"text": "two"}]}], "two", ""),
        ("plain text", "plain text", ""),
    ],
)
def test_texts_are_read_from_messages(messages: object, user: str, system: str) -> None:
    said = messages if isinstance(messages, str) else orjson.dumps(messages).decode()
    log = traffic([{**call("a", 0, ""), "messages": said}])
    assert (log.users, log.systems) == ([user], [system])


def test_a_column_that_the_log_lacks_is_unknown() -> None:
    log = traffic([call("a", 0)])
    assert log.column("temperature") == [None]
    assert log.attribute("payment_fingerprint") == [None]


def test_prefixes_of_both_kinds_of_address() -> None:
    assert prefix_of("192.0.2.17") == "192.0.2"
    assert prefix_of("2001:db8:7::1") == "2001:db8:7"
