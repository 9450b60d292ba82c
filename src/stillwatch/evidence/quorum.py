"""Trust policies (C2SP tlog-policy): which logs, which witnesses, and how many of them must have cosigned."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from stillwatch.errors import EvidenceError
from stillwatch.evidence.notes import Algorithm, VerifierKey

NONE = "none"
"""The predefined name of a quorum that needs no witness."""
OURS = "us"
"""``run_by`` of a witness that the log's own operator runs: it proves nothing to anybody else."""
MAX_POLICY_BYTES = 1 << 20
"""32 logs, witnesses and groups, the least to support, take 70 kB even with ML-DSA-44 keys."""

LOG_ALGORITHMS = (Algorithm.ED25519, Algorithm.ML_DSA_44_COSIGNATURE)
WITNESS_ALGORITHMS = (Algorithm.ED25519_COSIGNATURE, Algorithm.ML_DSA_44_COSIGNATURE)

# Tab, newline, 0x20 to 0x7E and everything with the high bit set (tlog-policy, "Character set").
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is accepted; the key's name is its origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the name that this policy gives it; ``run_by`` says who runs it, where somebody has said so."""

    name: str
    key: VerifierKey
    url: str | None = None
    run_by: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the log's own operator runs it."""
        return self.run_by == OURS


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses what at least ``needed`` of its members (witnesses or earlier groups) have witnessed."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A trust policy; groups are in the order in which the file defines them."""

    quorum: str
    logs: tuple[PolicyLog, ...] = ()
    witnesses: Mapping[str, Witness] = field(default_factory=lambda: MappingProxyType({}))
    groups: tuple[Group, ...] = ()

    @property
    def log_keys(self) -> list[VerifierKey]:
        """The keys of all accepted logs."""
        return [log.key for log in self.logs]

    def is_met(self, cosigned: Collection[str]) -> bool:
        """Answer whether the quorum is reached when the witnesses of these names have cosigned."""
        met = set(cosigned) & set(self.witnesses)
        for group in self.groups:
            if len(met.intersection(group.members)) >= group.needed:
                met.add(group.name)
        return self.quorum == NONE or self.quorum in met

    def run_by(self, operators: Mapping[str, str]) -> Policy:
        """Return the policy with a note of who runs which witness. Raises EvidenceError for a name it does not have.

        A witness with a key of one of the logs is ours whatever the note says.
        """
        if unknown := sorted(set(operators) - set(self.witnesses)):
            raise EvidenceError(
                f"witness {unknown[0]!r}: the policy has none of that name; take it out or add it there"
            )
        own = {log.key.public_key for log in self.logs}
        witnesses = {
            name: replace(w, run_by=OURS if w.key.public_key in own else operators.get(name))
            for name, w in self.witnesses.items()
        }
        return replace(self, witnesses=MappingProxyType(witnesses))


def parse_policy(data: bytes, *, where: str = "policy") -> Policy:
    """Read a policy file. Raises EvidenceError, with ``where`` and the line, for anything the format does not allow."""
    if len(data) > MAX_POLICY_BYTES:
        raise EvidenceError(f"{where}: {len(data):,} bytes, more than {MAX_POLICY_BYTES:,}")
    if bad := _FORBIDDEN.search(data):
        at = data.count(b"\n", 0, bad.start()) + 1
        raise EvidenceError(f"{where}:{at}: the byte 0x{bad[0].hex()} is not allowed; save it with LF line ends")
    lines = data.split(b"\n")
    if lines.pop():
        raise EvidenceError(f"{where}:{len(lines) + 1}: the last line has no newline; the file may be cut off")
    draft = _Draft()
    for number, line in enumerate(lines, 1):
        # Names are opaque bytes: surrogateescape keeps different ones different.
        items = [i for i in re.split(r"[ \t]+", line.decode("utf-8", "surrogateescape")) if i]
        if items and not items[0].startswith("#"):
            try:
                draft.add(items)
            except EvidenceError as problem:
                raise EvidenceError(f"{where}:{number}: {problem}") from None
    if draft.quorum is None:
        raise EvidenceError(f"{where}: no quorum line; write `quorum NAME`, or `quorum none` to need no witness")
    policy = Policy(draft.quorum, tuple(draft.logs), MappingProxyType(draft.witnesses), tuple(draft.groups))
    return policy.run_by({})


