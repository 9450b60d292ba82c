#!/usr/bin/env python3
"""Check an evidence bundle offline: python verify.py BUNDLE.zip [--policy FILE] [--seen FILE] [--require RUNG].

Needs Python 3.11 and the package ``cryptography`` from version 47, and nothing of those who made the bundle. Take this
file from somewhere else than the bundle, and bring a policy (c2sp.org/tlog-policy): the log's key, the witnesses that
you trust.
Formats: RFC 6962 (tree), c2sp.org/signed-note, /tlog-checkpoint and /tlog-cosignature, DSSE and in-toto (manifest),
RFC 9901 section 4.2 (disclosures). RFC 3161 time-stamps are left to OpenSSL.

To read it, begin at ``Verification``: its seven steps are methods in their order. Each returns a sentence that says
what it found, or raises ``Refused``; what is above are the formats that they need.

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
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

MAX_FILES, MAX_FILE, MAX_ALL, MAX_JSON, MAX_RATIO, MAX_ENTRY = 20_000, 2**31, 2**33, 2**24, 200, 2**16
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
LISTED = re.compile(rb"(0|[1-9][0-9]{0,18}),(0|[1-9][0-9]{0,18}),([0-9a-f]{32})\n")  # entry, account, pseudonym
EDGE = re.compile(r"(0|[1-9][0-9]{0,18}),([a-z_]+),([0-9a-f]{32})")  # account, signal, observable
RUNGS = {"volume": "log", "coordination": "statement", "attribution": "statement", "training-use": "statement"}
MARKS = ("not claimed", "inferred", "observed")  # the weakest first; a second source makes it "corroborated"
TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens")
TYPES = ("application/vnd.in-toto+json", "https://in-toto.io/Statement/v1", "urn:stillwatch:evidence-bundle:1")
LEAST_SAMPLE = 59  # of which none is bad: with 95 % confidence 95 % of the list is good
BROKEN = (Exception,)  # whatever goes wrong with a file from outside, the file is to blame
TRUTH = """
A log proves WHAT WAS RECORDED and, with witnesses or time-stamps, BY WHEN. It does not prove that the record is true: a
host can record calls that nobody made. Truth needs a second source. SUMMARY.html, README.txt and every sentence in the
claims are the host's words: they are signed, and no program can check them."""

Say = Callable[[str], object]
Json = dict[str, Any]
to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Refused(Exception):  # noqa: N818 - what happened to the bundle
    """The bundle is unsafe, malformed, or says what does not hold; the text says which."""


def need(holds: object, why: str) -> None:
    """Refuse unless this holds."""
    if not holds:
        raise Refused(why)


def need_new(value: object, known: set[Any], why: str) -> None:
    """Refuse a value that is known already; from now on it is."""
    need(value not in known, why)
    known.add(value)


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


def canonical(value: object) -> bytes:
    """Write JSON in its one form (RFC 8785; here without fractions)."""
    return to_json(value).encode()


def parse(data: bytes, what: str) -> Json:
    """Parse a JSON object in which no key occurs twice."""

    def once(pairs: list[tuple[str, Any]]) -> Json:
        need(len(dict(pairs)) == len(pairs), f"{what}: a key occurs twice")
        return dict(pairs)

    value = json.loads(data, object_pairs_hook=once)
    need(isinstance(value, dict), f"{what}: not a JSON object")
    return dict(value)


