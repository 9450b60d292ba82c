#!/usr/bin/env python3
"""Check an evidence bundle offline: python verify.py BUNDLE.zip [--policy FILE] [--seen FILE] [--require RUNG].

Needs Python 3.11 and the package ``cryptography``, and nothing of those who made the bundle. Take this file from
somewhere else than the bundle, and bring a policy (c2sp.org/tlog-policy): the log's key, the witnesses that you trust.
Formats: RFC 6962 (tree), c2sp.org/signed-note, /tlog-checkpoint and /tlog-cosignature, DSSE and in-toto (manifest),
RFC 9901 section 4.2 (disclosures). RFC 3161 time-stamps are left to OpenSSL.

Exit code 0: what the bundle undertakes to prove holds. 1: something does not, or the file is unsafe. What it only
states is printed as NOT VERIFIED and leaves the exit code as it is, unless you ``--require`` it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:  # ML-DSA-44 came to ``cryptography`` in version 47; without it such signatures count for nothing
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:
    MLDSA44PublicKey = None  # type: ignore[assignment,misc]

MAX_FILES, MAX_FILE, MAX_ALL, MAX_JSON, MAX_RATIO, MAX_ENTRY = 20_000, 2**31, 2**33, 2**24, 200, 2**16
Say = Callable[[str], object]
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
PREDICATE = "urn:stillwatch:evidence-bundle:1"
RUNGS = ("volume", "coordination", "attribution", "training-use")
MARKS = ("not claimed", "inferred", "observed")  # the weakest first; a second source makes it "corroborated"
LEAST_SAMPLE = 59  # of which none is bad: with 95 % confidence 95 % of the list is good
BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, zlib.error, zipfile.BadZipFile,
          struct.error, EOFError, OSError, MemoryError, ArithmeticError, NotImplementedError)  # fmt: skip
TRUTH = """
A log proves WHAT WAS RECORDED and, with witnesses or time-stamps, BY WHEN. It does not prove that the record is true: a
host can record calls that nobody made. Truth needs a second source. SUMMARY.html, README.txt and every sentence in the
claims are the host's words: they are signed, and no program can check them."""


class Refused(Exception):  # noqa: N818 - what happened to the bundle
    """The bundle is unsafe, malformed, or says what does not hold; the text says which."""


def need(holds: object, why: str) -> None:
    """Refuse unless this holds."""
    if not holds:
        raise Refused(why)


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of data."""
    return hashlib.sha256(data).digest()


def unbase64(text: str, what: str) -> bytes:
    """Decode padded standard base64 and refuse every other spelling of the same bytes."""
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, f"{what}: base64 with stray bits")
    return raw


def url_base64(raw: bytes) -> str:
    """Encode as RFC 9901 does: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parse(data: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object in which no key occurs twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), f"{what}: a key occurs twice")
        return dict(pairs)

    value = json.loads(data, object_pairs_hook=once)
    need(isinstance(value, dict), f"{what}: not a JSON object")
    return dict(value)


def plain(text: object) -> str:
    """Write text from outside so that it cannot move the cursor, begin a line or turn round on a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(text))


def canonical(value: object) -> bytes:
    """Write JSON in its one form (RFC 8785; here without fractions)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# -- the container: nothing is ever written to disk -------------------------------------------------------------------


