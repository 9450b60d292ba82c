"""Rows of the call log to rows of fingerprints."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.ingest.fingerprint import Batch, Fingerprinter
from stillwatch.ingest.names import Seen
from stillwatch.records import BANDS, CALL_LOG, CALLS, LANGUAGES, Cue

KEY = bytes(range(32))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def log(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Make a batch of the call log; what a row does not say is null, required columns aside."""
    filled = [
        {"call_id": f"call-{i}", "account": "a", "started_at": START, "model": "m"} | row for i, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(filled, CALL_LOG.schema)


def batch(*rows: dict[str, Any], key: bytes = KEY) -> Batch:
    return Fingerprinter(key).fingerprint(log(*rows))


def column(name: str, *rows: dict[str, Any], key: bytes = KEY) -> list[Any]:
    values: list[Any] = batch(*rows, key=key).columns[name].to_pylist()
    return values


def prompts(*texts: str | None) -> list[dict[str, Any]]:
    return [{"prompt": text} for text in texts]


def of_template(count: int) -> list[dict[str, Any]]:
    return prompts(
        *(f"Explain to a curious reader what the following number has to say: {n} and why" for n in range(count))
    )


def test_gives_every_column_but_the_skeleton() -> None:
    columns = batch({"prompt": "x"}).columns
    assert set(columns) == {c.name for c in CALLS.columns} - {"skeleton", "skeleton_words"}


def test_bands_can_be_left_out_and_nothing_else_changes() -> None:
    rows = log(*prompts("Solve this step by step: 2 + 2", None))
    whole, without = (Fingerprinter(KEY, bands=bands).fingerprint(rows).columns for bands in (True, False))
    assert set(whole) - set(without) == set(BANDS)
    assert all(without[name] == whole[name] for name in without)


def test_the_item_is_blind_to_case_white_space_and_punctuation() -> None:
    one, other, third = column("item", *prompts("What is  LOVE?", "what is\n\nlove", "what is hate"))
    assert one == other != third


def test_the_item_of_a_very_long_text_sees_its_length() -> None:
    same = "word " * 10_000
    one, other = column("item", *prompts(same, same + "word " * 500))
    assert one != other


@pytest.mark.parametrize("text", [None, "", "   ", "\n", "?!", "\U0001f600", "\x00"])
def test_a_text_without_words_has_no_item(text: str | None) -> None:
    found = batch({"prompt": text, "system": text})
    for name in ("item", "system", "artefact"):
        assert found.columns[name].to_pylist() == [None]
    assert found.columns["words"].to_pylist() == [0]


def test_a_message_list_is_read_like_its_text() -> None:
    messages = json.dumps(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Caf\u00e9 \u4e2d?"}]
    )
    one, other = ({"messages": messages}, {"prompt": "Caf\u00e9 \u4e2d?", "system": "Be brief."})
    for name in ("item", "system", "words", "characters", "band_0", "topic_3"):
        values = column(name, one, other)
        assert values[0] == values[1]


def test_the_system_column_counts_where_messages_have_none() -> None:
    messages = json.dumps([{"role": "user", "content": "x"}])
    one, other = column("system", {"messages": messages, "system": "be brief"}, {"prompt": "y", "system": "be brief"})
    assert one == other


def test_system_text_of_the_messages_comes_before_the_column() -> None:
    messages = json.dumps([{"role": "system", "content": "be kind"}, {"role": "user", "content": "x"}])
    one, other = column("system", {"messages": messages, "system": "be brief"}, {"messages": messages})
    assert one == other


def test_lengths_and_turns_are_counted() -> None:
    messages = json.dumps(
        [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": "y"},
            {"role": "user", "content": "a\u4e2d b"},
        ]
    )
    found = batch({"messages": messages})
    assert [found.columns[name].to_pylist() for name in ("characters", "words", "turns")] == [[4], [3], [1]]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "What is the best way to learn this"),
        ("ja", "\u3053\u308c\u306f\u4f55\u3067\u3059\u304b"),
        ("zh", "\u8fd9\u662f\u4ec0\u4e48\u610f\u601d\u5462"),
        ("ru", "\u041a\u0430\u043a \u044d\u0442\u043e \u0440\u0430\u0431\u043e\u0442\u0430\u0435\u0442"),
        ("fr", "Quel est le sens de cette phrase pour vous"),
        ("latin", "lorem ipsum dolor"),
        ("und", "1234"),
    ],
)
def test_the_language_is_guessed(code: str, text: str) -> None:
    assert LANGUAGES[column("language", {"prompt": text})[0]] in {code, "latin" if code == "und" else code}


def test_structure_sets_cues() -> None:
    options, examples, nothing = column(
        "cues", *prompts("Which? (A) x (B) y (C) z", "Q: a\nA: b\nQ: c\nA: d\nQ: e\nA:", "hello there")
    )
    assert Cue(options) & Cue.OPTIONS
    assert Cue(examples) & Cue.FEW_SHOT
    assert nothing == 0


def test_cues_of_system_and_user_text_add_up() -> None:
    found = column("cues", {"prompt": "Answer step by step.", "system": "Output JSON."})[0]
    assert Cue(found) & (Cue.REASONING | Cue.JSON_CONTAINER) == Cue.REASONING | Cue.JSON_CONTAINER