def plain(text: object) -> str:
    """Write text from outside so that it cannot move the cursor, begin a line or turn round on a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(text))


class Bundle:
    """A zip in which every byte but the packed contents is what a plain zip has. Nothing is written to disk."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        infos = self.zip.infolist()
        self.sizes = {i.filename: i.file_size for i in infos}
        need(len(infos) <= MAX_FILES, f"{len(infos)} files, more than {MAX_FILES}")
        need(len({name.lower() for name in self.sizes}) == len(infos), "a file name occurs twice in the zip")
        need(list(self.sizes) == sorted(self.sizes), "the zip's files are not in order")
        need(sum(self.sizes.values()) <= MAX_ALL, "a zip bomb: more than 8 GiB in all")
        with path.open("rb") as raw:
            directory = b"".join(self._check_file(raw, i) for i in infos)
            end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(infos), len(infos), len(directory), raw.tell(), 0)
            need(raw.read() == directory + end, "the zip hides bytes, or its directory disagrees with its files")

    def _check_file(self, raw: io.BufferedReader, i: zipfile.ZipInfo) -> bytes:
        """Check one file's header at this place, go past the file, and return what the directory must say of it.

        Both say: version 2.0 on Unix, no flags, midnight of 1 January 1980, nothing extra, no comment.
        """
        what, name, at = ascii(i.filename[:80]), i.filename.encode(), raw.tell()
        need(NAME.fullmatch(i.filename), f"{what}: a name that could lead out of a folder")
        need(i.external_attr == 0o100644 << 16, f"{what}: a link, folder or device, or open to others")
        need(i.file_size <= min(MAX_FILE, i.compress_size * MAX_RATIO + 4096), f"{what}: a zip bomb")
        need(i.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), f"{what}: packed in another way")
        common = (20, 0, i.compress_type, 0, 0x21, i.CRC, i.compress_size, i.file_size, len(name), 0)
        head = struct.pack("<4s5H3L2H", b"PK\3\4", *common) + name
        need(raw.read(len(head)) == head, f"{what}: zip headers that disagree")
        raw.seek(i.compress_size, io.SEEK_CUR)
        return struct.pack("<4sH5H3L5H2L", b"PK\1\2", 20 | 3 << 8, *common, 0, 0, 0, i.external_attr, at) + name

    def stream(self, name: str) -> io.BufferedReader:
        """Open a file for reading in pieces."""
        return io.BufferedReader(self.zip.open(name), 1 << 20)  # type: ignore[arg-type]  # it reads, which is enough

    def read(self, name: str, most: int = MAX_JSON) -> bytes:
        """Return a file of at most this many bytes."""
        need(self.sizes.get(name, 0) <= most, f"{name}: larger than {most:,} bytes")
        return self.zip.read(name)

    def json(self, name: str) -> Json:
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
        self.logs, self.witnesses, self.quorum = list[Key](), dict[str, Key](), ""
        self.groups: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        for line in [line for line in text.split("\n") if line.strip() and not line.startswith("#")]:
            names = {*self.witnesses, *self.groups}
            match line.split():
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
        return name in signed or sum(self.met(signed, m) for m in members) >= count


def read_note(data: bytes, what: str) -> tuple[str, dict[tuple[str, bytes], list[bytes]]]:
    """Return a signed note's text, and its signatures by the name and the id of the key that made them."""
    body, _, lines = data.decode().rpartition("\n\n")
    need(body and lines.endswith("\n") and lines.count("\n") <= 64, f"{what}: no whole signature lines, or too many")
    need(min(body.replace("\n", " ")) >= " ", f"{what}: a control character")
    signatures = defaultdict[tuple[str, bytes], list[bytes]](list)
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = unbase64(encoded, f"{what}: the signature line {line[:60]!r}")
        need(dash == "—" and len(raw) > 4, f"{what}: no signature line: {line[:60]!r}")
        signatures[name, raw[:4]].append(raw[4:])
    return body + "\n", signatures