class Bundle:
    """A zip in which every byte outside the files' contents is what a plain zip of these files has."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        infos = self.zip.infolist()
        self.sizes = {i.filename: i.file_size for i in infos}
        need(len(infos) <= MAX_FILES, f"{len(infos)} files, more than {MAX_FILES}")
        need(len(self.sizes) == len(infos), "a file name occurs twice in the zip")
        need(list(self.sizes) == sorted(self.sizes), "the zip's files are not in order")
        need(sum(self.sizes.values()) <= MAX_ALL, "a zip bomb: more than 8 GiB in all")
        with path.open("rb") as raw:
            central = b"".join(self._member(raw, i) for i in infos)
            at, count = raw.tell(), len(infos)
            end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central), at, 0)
            need(raw.read() == central + end, "the zip hides bytes, or its directory disagrees with its files")

    def _member(self, raw: io.BufferedReader, i: zipfile.ZipInfo) -> bytes:
        """Check one file's header at this place, go past the file, and return what the directory must say of it."""
        what, name, at = ascii(i.filename[:80]), i.filename.encode(), raw.tell()
        need(NAME.fullmatch(i.filename), f"{what}: a name that could lead out of a folder")
        need(i.external_attr == 0o100644 << 16, f"{what}: a link, folder or device, or open to others")
        need(i.file_size <= min(MAX_FILE, i.compress_size * MAX_RATIO + 4096), f"{what}: a zip bomb")
        need(i.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), f"{what}: packed in another way")
        common = (20, 0, i.compress_type, 0, 0x21, i.CRC, i.compress_size, i.file_size, len(name), 0)
        head = struct.pack("<4s5H3L2H", b"PK\3\4", *common) + name
        need(i.header_offset == at and raw.read(len(head)) == head, f"{what}: zip headers that disagree")
        raw.seek(i.compress_size, io.SEEK_CUR)
        return struct.pack("<4sH5H3L5H2L", b"PK\1\2", 20 | 3 << 8, *common, 0, 0, 0, i.external_attr, at) + name

    def stream(self, name: str) -> io.BufferedReader:
        """Open a file for reading in pieces."""
        need(name in self.sizes, f"{name} is missing")
        return io.BufferedReader(self.zip.open(name), 1 << 20)  # type: ignore[arg-type]  # it reads, which is enough

    def read(self, name: str, most: int = MAX_JSON) -> bytes:
        """Return a file of at most this many bytes."""
        need(self.sizes.get(name, 0) <= most, f"{name}: larger than {most:,} bytes")
        with self.stream(name) as file:
            return file.read()

    def json(self, name: str) -> dict[str, Any]:
        """Return a small file that holds a JSON object."""
        return parse(self.read(name), name)


class Key:
    """A vkey: name+id+base64(type || public key), of type 1 Ed25519, 4 its cosignature, 6 ML-DSA-44 cosignature."""

    def __init__(self, text: str, kinds: tuple[int, int]) -> None:
        self.name, key_id, encoded = text.split("+", 2)  # base64 has + too
        raw = unbase64(encoded, f"vkey {self.name}")
        self.id, self.kind, self.raw = sha256(self.name.encode() + b"\n" + raw)[:4], raw[0], raw[1:]
        need(self.id.hex() == key_id and self.kind in kinds, f"vkey {self.name}: of unknown type, or altered")

    def check(self, message: bytes, signature: bytes, what: str) -> None:
        """Refuse unless the signature holds."""
        kind = MLDSA44PublicKey if self.kind == 6 else Ed25519PublicKey
        try:
            kind.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise Refused(f"{what}: the signature by {self.name} does not hold") from None


