"""Trust policies: read as C2SP tlog-policy says, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from hashlib import shake_256
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import EvidenceError
from stillwatch.evidence import quorum
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import PUBLIC_KEY_BYTES, Algorithm, VerifierKey
from stillwatch.evidence.quorum import OURS, parse_policy


def named_key(name: str, algorithm: Algorithm) -> VerifierKey:
    """Return a key that is the same in every process: tests are named after texts that hold it."""
    size = PUBLIC_KEY_BYTES[algorithm]
    return VerifierKey(name, algorithm, shake_256(name.encode()).digest(size))


LOG = named_key("example.com/log", Algorithm.ED25519)
NAMES = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
KEYS = {n: named_key(f"witness.example/{n}", Algorithm.ED25519_COSIGNATURE) for n in NAMES}
LATTICE = named_key("witness.example/pq", Algorithm.ML_DSA_44_COSIGNATURE)
WITNESSES = "".join(f"witness {n} {k}\n" for n, k in KEYS.items())

# The example of the specification, with keys filled in.
EXAMPLE = f"""\
log {LOG}

{WITNESSES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def policy(text: str) -> quorum.Policy:
    return parse_policy(text.encode("utf-8", "surrogateescape"))


def test_the_specification_s_example_means_what_it_says() -> None:
    example = policy(EXAMPLE)
    assert example.log_keys == [LOG]
    for cosigned in chain.from_iterable(combinations(NAMES, n) for n in range(7)):
        xs, ys = sum(n[0] == "X" for n in cosigned), sum(n[0] == "Y" for n in cosigned)
        assert example.is_met(cosigned) == (xs >= 2 and ys >= 1)


def test_a_policy_may_name_no_log_and_need_no_witness() -> None:
    alone = policy("# nobody\n \t\nquorum none\n")
    assert (alone.logs, alone.is_met([])) == ((), True)


def test_a_quorum_may_be_one_witness_and_a_stranger_does_not_make_it() -> None:
    one = policy(f"witness X1 {KEYS['X1']}\nquorum X1\n")
    assert [one.is_met(c) for c in ([], ["X2"], ["X1"])] == [False, False, True]


def test_tabs_spaces_addresses_comments_and_lattice_keys_are_allowed() -> None:
    read = policy(
        f"\t # comment\n  log\t{LOG}   https://log.example \nwitness \t pq {LATTICE} https://w.example/\nquorum pq\t\n"
    )
    assert read.logs[0].url == "https://log.example"
    assert (read.witnesses["pq"].key, read.witnesses["pq"].url) == (LATTICE, "https://w.example/")


def test_names_are_bytes_not_letters() -> None:
    kelvin, invalid = "\u212a", "\udcff\udcfe"
    read = policy(f"witness K {KEYS['X1']}\nwitness {kelvin} {KEYS['X2']}\nwitness {invalid} {KEYS['X3']}\n"
                  f"group g all K {kelvin} {invalid}\nquorum g\n")  # fmt: skip
    assert read.is_met(["K", kelvin, invalid])
    assert not read.is_met(["K", kelvin])


def test_an_odd_space_is_part_of_a_name() -> None:
    assert "a\u00a0b" in policy(f"witness a\u00a0b {KEYS['X1']}\nquorum none\n").witnesses


def test_at_least_32_logs_witnesses_and_groups_are_supported() -> None:
    many = [new_signer(f"w/{i}", Algorithm.ED25519_COSIGNATURE).verifier for i in range(64)]
    logs = "".join(f"log {new_signer(f'l/{i}', Algorithm.ED25519).verifier}\n" for i in range(64))
    lines = "".join(f"witness w{i} {k}\ngroup g{i} all w{i}{f' g{i - 1}' if i else ''}\n" for i, k in enumerate(many))
    read = policy(f"{logs}{lines}quorum g63\n")
    assert len(read.logs) == 64
    assert read.is_met([f"w{i}" for i in range(64)])
    assert not read.is_met([f"w{i}" for i in range(1, 64)])


W1, W2 = f"witness X1 {KEYS['X1']}\n", f"witness X2 {KEYS['X2']}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no quorum"),
        (W1, "no quorum"),
        ("quorum none", ":1: the last line has no newline"),
        ("quorum none\nquorum none\n", ":2: a second quorum"),
        ("quorum X1\n" + W1, ":1: 'X1' is not defined"),
        ("quorum\n", ":1: a quorum line with 0 items"),
        ("quorum none none\n", ":1: a quorum line with 2 items"),
        ("Quorum none\n", ":1: 'Quorum' is not log"),
        ("quorum none\r\n", ":1: the byte 0x0d"),
        ("quorum none\n# a\x7f\n", ":2: the byte 0x7f"),
        ("quorum none\n\x00\n", ":2: the byte 0x00"),
        (W1 + W1.replace("X1 ", "again "), ":2: witness 'again': an earlier witness has the same public key"),
        (W1 + W2.replace("X2 ", "X1 "), ":2: 'X1' is defined already"),
        (W1.replace("X1 ", "none "), ":1: 'none' is defined already"),
        (W1 + "group X1 any X1\n", ":2: 'X1' is defined already"),
        (W1 + "group g any g\n", ":2: 'g' is not defined"),
        (W1 + "group g any X1 X1\n", ":2: 'X1' cannot be a member"),
        (W1 + "group g any X1\ngroup h any X1\n", ":3: 'X1' cannot be a member"),
        (W1 + "group g any none\n", ":2: 'none' cannot be a member"),
        (W1 + "group g any\n", ":2: a group line with 2 items"),
        (W1 + "group g 0 X1\n", ":2: group 'g': '0' is not"),
        (W1 + "group g 2 X1\n", ":2: group 'g': '2' is not"),
        (W1 + "group g 01 X1\n", ":2: group 'g': '01' is not"),
        (W1 + "group g +1 X1\n", ":2: group 'g': '+1' is not"),
        (W1 + "group g -1 X1\n", ":2: group 'g': '-1' is not"),
        (W1 + f"group g {'9' * 5000} X1\n", ":2: group 'g'"),
        (W1 + "group g ALL X1\n", ":2: group 'g': 'ALL' is not"),
        (W1.replace("\n", " https://a b\n"), ":1: a witness line with 4 items"),
        (f"log {LOG}\nlog {LOG}\n", ":2: log example.com/log: an earlier log"),
        (f"log {KEYS['X1']}\n", ":1: log witness.example/X1: a key of type ED25519_COSIGNATURE"),
        (f"witness w {LOG}\n", ":1: witness example.com/log: a key of type ED25519 is"),
        (f"witness w {LOG}\u2003\n", ":1: "),
        ("witness w a\udcff+00000000+AAAA\n", ":1: the witness's vkey is not UTF-8"),
        ("log example.com\n", ":1: vkey"),
    ],
)
def test_what_the_format_does_not_allow_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        policy(text)
    assert says in str(refused.value)