def test_another_key_gives_other_values() -> None:
    row = {
        "prompt": "tell me about " + "Q" * 120,
        "system": "be brief and kind",
        "client_address": "192.0.2.7",
        "client_asn": 64500,
        "temperature": 0.5,
        "user_agent": "u",
        "channel": "c",
        "tls_fingerprint": "t",
    }
    one, other = batch(row).columns, batch(row, key=bytes(32)).columns
    keyed = ["call", "account", "model", "channel", "address", "prefix", "asn", "user_agent", "tls_fingerprint"]
    keyed += [
        "parameters",
        "system",
        "item",
        "artefact",
        *(f"band_{i}" for i in range(8)),
        *(f"topic_{i}" for i in range(4)),
    ]
    for name in keyed:
        assert one[name][0].is_valid
        assert one[name].to_pylist() != other[name].to_pylist(), name


def test_kinds_are_keyed_apart() -> None:
    found = batch({"account": "same", "model": "same", "channel": "same", "call_id": "same"}).columns
    assert len({found[name][0].as_py() for name in ("account", "model", "channel", "call")}) == 4


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("[2001:db8:1::9]", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        (" 192.0.2.77 ", "192.0.2.0/24"),
        ("999.1.2.3", None),
        ("192.0.2", None),
        ("192.0.2.77:443", None),
        ("mallory/24", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("beside", ["198.51.100.1", "2001:db8::1"])
def test_addresses_are_grouped_by_prefix(address: str, prefix: str | None, beside: str) -> None:
    found = batch({"client_address": address}, {"client_address": beside}, {"client_address": None})
    value = found.columns["prefix"].to_pylist()[0]
    assert found.names["prefix"].beyond(Seen()).get(value) == prefix
    assert (value is None) == (prefix is None)
    assert found.columns["address"].to_pylist()[2] is None


def test_addresses_of_one_prefix_share_it() -> None:
    rows = [{"client_address": a} for a in ("192.0.2.1", "192.0.2.200", "::ffff:192.0.2.9", "192.0.3.1")]
    one, two, three, four = column("prefix", *rows)
    assert one == two == three != four


def test_parameters_are_null_only_where_none_is_known() -> None:
    same, again, other, none, zero = column(
        "parameters",
        {"temperature": 0.0, "n": 1},
        {"temperature": -0.0, "n": 1},
        {"temperature": 0.7, "n": 1},
        {},
        {"stream": False},
    )
    assert same == again != other
    assert none is None
    assert zero is not None


def test_statuses_are_read() -> None:
    statuses = (None, 200, 299, 429, 403, 500)
    rows = [{"status": status} for status in statuses]
    assert column("completed", *rows) == [True, True, True, False, False, False]
    assert column("refused_by_limit", *rows) == [False, False, False, True, True, False]


def test_counts_beyond_32_bits_are_cut() -> None:
    assert column("input_tokens", {"input_tokens": 1 << 60}, {"input_tokens": -(1 << 60)}, {}) == [
        2**31 - 1,
        -(2**31),
        None,
    ]


AWKWARD = [
    None,
    "",
    "\x00" * 100,
    "[" * 1000,
    '[{"role": "user", "content": "\\ud800 alone"}]',
    '[{"role": "user", "content": "\\udc00\\ud800"}]',
    '[{"role": "user", "content": "cut',
    '[{"role": "user", "content": null}]',
    '"' * 999,
    "`" * 999,
    "<" * 999,
    "\u300c" * 999,
    "\U0001f600" * 999,
    "\u00e9" * 16_385,
    "\u4e2d" * 20_000,
    "x" * 10_000_000,
    json.dumps([{"role": "user", "content": "word " * 200_000}]),
    "((a)(b)(c)" * 50,
]


def test_awkward_rows_never_stop_a_scan() -> None:
    rows = [{"messages": text} for text in AWKWARD] + [{"prompt": text, "system": text} for text in AWKWARD]
    found = batch(*rows)
    assert len(found.columns["item"]) == len(rows)
    assert found.columns["item"].to_pylist()[4] is not None


def test_an_awkward_row_changes_no_other() -> None:
    between = [{"messages": text} for text in AWKWARD]
    alone = column("item", {"prompt": "quiet words", "call_id": "q"})
    for awkward in between:
        assert column("item", awkward, {"prompt": "quiet words", "call_id": "q"})[1:] == alone


def test_an_empty_batch_is_empty() -> None:
    assert len(Fingerprinter(KEY).fingerprint(log().slice(0)).columns["call"]) == 0


def test_a_slice_of_a_batch_gives_its_rows() -> None:
    rows = [*of_template(20), {"messages": '[{"role": "user", "content": "m"}]'}, *prompts(None, "end")]
    whole = Fingerprinter(KEY).fingerprint(log(*rows))
    part = Fingerprinter(KEY).fingerprint(log(*rows).slice(7, 15))
    for name, values in part.columns.items():
        assert values.to_pylist() == whole.columns[name].slice(7, 15).to_pylist(), name


def test_names_say_what_keyed_values_stand_for() -> None:
    prints = Fingerprinter(KEY)
    made = prints.fingerprint(log({"account": "anna", "client_asn": 64500, "client_address": "192.0.2.1"}))
    prints.remember(made)
    assert prints.names["account"][made.columns["account"][0].as_py()] == "anna"
    assert prints.names["asn"][made.columns["asn"][0].as_py()] == "64500"
    assert prints.names["prefix"][made.columns["prefix"][0].as_py()] == "192.0.2.0/24"
    assert prints.keyed("account", "anna") == made.columns["account"][0].as_py()


def test_samples_are_chosen_by_the_call_and_nothing_else() -> None:
    rows = prompts(*(f"text {i}" for i in range(400)))
    sampled = Fingerprinter(KEY, sample_every=8).fingerprint(log(*rows)).samples
    later = Fingerprinter(KEY, sample_every=8).fingerprint(log(*rows).slice(100, 50)).samples
    assert 20 <= len(sampled) <= 90
    assert later.items() <= sampled.items()