class Policy:
    """Which log keys count, which witnesses, and how many of them."""

    def __init__(self, text: str, what: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        self.quorum = ""
        for line in text.splitlines():
            names = {*self.witnesses, *self.groups}
            match [] if line.lstrip().startswith("#") else line.split():
                case []:
                    pass
                case ["log", vkey] | ["log", vkey, _]:
                    self.logs.append(Key(vkey, (1, 6)))
                case ["witness", name, vkey] | ["witness", name, vkey, _] if name not in names:
                    self.witnesses[name] = Key(vkey, (4, 6))
                case ["group", name, wanted, *members] if name not in names:
                    count = {"any": 1, "all": len(members)}.get(wanted) or int(wanted)
                    known = len(set(members) & (names - {"none"}))
                    need(1 <= count <= len(members) == known, f"{what}: group {name}: an unknown member, or too few")
                    self.groups[name] = (count, members)
                case ["quorum", name] if not self.quorum and name in names:
                    self.quorum = name
                case _:
                    raise Refused(f"{what}: a line that means nothing here: {line[:80]!r}")
        keys = [key.raw for key in (*self.logs, *self.witnesses.values())]
        need(self.quorum and self.logs and len(set(keys)) == len(keys), f"{what}: no quorum, no log, or a key twice")

    def met(self, signed: set[str], name: str) -> bool:
        """Say whether the witnesses that signed are enough for the group or witness of this name."""
        count, members = self.groups.get(name, (1, []))
        return name in signed or (name in self.groups and sum(self.met(signed, m) for m in members) >= count)


def read_note(data: bytes, what: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a signed note's text, and of each signature line the name and the bytes behind it: key id, signature."""
    body, _, lines = data.decode().rpartition("\n\n")
    need(body and lines.endswith("\n") and lines.count("\n") <= 64, f"{what}: no whole signature lines, or too many")
    signatures = []
    for line in lines[:-1].split("\n"):
        found = re.fullmatch(r"— (\S+) (\S+)", line) or [""] * 3
        raw = unbase64(found[2], f"{what}: the signature line {line[:60]!r}")
        need(len(raw) > 4, f"{what}: no signature line: {line[:60]!r}")
        signatures.append((found[1], raw))
    return body + "\n", signatures


class Checkpoint:
    """A signed tree head: origin, size, root; which log keys signed it, and at what time which witnesses did."""

    def __init__(self, note: bytes, policy: Policy, what: str) -> None:
        self.note, self.what, (self.text, signatures) = note, what, read_note(note, what)
        rows = self.text[:-1].split("\n")
        need(len(rows) >= 3 and all(rows) and re.fullmatch("0|[1-9][0-9]{0,18}", rows[1]), f"{what}: no checkpoint")
        self.origin, self.size, self.root = rows[0], int(rows[1]), unbase64(rows[2], f"{what}: the root")
        self.signers, self.times = set[str](), dict[str, int]()
        for found, raw in signatures:
            keys = [("", key) for key in policy.logs if key.name == self.origin] + [*policy.witnesses.items()]
            for name, key in keys:
                if (key.name, key.id) == (found, raw[:4]):
                    self._check(name, key, raw[4:])
        need(self.signers, f"{what}: not signed by a key that the policy has for the log {self.origin}")

    def _check(self, witness: str, key: Key, value: bytes) -> None:
        """Take note of a known key's signature; ``witness`` is empty for the log. Refuse one that does not hold."""
        message, time = self.text.encode(), 0
        if key.kind != 1:
            time, value = int.from_bytes(value[:8], "big"), value[8:]
            need(0 < time < 2**63, f"{self.what}: the cosignature by {key.name} has no time")
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
        if key.kind == 6:
            if MLDSA44PublicKey is None:
                return
            name, origin = key.name.encode(), self.origin.encode()
            message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">QB", time, len(origin)) + origin
            message += struct.pack(">QQ", 0, self.size) + self.root
        key.check(message, value, self.what)
        if witness:
            self.times[witness] = min(time, self.times.get(witness, time))
        else:
            self.signers.add(key.id.hex())


def root_of(shown: Iterable[tuple[int, bytes]], hashes: io.BufferedReader, size: int) -> bytes:
    """Return the root over entries in ascending order and the hashes of all subtrees that hold none of them."""
    leaves = iter(shown)
    following, entry = next(leaves, (size, b""))

    def subtree(low: int, high: int) -> bytes:
        nonlocal following, entry
        if following >= high:
            return hashes.read(32)
        if high - low == 1:
            value = hashlib.sha256(b"\0" + entry).digest()
            following, entry = next(leaves, (size, b""))
            return value
        middle = low + (1 << (high - low - 1).bit_length() - 1)  # the largest power of two below the size
        return hashlib.sha256(b"\1" + subtree(low, middle) + subtree(middle, high)).digest()

    root = subtree(0, size)
    need(not hashes.read(1), "leaves/siblings.bin: more hashes than the tree has room for")
    return root


def check_manifest(bundle: Bundle, policy: Policy) -> dict[str, Any]:
    """Return what the manifest says, after checking its signature and the digest of every file."""
    raw = bundle.read("manifest.json")
    envelope = parse(raw, "manifest.json")
    kind, (signature,) = envelope["payloadType"], envelope["signatures"]
    need(raw == canonical(envelope) and len(envelope) == 3 and len(signature) == 2, "manifest.json: not canonical DSSE")
    keys = [key for key in policy.logs if key.kind == 1 and key.id.hex() == signature["keyid"]]
    need(keys, "manifest.json: not signed by a log key of the policy")
    body = unbase64(envelope["payload"], "manifest.json: payload")
    signed = b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(body), body)
    keys[0].check(signed, unbase64(signature["sig"], "manifest.json: sig"), "manifest.json")
    statement = parse(body, "manifest.json: payload")
    need(statement["predicateType"] == PREDICATE, f"manifest.json: not a {PREDICATE}")
    digests = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    need(set(digests) == set(bundle.sizes) - {"manifest.json"}, "manifest.json: it names other files than there are")
    for name, digest in digests.items():
        with bundle.stream(name) as file:
            need(hashlib.file_digest(file, "sha256").hexdigest() == digest, f"{name}: not the file that was signed")
    return {**statement["predicate"], "digests": digests, "signer": keys[0].name}