class Checkpoint:
    """A signed tree head: origin, size, root; which log keys signed it, and at what time which witnesses did."""

    def __init__(self, note: bytes, policy: Policy, what: str) -> None:
        self.note, self.what = note, what
        self.text, self.signatures = read_note(note, what)
        rows = self.text[:-1].split("\n")
        need(len(rows) >= 3 and all(rows) and re.fullmatch("0|[1-9][0-9]{0,18}", rows[1]), f"{what}: no checkpoint")
        self.origin, self.size, self.root = rows[0], int(rows[1]), unbase64(rows[2], f"{what}: the root")
        self.signers = [key for key in policy.logs if key.name == self.origin and list(self._signed_at(key))]
        cosigned = {witness: list(self._signed_at(key)) for witness, key in policy.witnesses.items()}
        self.times = {witness: min(times) for witness, times in cosigned.items() if times}
        need(self.signers, f"{what}: not signed by a key that the policy has for the log {self.origin}")

    def _signed_at(self, key: Key) -> Iterator[int]:
        """Yield the POSIX time of each signature by this key, 0 where it says none; refuse one that does not hold."""
        for signature in self.signatures.get((key.name, key.id), ()):
            message, value, time = self.text.encode(), signature, 0
            if key.kind != 1:
                time, value = int.from_bytes(signature[:8], "big"), signature[8:]
                need(0 < time < 2**63, f"{self.what}: the cosignature by {key.name} has no time")
                message = b"cosignature/v1\ntime %d\n" % time + message
            if key.kind == 6:
                name, origin = key.name.encode(), self.origin.encode()
                message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">QB", time, len(origin)) + origin
                message += struct.pack(">QQ", 0, self.size) + self.root
            key.check(message, value, self.what)
            yield time


def open_envelope(raw: bytes, policy: Policy) -> tuple[Json, Key]:
    """Return the in-toto statement in a DSSE envelope, and the log key of the policy that signed it."""
    envelope = parse(raw, "manifest.json")
    payload, kind, (sole,) = envelope["payload"], TYPES[0], envelope["signatures"]
    only = {"payload": payload, "payloadType": kind, "signatures": [{"keyid": sole["keyid"], "sig": sole["sig"]}]}
    need(raw == canonical(only), "manifest.json: not canonical DSSE of an in-toto statement")
    keys = [key for key in policy.logs if key.kind == 1 and key.id.hex() == sole["keyid"]]
    need(keys, "manifest.json: not signed by a log key of the policy")
    body = unbase64(payload, "manifest.json: payload")
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    keys[0].check(signed, unbase64(sole["sig"], "manifest.json: sig"), "manifest.json")
    return parse(body, "manifest.json: payload"), keys[0]


def root_of(shown: Iterable[tuple[int, bytes]], hashes: io.BufferedReader, size: int) -> bytes:
    """Return the root over entries in ascending order and the hashes of all subtrees that hold none of them."""
    leaves, end = iter(shown), (size, b"")
    leaf = next(leaves, end)

    def subtree(low: int, high: int) -> bytes:
        nonlocal leaf
        if leaf[0] >= high:
            return hashes.read(32)
        if high - low == 1:
            entry, leaf = leaf[1], next(leaves, end)
            return hashlib.sha256(b"\0" + entry).digest()
        middle = low + (1 << (high - low - 1).bit_length() - 1)  # the largest power of two below the size
        return hashlib.sha256(b"\1" + subtree(low, middle) + subtree(middle, high)).digest()

    root = subtree(0, size)
    need(leaf is end, f"leaves: entry {leaf[0]} has no place of its own in the log")
    need(not hashes.read(1), "leaves/siblings.bin: more hashes than the tree has room for")
    return root


def draw(beacon: str, origin: str, calls_digest: str, *, count: int, size: int) -> set[int]:
    """Return the sample's positions in calls.csv: SHA-256(seed || 64-bit counter), 64 bits, modulo count unbiased."""
    need(re.fullmatch("(?:[0-9a-f]{2}){16,64}", beacon) and 0 < size <= 6905, "audit/sample.json: no beacon, or size")
    seed = sha256(f"stillwatch audit sample 1\n{beacon}\n{origin}\n{calls_digest}\n".encode())
    chosen, counter = set[int](), 0
    while len(chosen) < min(size, count):
        value = int.from_bytes(sha256(seed + counter.to_bytes(8, "big"))[:8], "big")
        counter += 1
        if value < 2**64 - 2**64 % count:
            chosen.add(value % count)
    return chosen