def test_a_policy_that_is_too_long_is_refused() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        parse_policy(b"#" * (quorum.MAX_POLICY_BYTES + 1))


def test_two_keys_with_one_name_and_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # A real collision takes 2**32 keys; this makes all of them collide.
    monkeypatch.setattr(VerifierKey, "key_id", property(lambda _: b"\1\2\3\4"))
    a, b = (new_signer("witness.example/w", Algorithm.ED25519_COSIGNATURE).verifier for _ in "ab")
    with pytest.raises(EvidenceError, match=r":2: witness witness\.example/w: another key has the same name and id"):
        policy(f"witness a {a}\nwitness b {b}\nquorum none\n")


def test_a_witness_with_the_log_s_own_key_is_ours_whatever_is_said_of_it() -> None:
    own = VerifierKey("w.example", Algorithm.ED25519_COSIGNATURE, LOG.public_key)
    read = policy(f"log {LOG}\nwitness w {own}\n{W1}quorum w\n").run_by({"w": "University", "X1": "Institute"})
    assert {name: w.run_by for name, w in read.witnesses.items()} == {"w": OURS, "X1": "Institute"}


def test_saying_who_runs_a_witness_that_is_not_there_is_refused() -> None:
    with pytest.raises(EvidenceError, match="'X2'"):
        policy(W1 + "quorum X1\n").run_by({"X2": OURS})


@given(st.sets(st.sampled_from(NAMES)), st.integers(1, 3), st.integers(1, 2))
def test_one_more_cosignature_never_breaks_a_quorum(cosigned: set[str], inner: int, outer: int) -> None:
    read = policy(f"{WITNESSES}group x {inner} X1 X2 X3\ngroup all-of-it {outer} x Y1\nquorum all-of-it\n")
    for more in NAMES:
        assert read.is_met(cosigned | {more}) >= read.is_met(cosigned)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_refused(data: bytes) -> None:
    with suppress(EvidenceError):
        parse_policy(data)