def check_call(entry: bytes, index: int) -> dict[str, Any]:
    """Return the fields of an entry, which must be a completed call."""
    fields: dict[str, Any] = json.loads(entry)
    need(canonical(fields) == entry, f"entry {index}: not canonical JSON")
    need(fields["v"] == 1 and fields["kind"] == "call", f"entry {index}: no call, but counted as one")
    need(fields["completed"] is True, f"entry {index}: counted as an exchange, but not completed")
    need(len(fields["private"]) == 43, f"entry {index}: no commitment")
    return fields


class Counted:
    """Goes through calls.csv and the entries that are shown of it, and adds up what they say."""

    def __init__(self, bundle: Bundle, size: int, *, whole: bool, drawn: set[int]) -> None:
        self.bundle, self.size, self.whole, self.drawn = bundle, size, whole, drawn
        self.accounts = bundle.read("accounts.txt").decode().split("\n")[:-1]
        need(self.accounts == sorted(set(self.accounts)), "accounts.txt: not in order, or an account twice")
        self.kept: dict[int, tuple[int, bytes]] = {}
        self.count, self.hours, self.models, self.tokens = 0, Counter[int](), Counter[str](), Counter[str]()

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of every entry that is shown, once it is checked."""
        before, used, calls, commitments = -1, bytearray(len(self.accounts)), list[bytes](), list[bytes]()
        with self.bundle.stream("calls.csv") as listed, self.bundle.stream("leaves/entries.jsonl") as shown:
            need(listed.readline(64) == b"index,account,call\n", "calls.csv: other columns than index, account, call")
            for at, line in enumerate(iter(lambda: listed.readline(128), b"")):
                number, who, call = line.decode().split(",")
                index, account = int(number), int(who)
                need(before < index < self.size, f"calls.csv: entry {index}: twice, out of order, or not in the log")
                need(0 <= account < len(used) and len(call) == 33, f"calls.csv: entry {index}: a malformed line")
                before, used[account] = index, 1
                calls.append(bytes.fromhex(call))
                if self.whole or at in self.drawn:
                    entry = shown.readline(MAX_ENTRY)[:-1]
                    commitments.append(self._add(entry, index))
                    if at in self.drawn:
                        self.kept[index] = (account, entry)
                    yield index, entry
            need(not shown.read(1), "leaves/entries.jsonl: more entries than are counted")
        self.count = len(calls)
        need(all(used), "accounts.txt: an account without a counted call")
        for values, why in ((calls, "calls.csv: one call is counted twice, as two entries"),
                            (commitments, "leaves: one commitment twice: the same call, recorded again")):  # fmt: skip
            values.sort()
            need(all(a != b for a, b in pairwise(values)), why)

    def _add(self, entry: bytes, index: int) -> bytes:
        """Add up an entry and return its commitment's first 132 bits."""
        fields = check_call(entry, index)
        self.hours[fields["hour"]] += 1
        self.models[fields["model"]] += 1
        for name in ("input_tokens", "output_tokens", "reasoning_tokens"):
            self.tokens[name] += fields.get(name, 0)
        return bytes(fields["private"][:22].encode())

    def numbers(self) -> dict[str, Any]:
        """Return what the volume claim must say."""
        said: dict[str, Any] = {"accounts": len(self.accounts), "exchanges": self.count}
        if self.whole:
            said |= {"models": dict(self.models), **self.tokens}
            said |= {"first_hour": min(self.hours), "last_hour": max(self.hours)}
        return said


