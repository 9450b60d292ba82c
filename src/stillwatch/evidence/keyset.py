"""The keys of a log over its life: which sign now, which signed before, and how one set follows another.

keys/<key id>.pem   private keys, mode 0600
keys/vkeys.json     the log's name and every public key it ever had, each with the entries it counts for
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import orjson

from stillwatch.errors import EvidenceError
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.keys import Signer, new_signer, read_signer, write_signer
from stillwatch.evidence.notes import Algorithm, VerifierKey

Passphrase = Callable[[], bytes] | None
FILE = "vkeys.json"
NAME_BYTES = 8
"""Random bytes in the name of a log that was given none: two such logs never share a name."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A public key of the log; ``since`` and ``retired`` are the indices of the entries that say so."""

    verifier: VerifierKey
    since: int = 0
    retired: int | None = None


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one log, in the order in which they came; ``coming`` ones are to follow at entry ``at``."""

    folder: Path
    origin: str
    known: tuple[LogKey, ...]
    coming: tuple[VerifierKey, ...] = ()
    at: int = 0

    @classmethod
    def create(cls, folder: Path, *, origin: str = "", ml_dsa: bool = False, passphrase: bytes | None = None) -> KeySet:
        """Make the keys of a new log: Ed25519, and ML-DSA-44 beside it where asked."""
        name = origin or f"stillwatch/{secrets.token_hex(NAME_BYTES)}"
        # 1. Write the private keys.  A crash here leaves keys that nobody uses.
        # 2. Name them.               From here on they are the log's.
        made = _make(folder, name, ml_dsa=ml_dsa, passphrase=passphrase)
        keys = cls(folder, name, tuple(LogKey(v) for v in made))
        keys.write()
        return keys

    @classmethod
    def read(cls, folder: Path) -> KeySet:
        """Read the keys. Raises EvidenceError if there are none or the file is damaged."""
        path = folder / FILE
        try:
            data = orjson.loads(path.read_bytes())
            known = tuple(LogKey(VerifierKey.parse(k["vkey"]), k["since"], k["retired"]) for k in data["keys"])
            return cls(folder, data["origin"], known, tuple(map(VerifierKey.parse, data["coming"])), data["at"])
        except FileNotFoundError:
            raise EvidenceError(f"{path}: no log was begun here; append to it first, or name its folder") from None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise EvidenceError(f"{path}: not the list of a log's keys: {problem}; restore it from a copy") from None

    @staticmethod
    def exists(folder: Path) -> bool:
        """Tell whether a log has its keys there."""
        return (folder / FILE).exists()

    @property
    def current(self) -> tuple[VerifierKey, ...]:
        """The keys that sign now."""
        return tuple(k.verifier for k in self.known if k.retired is None)

    @property
    def every(self) -> tuple[VerifierKey, ...]:
        """The keys that ever signed: what old checkpoints are verified with."""
        return tuple(k.verifier for k in self.known)

    def signers(self, keys: Sequence[VerifierKey], passphrase: Passphrase = None) -> list[Signer]:
        """Read the private halves. Raises EvidenceError if one is missing, open to others, or needs a passphrase."""
        found = []
        for key in keys:
            signer = read_signer(_path(self.folder, key), key.name, key.algorithm, passphrase=passphrase)
            if signer.verifier != key:
                raise EvidenceError(f"{_path(self.folder, key)}: another key than the one it is named after")
            found.append(signer)
        return found

    def prepare(self, at: int, *, ml_dsa: bool, passphrase: bytes | None) -> KeySet:
        """Make keys that are to follow the current ones with entry ``at``."""
        made = _make(self.folder, self.origin, ml_dsa=ml_dsa, passphrase=passphrase)
        keys = replace(self, coming=tuple(made), at=at)
        keys.write()
        return keys

    def switch(self) -> KeySet:
        """Let the coming keys count, and retire the others."""
        old = tuple(replace(k, retired=self.at) if k.retired is None else k for k in self.known)
        keys = replace(self, known=old + tuple(LogKey(v, self.at) for v in self.coming), coming=(), at=0)
        keys.write()
        return keys

    def remove_private(self, keys: Sequence[VerifierKey]) -> None:
        """Remove the private halves of keys that sign no more; their public halves stay known."""
        for key in keys:
            _path(self.folder, key).unlink(missing_ok=True)

    def abandon(self) -> KeySet:
        """Forget coming keys whose entry did not get into the log."""
        keys = replace(self, coming=(), at=0)
        keys.write()
        self.remove_private(self.coming)
        return keys

    def write(self) -> Self:
        """Write the list, durably."""
        known: list[dict[str, Any]] = [
            {"vkey": str(k.verifier), "since": k.since, "retired": k.retired} for k in self.known
        ]
        data = {"origin": self.origin, "keys": known, "coming": [str(k) for k in self.coming], "at": self.at}
        write_whole(self.folder / FILE, orjson.dumps(data, option=orjson.OPT_INDENT_2), durable=True)
        return self


def read_passphrase(path: Path) -> bytes:
    """Return the first line of a file. Raises EvidenceError if it cannot be read or is empty."""
    try:
        line = path.read_bytes().split(b"\n", 1)[0].removesuffix(b"\r")
    except OSError as problem:
        raise EvidenceError(f"{path}: the passphrase cannot be read: {problem.strerror}") from None
    if not line:
        raise EvidenceError(f"{path}: its first line is empty; write the passphrase there")
    return line


def _make(folder: Path, name: str, *, ml_dsa: bool, passphrase: bytes | None) -> list[VerifierKey]:
    algorithms = [Algorithm.ED25519, *([Algorithm.ML_DSA_44_COSIGNATURE] if ml_dsa else [])]
    signers = [new_signer(name, algorithm) for algorithm in algorithms]
    for signer in signers:
        write_signer(_path(folder, signer.verifier), signer, passphrase=passphrase)
    return [s.verifier for s in signers]


def _path(folder: Path, key: VerifierKey) -> Path:
    return folder / f"{key.key_id.hex()}.pem"