def check_call(entry: bytes, index: int) -> Json:
    """Return the fields of an entry, which must be a completed call."""
    fields: Json = json.loads(entry)
    need(canonical(fields) == entry, f"entry {index}: not canonical JSON")
    need(fields["v"] == 1 and fields["kind"] == "call", f"entry {index}: no call, but counted as one")
    need(fields["completed"] is True, f"entry {index}: counted as an exchange, but not completed")
    need(len(fields["private"]) == 43, f"entry {index}: no commitment")
    numbers = (fields["hour"], *(fields.get(name, 0) for name in TOKENS))
    need(all(type(n) is int and n >= 0 for n in numbers), f"entry {index}: hour or tokens that are no whole number")
    return fields


class Counted:
    """Which entries of the log are counted, and as whose: no entry twice, and no call."""

    def __init__(self, bundle: Bundle, size: int) -> None:
        listed = bundle.read("accounts.txt")
        self.accounts = listed.decode().split("\n")[:-1]
        need(re.fullmatch(b"([0-9a-f]{64}\n)+", listed), "accounts.txt: not a pseudonym a line")
        need(self.accounts == sorted(set(self.accounts)), "accounts.txt: not in order, or an account twice")
        self.indices, self.owners, calls, before = array("Q"), array("Q"), set[int](), -1
        with bundle.stream("calls.csv") as file:
            need(file.readline(64) == b"index,account,call\n", "calls.csv: other columns than index, account, call")
            for at, line in enumerate(iter(lambda: file.readline(128), b"")):
                row = LISTED.fullmatch(line)
                if row is None or int(row[2]) >= len(self.accounts):
                    raise Refused(f"calls.csv: call {at}: a malformed line: {line[:60]!r}")
                index = int(row[1])
                need(before < index < size, f"calls.csv: entry {index}: twice, out of order, or not in the log")
                need_new(int(row[3], 16), calls, "calls.csv: one call is counted twice, as two entries")
                self.indices.append(index)
                self.owners.append(int(row[2]))
                before = index
        need(len(set(self.owners)) == len(self.accounts), "accounts.txt: an account without a counted call")
        self.count = len(self.indices)
        self.kept: dict[int, tuple[int, bytes]] = {}
        self.hours, self.models, self.tokens = set[int](), Counter[str](), Counter[str]()

    def read(self, file: io.BufferedReader, shown: Iterable[int], drawn: set[int]) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of every entry that is shown, once it is checked and added up; keep those drawn."""
        commitments = set[str]()  # of each the first 132 bits, which say as much and take less memory
        for at in shown:
            index, entry = self.indices[at], file.readline(MAX_ENTRY).removesuffix(b"\n")
            fields = check_call(entry, index)
            need_new(fields["private"][:22], commitments, "leaves: one commitment twice: the same call, recorded again")
            self.hours.add(fields["hour"])
            self.models[fields["model"]] += 1
            for name in TOKENS:
                self.tokens[name] += fields.get(name, 0)
            if at in drawn:
                self.kept[index] = (self.owners[at], entry)
            yield index, entry


def check_opening(opening: Json, entry: bytes, salts: set[str]) -> Json:
    """Return the private fields that an opening lays open, checked against what the entry committed to."""
    what, fields, digests = f"the opening of entry {opening['index']}", dict[str, Any](), dict(opening["digests"])
    for name, disclosure in opening["disclosures"].items():
        need(name not in digests, f"{what}: {name} stands open and closed at once")
        salt, inner, fields[name] = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
        need(inner == name and len(salt) >= 22, f"{what}: {name} is of another field, or its salt too short")
        need_new(salt, salts, f"{what}: a salt is used twice, so hidden values can be guessed from shown ones")
        digests[name] = url_base64(sha256(disclosure.encode()))
    private = json.loads(entry)["private"]
    need(private == url_base64(sha256(canonical(digests))), f"{what}: not what the entry committed to")
    return fields


class Verification:
    """Runs the numbered steps; ``steps`` and ``verdicts`` say what came out. Raises Refused at the first falsehood.

    ``policy``, ``seen``, ``sources`` and ``stamped`` are the reader's own: a trust policy, a checkpoint from elsewhere,
    vkeys of second sources, and whether the reader has checked a time-stamp. ``say`` is told each step as it is done.
    """

    def __init__(self, path: Path, policy: str | None = None, *, seen: bytes | None = None, sources: Iterable[str] = (),
                 stamped: bool = False, say: Say = str) -> None:  # fmt: skip
        self.path, self.yours, self.seen, self.sources, self.stamped = path, policy, seen, sources, stamped
        self.steps, self.verdicts = list[str](), dict[str, tuple[str, str]]()
        steps = (self._zip, self._manifest, self._checkpoint, self._entries, self._openings, self._claims, self._heads)
        for number, step in enumerate(steps, 1):
            self.steps.append(plain(f"{number}. {step()}"))
            say(self.steps[-1])

    def _judge(self, name: str, *, yes: str = "", no: str = "") -> None:
        """Note a verdict: not verified where there is a reason against it."""
        self.verdicts[name] = ("NOT VERIFIED", no) if no else ("VERIFIED", yes)

    def _zip(self) -> str:
        """Step 1: the file is a plain zip, which every program unpacks to the same files."""
        self.bundle = Bundle(self.path)
        return f"zip: {len(self.bundle.sizes)} plain files, nothing hidden between them"

    def _manifest(self) -> str:
        """Step 2: a key of the log that the policy names has signed exactly these files."""
        theirs = self.bundle.read("policy.txt").decode()
        self.policy = Policy(theirs if self.yours is None else self.yours, "the policy")
        statement, self.signer = open_envelope(self.bundle.read("manifest.json"), self.policy)
        need((statement["_type"], statement["predicateType"]) == TYPES[1:], f"manifest.json: not a {TYPES[2]}")
        names = [*(one["name"] for one in statement["subject"]), "manifest.json"]
        need(sorted(names) == list(self.bundle.sizes), "manifest.json: it names other files than there are")
        digests = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        for name, digest in digests.items():
            with self.bundle.stream(name) as file:
                need(hashlib.file_digest(file, "sha256").hexdigest() == digest, f"{name}: not the file that was signed")
        said = self.manifest = {**statement["predicate"], "digests": digests}
        why = "only as the bundle says; bring the key as its owner publishes it (--policy)"
        self._judge("log key", yes="your policy names it", no=why if self.yours is None else "")
        return f"manifest: {said['campaign']}, signed by {self.signer.name}; every file is the one that was signed"

    def _checkpoint(self) -> str:
        """Step 3: the log's state, who has signed it, and what others say about when."""
        log = self.log = Checkpoint(self.bundle.read("log/checkpoint"), self.policy, "log/checkpoint")
        said = {"origin": log.origin, "size": log.size, "root": log.root.hex()}
        need(self.manifest["log"] == said, "manifest.json: it speaks of another state of the log")
        need(self.signer.name == log.origin, "manifest.json: signed by the key of another log than it speaks of")
        if self.seen is not None:
            other = Checkpoint(self.seen, self.policy, "the checkpoint that you have seen")
            same = (other.origin, other.size) == (log.origin, log.size)
            why = f"the log has forked: two signed checkpoints of size {log.size:,}; keep both, they prove it"
            need(not same or other.root == log.root, why)
            why = f"yours is of {other.size:,} entries of {other.origin}; only two of one size can be compared here"
            self._judge("seen", yes="it is the one that you have seen", no="" if same else why)
        who = "cosigned by " + (", ".join(f"{name} at {time}" for name, time in sorted(log.times.items())) or "nobody")
        reached = self.yours is None or self.policy.met(set(log.times), self.policy.quorum)
        need(reached, f"log/checkpoint: the quorum of your policy is not reached; {who}")
        why = "" if self.yours is not None and log.times else f"{who}; only witnesses that your own policy names count"
        self._judge("witnesses", yes=f"{who} (POSIX seconds)", no=why)
        stamps = [name for name in self.bundle.sizes if name.endswith(".tsr")]
        for name in stamps:
            need(sha256(log.text.encode()) in self.bundle.read(name), f"{name}: a time-stamp of something else")
        why = f"{len(stamps)} time-stamps, to be checked with OpenSSL (README.txt); if one holds, say so (--stamped)"
        self._judge("time", yes="time-stamped, as you have checked", no="" if stamps and self.stamped else why)
        return f"checkpoint: {log.origin}, {log.size:,} entries, signed by {len(log.signers)} key(s) of the log"

    def _entries(self) -> str:
        """Step 4: each listed call is an entry of the log, and listed once; the log's notes about them are too."""
        counted = self.counted = Counted(self.bundle, self.log.size)
        audit, digest, drawn = self.bundle.json("audit/sample.json"), self.manifest["digests"]["calls.csv"], set[int]()
        if audit["beacon"] is not None:
            drawn = draw(audit["beacon"], self.log.origin, digest, count=counted.count, size=audit["size"])
        need(audit["positions"] == sorted(drawn), "audit/sample.json: another sample than the beacon value draws")
        self.whole = self.manifest["leaves"] == "all"
        shown = range(counted.count) if self.whole else sorted(drawn)
        notes = [name for name in self.bundle.sizes if re.fullmatch(r"log/(0|[1-9][0-9]*)\.json", name)]
        self.noted = sorted((int(name[4:-5]), self.bundle.read(name, MAX_ENTRY)) for name in notes)
        with self.bundle.stream("leaves/entries.jsonl") as file, self.bundle.stream("leaves/siblings.bin") as hashes:
            root = root_of(merge(counted.read(file, shown, drawn), self.noted), hashes, self.log.size)
            need(not file.read(1), "leaves/entries.jsonl: more entries than are counted")
        need(root == self.log.root, "leaves: they do not lead to the signed root: they are not all in this log")
        self._judge_sample(audit["beacon"], digest)
        found = f"{counted.count:,} listed, none twice; {len(shown):,} shown: completed calls in the log"
        return f"entries: {found}, as are {len(notes)} notes about them"

    def _judge_sample(self, beacon: object, digest: str) -> None:
        """Say what the sample proves: something only if the log, dated by others, had fixed list and value before."""
        notes = [parse(entry, f"log/{index}.json") for index, entry in self.noted]
        named = {said.get("draws") for said in notes if (said["kind"], said.get("calls")) == ("claim", digest)}
        dated = any(self.verdicts[name][0] == "VERIFIED" for name in ("witnesses", "time"))
        drawn, count, why = len(self.counted.kept), self.counted.count, ""
        if len(named) != 1 or not all(named):
            why = "no entry of the log fixed list and value before, or entries named several values"
        elif drawn < min(LEAST_SAMPLE, count):
            why = "too few to prove anything"
        elif not dated:
            why = "only the host says when the log was written, so list and value could suit each other"
        share = int(1000 * 0.05 ** (1 / max(1, drawn))) / 10  # of the list is good if none drawn is bad; rounded down
        proves = "all of it" if drawn == count else f"95 % sure that {share} % of it"
        yes = (f"{drawn} drawn by {beacon}, which the log announced as “{next(iter(named), '')}” with the list: "
               f"{proves} is as shown. Look up that it is that value, and that others had dated the log before it"
               )  # fmt: skip
        self._judge("sample", yes=yes, no=why and f"{drawn} drawn: {why}; draw your own")

    def _openings(self) -> str:
        """Step 5: what is shown of entries that commit to it is what they commit to, and does not contradict itself."""
        what, salts, opened, calls = "audit/openings.jsonl", set[str](), set[int](), set[object]()
        owners, shown = set[tuple[object, int]](), set[str]()
        for line in self.bundle.read(what).splitlines() if what in self.bundle.sizes else ():
            opening = parse(line, what)
            index = opening["index"]
            account, entry = self.counted.kept[index]
            fields, hour = check_opening(opening, entry, salts), json.loads(entry)["hour"]
            need(fields and index not in opened, f"openings: entry {index} is opened twice, or shows nothing")
            opened.add(index)
            shown |= set(fields)
            owners |= {(fields["account"], account)} if "account" in fields else set()
            same = fields.get("started_at", hour * 3_600_000_000) // 3_600_000_000 == hour
            need(same, f"openings: entry {index} is of another hour")
            if "call_id" in fields:
                need_new(fields["call_id"], calls, f"openings: the call of entry {index} is counted twice")
        need(len(owners) == len({name for name, _ in owners}), "openings: one account counted as two")
        need(len(owners) == len({number for _, number in owners}), "openings: two accounts counted as one")
        yes = f"what is shown of {len(opened)} entries ({', '.join(sorted(shown))}) is what was committed to"
        why = "none: whose the entries are is the host's word; have a sample opened (README.txt)"
        self._judge("openings", yes=yes, no="" if opened else why)
        return f"openings: {len(opened)} entries are opened"

    def _claims(self) -> str:
        """Step 6: each rung says what it rests on, and its numbers are those of the entries and edges."""
        claims = {rung: self.bundle.json(f"claims/{rung}.json") for rung in RUNGS}
        for rung, claim in claims.items():
            what, attached = f"claims/{rung}.json", rung in ("attribution", "training-use")
            need(claim["rung"] == rung and claim["limits"], f"{what}: wrong rung, or no limits")
            need(claim["claimed"] is True or attached, f"{what}: wrong: not claimed")
            need(claim["rests_on"] == RUNGS[rung], f"{what}: rests on something else")
            if attached:
                need((claim["attached"] in self.bundle.sizes) == claim["claimed"], f"{what}: no attachment")
                self._judge(rung, no=f"a statement of the host, {claim['attached']}; it is not proved here")
            if not claim["claimed"]:
                self.verdicts[rung] = ("NOT CLAIMED", "nothing in this bundle speaks to it")
        self._judge_volume(claims["volume"]["numbers"])
        self._judge_coordination(claims["coordination"])
        return "claims: their numbers are those of the entries and edges"

    def _judge_volume(self, said: Json) -> None:
        counted, (sampled, sample) = self.counted, self.verdicts["sample"]
        numbers: Json = {"accounts": len(counted.accounts), "exchanges": counted.count}
        if self.whole:
            numbers |= {"models": dict(counted.models), **counted.tokens}
            numbers |= {"first_hour": min(counted.hours), "last_hour": max(counted.hours)}
        for name in sorted({*numbers, *said}):
            told, added = said.get(name), numbers.get(name)
            why = f"claims/volume.json: {name} is {told}, but the entries add up to {added}"
            need(canonical(told) == canonical(added), why)
        need(self.manifest["exchanges"] == counted.count, "manifest.json: another number of exchanges")
        found = "all in its log" if self.whole else f"in its log as far as the sample shows: {sample}"
        yes = (f"{counted.count:,} completed calls, no entry and no call's pseudonym twice, which the host lists "
               f"under {len(counted.accounts):,} accounts, are {found}")  # fmt: skip
        holds = self.whole or sampled == "VERIFIED"
        self._judge("volume", yes=yes, no="" if holds else f"only a sample is shown: {sample}")

    def _judge_coordination(self, claim: Json) -> None:
        holders, again = Counter[tuple[str, str]](), "replay/campaigns.json" in self.bundle.sizes
        header, *lines, rest = self.bundle.read("coordination/edges.csv", 2**26).decode().split("\n")
        need((header, rest) == ("account,signal,observable", ""), "coordination/edges.csv: other columns, or cut off")
        for line in set(lines):
            edge = EDGE.fullmatch(line)
            if edge is None or int(edge[1]) >= len(self.counted.accounts):
                raise Refused(f"coordination/edges.csv: malformed, or of an unlisted account: {line[:60]!r}")
            holders[edge[2], edge[3]] += 1
        said = {(one["signal"], one["observable"]): one["held_by"] for one in claim["observables"]}
        same = said == holders and len(said) == len(claim["observables"])
        need(same, "claims/coordination.json: other holders than coordination/edges.csv has")
        need(claim["repeatable"] is again, "claims/coordination.json: no fingerprints to scan again")
        how = "`stillwatch evidence replay` computes them again" if again else "nothing here lets you scan again"
        self._judge("coordination", no=f"it speaks of {claim['numbers']['accounts']} accounts; the holders of "
                    f"{len(said)} observables were recounted; edges and bits are the host's: {how}")  # fmt: skip

    def _heads(self) -> str:
        """Step 7: each mark has its evidence; what a second source says counts only with a key that you brought."""
        self.heads, trusted = self.bundle.json("heads.json")["heads"], [Key(vkey, (1, 1)) for vkey in self.sources]
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
                seen = one["mark"] != "observed" or one["at"].startswith("claims/volume.json#/numbers")
                need(seen, f"{what}: {one['at']} rests on a statement, so nobody observed it")
            signers = sorted({signer for name in others for signer in self._sources_of(name, head["head"], trusted)})
            by = ", ".join(signers) or "whose key you have not brought (--source)"
            head["told"] = f"{MARKS[weakest]}; a second source confirms it: {by}" if others else claimed
        return f"heads: {len(self.heads)} heads of H.R. 8283; their evidence is where they say"

    def _sources_of(self, name: str, head: str, trusted: list[Key]) -> Iterator[str]:
        """Yield those whose keys you brought and who signed this statement; refuse one that is not of this head."""
        text, signatures = read_note(self.bundle.read(name), name)
        first = f"stillwatch.second-source/1\n{self.log.origin}\n{self.manifest['campaign']}\nhead: {head}\n"
        need(text.startswith(first), f"{name}: a statement of something else than {head}")
        for key in trusted:
            for signature in signatures.get((key.name, key.id), ()):
                key.check(text.encode(), signature, name)
                need(key.raw not in [own.raw for own in self.policy.logs], f"{name}: signed by the host itself")
                yield key.name