def draw(beacon: str, origin: str, calls_digest: str, *, count: int, size: int) -> set[int]:
    """Return the sample's positions in calls.csv: SHA-256(seed || 64-bit counter), 64 bits, modulo count unbiased."""
    need(re.fullmatch("(?:[0-9a-f]{2}){16,64}", beacon) and 0 < size <= 6905, "audit/sample.json: no beacon, or size")
    lines = ("stillwatch audit sample 1", beacon, origin, calls_digest)
    seed, chosen, counter = sha256("".join(f"{line}\n" for line in lines).encode()), set[int](), 0
    while len(chosen) < min(size, count):
        value = int.from_bytes(sha256(seed + counter.to_bytes(8, "big"))[:8], "big")
        counter += 1
        if value < 2**64 - 2**64 % count:
            chosen.add(value % count)
    return chosen


def check_opening(opening: dict[str, Any], entry: bytes, salts: set[str]) -> dict[str, Any]:
    """Return the private fields that an opening lays open, checked against what the entry committed to."""
    what, fields, digests = f"the opening of entry {opening['index']}", dict[str, Any](), dict(opening["digests"])
    for name, disclosure in opening["disclosures"].items():
        need(name not in digests, f"{what}: {name} stands open and closed at once")
        salt, inner, fields[name] = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
        need(inner == name and len(salt) >= 22, f"{what}: {name} is of another field, or its salt too short")
        need(salt not in salts, f"{what}: a salt is used twice, so hidden values can be guessed from shown ones")
        salts.add(salt)
        digests[name] = url_base64(sha256(disclosure.encode()))
    private = json.loads(entry)["private"]
    need(private == url_base64(sha256(canonical(digests))), f"{what}: not what the entry committed to")
    return fields