class _Draft:
    """The policy as far as it has been read."""

    def __init__(self) -> None:
        self.quorum: str | None = None
        self.logs: list[PolicyLog] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: list[Group] = []
        self._names = {NONE}
        self._members: set[str] = set()
        self._keys: dict[tuple[str, bytes], VerifierKey] = {}

    def add(self, items: list[str]) -> None:
        match items:
            case ["log", vkey] | ["log", vkey, _]:
                self._add_log(vkey, *items[2:])
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                self._add_witness(name, vkey, *items[3:])
            case ["group", name, needed, _, *_]:
                self._add_group(name, needed, tuple(items[3:]))
            case ["quorum", name]:
                self._set_quorum(name)
            case ["log" | "witness" | "group" | "quorum", *_]:
                raise EvidenceError(f"a {items[0]} line with {len(items) - 1} items; see c2sp.org/tlog-policy")
            case _:
                raise EvidenceError(f"{items[0]!r} is not log, witness, group or quorum")

    def _add_log(self, vkey: str, url: str | None = None) -> None:
        key = self._key(vkey, LOG_ALGORITHMS, "log")
        if any(key.public_key == log.key.public_key for log in self.logs):
            raise EvidenceError(f"log {key.name}: an earlier log has the same public key")
        self.logs.append(PolicyLog(key, url))

    def _add_witness(self, name: str, vkey: str, url: str | None = None) -> None:
        key = self._key(vkey, WITNESS_ALGORITHMS, "witness")
        self._define(name)
        if any(key.public_key == w.key.public_key for w in self.witnesses.values()):
            raise EvidenceError(f"witness {name!r}: an earlier witness has the same public key")
        self.witnesses[name] = Witness(name, key, url)

    def _add_group(self, name: str, needed: str, members: tuple[str, ...]) -> None:
        for member in members:
            self._check_defined(member)
            if member == NONE or member in self._members:
                raise EvidenceError(f"{member!r} cannot be a member here: it may be one at most once, `none` never")
            self._members.add(member)
        self._define(name)
        count = {"any": 1, "all": len(members)}.get(needed) or (int(needed) if _COUNT.fullmatch(needed) else 0)
        if not 1 <= count <= len(members):
            raise EvidenceError(f"group {name!r}: {needed!r} is not all, any or a number from 1 to {len(members)}")
        self.groups.append(Group(name, count, members))

    def _set_quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise EvidenceError("a second quorum line")
        self._check_defined(name)
        self.quorum = name

    def _define(self, name: str) -> None:
        if name in self._names:
            raise EvidenceError(f"{name!r} is defined already")
        self._names.add(name)

    def _check_defined(self, name: str) -> None:
        if name not in self._names:
            raise EvidenceError(f"{name!r} is not defined on an earlier line")

    def _key(self, vkey: str, algorithms: tuple[Algorithm, ...], role: str) -> VerifierKey:
        try:
            vkey.encode()
        except UnicodeEncodeError:
            raise EvidenceError(f"the {role}'s vkey is not UTF-8") from None
        key = VerifierKey.parse(vkey)
        if str(key) != vkey:
            raise EvidenceError(f"{role} {key.name}: the vkey has stray characters")
        if key.algorithm not in algorithms:
            raise EvidenceError(f"{role} {key.name}: a key of type {key.algorithm.name} is not for a {role}")
        # Four bytes of key id can be made to collide; a signature line could then be by either key.
        if self._keys.setdefault((key.name, key.key_id), key).public_key != key.public_key:
            raise EvidenceError(f"{role} {key.name}: another key has the same name and id {key.key_id.hex()}")
        return key