def main(arguments: list[str] | None = None, say: Say = print) -> int:
    """Check the bundle that the command line names, tell line by line what holds, and return the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Check an evidence bundle, offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--policy", type=Path, help="your tlog-policy: log keys, witnesses and quorum that you trust")
    parser.add_argument("--seen", type=Path, help="a checkpoint of this log that you have from elsewhere")
    parser.add_argument("--stamped", action="store_true", help="you have checked a time-stamp with OpenSSL")
    parser.add_argument("--require", action="append", default=[], choices=RUNGS, help="fail unless this is verified")
    parser.add_argument("--source", action="append", default=[], help="vkey of a second source that you trust")
    given = parser.parse_args(arguments)
    try:
        policy, seen = given.policy and given.policy.read_text("utf-8"), given.seen and given.seen.read_bytes()
        found = Verification(given.bundle, policy, seen=seen, sources=given.source, stamped=given.stamped, say=say)
    except BROKEN as problem:
        what = problem if isinstance(problem, Refused) else f"malformed ({type(problem).__name__}: {problem})"
        say(plain(f"REFUSED: {what}"))
        return 1
    for title, names in (("CLAIMS", RUNGS), ("WHAT THEY STAND ON", [n for n in found.verdicts if n not in RUNGS])):
        say(f"\n{title}")
        for name in names:
            say(plain(f"  {name:<13} {found.verdicts[name][0]:<13} {found.verdicts[name][1]}"))
    say("\nHEADS OF H.R. 8283, AS THE HOST MARKS THEM; whether they are met is for others to decide")
    for head in found.heads:
        say(plain(f"  {head['head']}: {head['told']}"))
    missing = sorted(rung for rung in {*given.require, "volume"} if found.verdicts[rung][0] != "VERIFIED")
    own = "" if policy is not None else " by its own keys only: whoever made it may have made them up (--policy)"
    result = f"Not verified: {', '.join(missing)}" if missing else f"What it undertakes to prove holds{own}."
    say(f"{TRUTH}\n\n{result}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