class Verification:
    """Runs the numbered steps; ``steps`` and ``verdicts`` say what came out. Raises Refused at the first falsehood."""

    def __init__(self, path: Path, policy: str | None = None, *, seen: bytes | None = None, sources: str = "") -> None:
        self.steps: list[str] = []
        self.verdicts: dict[str, tuple[str, str]] = {}
        self.bundle = Bundle(path)
        self._step(f"zip: {len(self.bundle.sizes)} plain files, nothing hidden between them")
        self.trusted = policy is not None
        self.policy = Policy(self.bundle.read("policy.txt").decode() if policy is None else policy, "the policy")
        self.sources = [Key(vkey, (1, 1)) for vkey in sources.split()]
        self.manifest = check_manifest(self.bundle, self.policy)
        self.whole = self.manifest["leaves"] == "all"
        self._step(f"manifest: signed by {self.manifest['signer']}; every file is the one that was signed")
        self._check_log(seen)
        self._check_entries()
        self._check_openings()
        self._check_claims()
        self._check_heads()

    def _step(self, what: str) -> None:
        self.steps.append(f"{len(self.steps) + 1}. {what}")

    def _judge(self, name: str, holds: object, yes: str, no: str) -> None:
        self.verdicts[name] = ("VERIFIED", yes) if holds else ("NOT VERIFIED", no)

    def _check_log(self, seen: bytes | None) -> None:
        log = self.log = Checkpoint(self.bundle.read("log/checkpoint"), self.policy, "log/checkpoint")
        other = Checkpoint(seen, self.policy, "the checkpoint that you have seen") if seen else log
        same = (other.origin, other.size) == (log.origin, log.size)
        need(not same or other.root == log.root,
             f"the log has forked: two signed checkpoints of size {log.size:,}; keep both, they prove it")  # fmt: skip
        self._step(f"checkpoint: {log.origin}, {log.size:,} entries, signed by {len(log.signers)} key(s) of the log")
        self._judge("log key", self.trusted, "your policy names it",
                    "only as the bundle says; bring the key as its owner publishes it (--policy)")  # fmt: skip
        who = "cosigned by " + (", ".join(f"{name} at {time}" for name, time in sorted(log.times.items())) or "nobody")
        need(not self.trusted or self.policy.met(set(log.times), self.policy.quorum),
             f"log/checkpoint: the quorum of your policy is not reached; {who}")  # fmt: skip
        self._judge("witnesses", self.trusted and log.times, f"{who} (POSIX seconds)",
                    f"{who}; only witnesses that your own policy names count")  # fmt: skip
        stamps = [name for name in self.bundle.sizes if name.endswith(".tsr")]
        self.dated = stamps or (self.trusted and log.times)
        for name in stamps:
            need(sha256(log.text.encode()) in self.bundle.read(name), f"{name}: a time-stamp of something else")
        self._judge("time", None, "", f"{len(stamps)} time-stamps, to be checked with OpenSSL (README.txt)")

    def _check_entries(self) -> None:
        audit, digest = self.bundle.json("audit/sample.json"), self.manifest["digests"]["calls.csv"]
        self.beacon, drawn = audit["beacon"], set[int]()
        if self.beacon is not None:
            count = int(self.bundle.json("claims/volume.json")["numbers"]["exchanges"])
            need(count <= self.log.size, f"claims/volume.json: {count:,} exchanges in a log of {self.log.size:,}")
            drawn = draw(self.beacon, self.log.origin, digest, count=count, size=audit["size"])
        need(audit["positions"] == sorted(drawn), "audit/sample.json: another sample than the beacon value draws")
        self.counted = Counted(self.bundle, self.log.size, whole=self.whole, drawn=drawn)
        self.notes = sorted(int(name[4:-5]) for name in self.bundle.sizes if re.fullmatch(r"log/[0-9]+\.json", name))
        noted = [(index, self.bundle.read(f"log/{index}.json", MAX_ENTRY)) for index in self.notes]
        with self.bundle.stream("leaves/siblings.bin") as hashes:
            root = root_of(merge(self.counted.entries(), noted), hashes, self.log.size)
        need(root == self.log.root, "leaves: they do not lead to the signed root: they are not all in this log")
        self._step(f"entries: {self.counted.count:,} listed, none twice; {sum(self.counted.hours.values()):,} shown: "
                   f"completed calls in the log, as are {len(noted)} notes about them")  # fmt: skip
        self._check_sample(noted, digest)

    def _check_sample(self, noted: list[tuple[int, bytes]], digest: str) -> None:
        """Say what the sample proves: something only if the log, dated by others, had fixed list and value before."""
        told = [(index, parse(entry, f"log/{index}.json")) for index, entry in noted]
        claims = [(i, said.get("draws")) for i, said in told if (said["kind"], said.get("calls")) == ("claim", digest)]
        fixed, named = max((one for one in claims if one[1]), default=(0, ""))
        drawn = len(self.counted.kept)
        proves = "100 %" if drawn == self.counted.count else f"95 % sure that {0.05 ** (1 / max(1, drawn)):.1%}"
        why = "too few to prove anything" if fixed or not drawn else "no entry of the log fixed list and value before"
        if drawn and not self.dated:
            why = "only the host says when the log was written, so list and value could suit each other"
        self._judge("sample", fixed and self.dated and drawn >= min(LEAST_SAMPLE, self.counted.count),
                    f"{drawn} drawn by {self.beacon}, which entry {fixed} announced as “{named}” when it fixed the "
                    f"list: {proves} of it is as shown. Look up that this is the value, and younger than the "
                    "times of the witnesses or time-stamps", f"{drawn} drawn: {why}; draw your own")  # fmt: skip

    def _check_openings(self) -> None:
        what = "audit/openings.jsonl"
        lines = self.bundle.read(what).splitlines() if what in self.bundle.sizes else []
        salts, owners, calls, shown = set[str](), dict[str, int](), set[str](), set[str]()
        for line in lines:
            opening = parse(line, what)
            account, entry = self.counted.kept[opening["index"]]
            fields, hour = check_opening(opening, entry, salts), json.loads(entry)["hour"]
            shown |= set(fields)
            if "account" in fields:
                need(owners.setdefault(fields["account"], account) == account, "openings: one account counted as two")
            if "call_id" in fields:
                need(fields["call_id"] not in calls, f"openings: the call of entry {opening['index']} is counted twice")
                calls.add(fields["call_id"])
            same = fields.get("started_at", hour * 3_600_000_000) // 3_600_000_000 == hour
            need(same, f"openings: entry {opening['index']} is of another hour")
        need(len(set(owners.values())) == len(owners), "openings: two accounts counted as one")
        what = f"what is shown of {len(lines)} entries ({', '.join(sorted(shown))}) is what was committed to"
        self._judge("openings", lines, what,
                    "none: whose the entries are is the host's word; have a sample opened (README.txt)")  # fmt: skip

    def _check_claims(self) -> None:
        claims = {rung: self.bundle.json(f"claims/{rung}.json") for rung in RUNGS}
        for rung, claim in claims.items():
            what, optional = f"claims/{rung}.json", rung in RUNGS[2:]
            right = claim["rung"] == rung and claim["limits"] and claim["claimed"] in (True, not optional)
            need(right, f"{what}: wrong")
            need(claim["rests_on"] == ("log" if rung == "volume" else "statement"), f"{what}: rests on something else")
            if optional:
                need((claim["attached"] in self.bundle.sizes) == claim["claimed"], f"{what}: no attachment")
                self._judge(rung, None, "", f"a statement of the host, {claim['attached']}; it is not proved here")
            if not claim["claimed"]:
                self.verdicts[rung] = ("NOT CLAIMED", "nothing in this bundle speaks to it")
        self._check_volume(claims["volume"]["numbers"])
        self._check_coordination(claims["coordination"])
        self._step("claims: their numbers are those of the entries and edges")

    def _check_volume(self, said: dict[str, Any]) -> None:
        numbers, sample = self.counted.numbers(), self.verdicts["sample"]
        for name in sorted({*numbers, *said}):
            told, added = said.get(name), numbers.get(name)
            need(told == added, f"claims/volume.json: {name} is {told}, but the entries add up to {added}")
        found = "all in its log" if self.whole else f"in its log as far as the sample shows: {sample[1]}"
        self._judge("volume", self.whole or sample[0] == "VERIFIED",
                    f"{self.counted.count:,} completed calls, no entry and no call's pseudonym twice, which the host "
                    f"lists under {len(self.counted.accounts):,} accounts, are {found}",
                    f"only a sample is shown: {sample[1]}")  # fmt: skip

    def _check_coordination(self, claim: dict[str, Any]) -> None:
        holders, again = Counter[tuple[str, ...]](), "replay/campaigns.json" in self.bundle.sizes
        for line in sorted(set(self.bundle.read("coordination/edges.csv", 2**26).decode().splitlines()[1:])):
            account, *shared = line.split(",")
            need(int(account) < len(self.counted.accounts), "coordination/edges.csv: an unlisted account")
            holders[tuple(shared)] += 1
        said = {(one["signal"], one["observable"]): one["held_by"] for one in claim["observables"]}
        same = said == holders and len(said) == len(claim["observables"])
        need(same, "claims/coordination.json: other holders than coordination/edges.csv has")
        need(claim["repeatable"] is again, "claims/coordination.json: no fingerprints to scan again")
        how = "`stillwatch evidence replay` computes them again" if again else "nothing here lets you scan again"
        self._judge("coordination", None, "", f"it speaks of {claim['numbers']['accounts']} accounts; the holders of "
                    f"{len(said)} observables were recounted; edges and bits are the host's: {how}")  # fmt: skip

    def _check_heads(self) -> None:
        """Check that each mark has its evidence; what a second source says counts only with a key that you brought."""
        self.heads = self.bundle.json("heads.json")["heads"]
        for head in self.heads:
            what, others = f"heads.json: {head['head']}", head["second_sources"]
            weakest = min((MARKS.index(one["mark"]) for one in head["evidence"]), default=0)
            claimed = "corroborated" if weakest and others else MARKS[weakest]
            need(head["mark"] == claimed, f"{what}: marked {head['mark']}, which its evidence is not")
            for one in head["evidence"]:
                name, _, path = one["at"].partition("#/")
                value = self.bundle.json(name)
                for part in path.split("/"):
                    need(part in value, f"{what}: {one['at']} leads nowhere")
                    value = value[part]
            signers = sorted({signer for name in others for signer in self._sources_of(name, head["head"])})
            by = ", ".join(signers) or "whose key you have not brought (--source)"
            head["told"] = f"{MARKS[weakest]}; a second source confirms it: {by}" if others else claimed
        self._step(f"heads: {len(self.heads)} heads of H.R. 8283; their evidence is where they say")

    def _sources_of(self, name: str, head: str) -> Iterator[str]:
        """Yield those whose keys you brought and who signed this statement; refuse one that is not of this head."""
        text, signatures = read_note(self.bundle.read(name), name)
        first = f"stillwatch.second-source/1\n{self.log.origin}\n{self.manifest['campaign']}\nhead: {head}\n"
        need(text.startswith(first), f"{name}: a statement of something else than {head}")
        for key in self.sources:
            for signature in [raw[4:] for who, raw in signatures if (who, raw[:4]) == (key.name, key.id)]:
                key.check(text.encode(), signature, name)
                need(key.raw not in [own.raw for own in self.policy.logs], f"{name}: signed by the host itself")
                yield key.name


def report(
    bundle: Path, policy: Path | None, seen: Path | None, require: list[str], say: Say, *, sources: str = ""
) -> int:
    """Verify, tell line by line what holds, and return the exit code."""
    try:
        trust, other = policy.read_text("utf-8") if policy else None, seen.read_bytes() if seen else None
        found = Verification(bundle, trust, seen=other, sources=sources)
    except (Refused, *BROKEN) as problem:
        what = problem if isinstance(problem, Refused) else f"malformed ({type(problem).__name__}: {problem})"
        say(plain(f"REFUSED: {what}"))
        return 1
    say("\n".join(map(plain, found.steps)))
    for title, names in (("CLAIMS", RUNGS), ("WHAT THEY STAND ON", [n for n in found.verdicts if n not in RUNGS])):
        say(f"\n{title}")
        for name in names:
            say(plain(f"  {name:<13} {found.verdicts[name][0]:<13} {found.verdicts[name][1]}"))
    say("\nHEADS OF H.R. 8283, AS THE HOST MARKS THEM; whether they are met is for others to decide")
    for head in found.heads:
        say(plain(f"  {head['head']}: {head['told']}"))
    open_ = sorted(rung for rung in {*require, "volume"} if found.verdicts[rung][0] != "VERIFIED")
    own = "" if found.trusted else " by its own keys only: whoever made it may have made them up (--policy)"
    say(f"{TRUTH}\n\n{'Not verified: ' + ', '.join(open_) if open_ else f'What it undertakes to prove holds{own}.'}")
    return 1 if open_ else 0


def main() -> int:
    """Check the bundle that the command line names."""
    parser = argparse.ArgumentParser(description="Check an evidence bundle, offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--policy", type=Path, help="your tlog-policy: log keys, witnesses and quorum that you trust")
    parser.add_argument("--seen", type=Path, help="a checkpoint of this log that you have from elsewhere")
    parser.add_argument("--require", action="append", default=[], choices=RUNGS, help="fail unless this is verified")
    parser.add_argument("--source", action="append", default=[], help="vkey of a second source that you trust")
    given = parser.parse_args()
    return report(given.bundle, given.policy, given.seen, given.require, print, sources=" ".join(given.source))


if __name__ == "__main__":
    sys.exit(main())
